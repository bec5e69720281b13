"""The brains: GW3 messages and the router. No clock, no socket, no randomness, no Dash."""
