"""How frames travel between a gateway and its peers, and the threads and loops that they share."""
