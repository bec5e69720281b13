"""What the gateway and its peers speak: GW3's messages as text, and the values in them."""
