"""The brain of a peer: what it offers, invokes, publishes and subscribes to at a gateway."""
