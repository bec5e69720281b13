"""The socket layer that the gateway and its peers share."""
