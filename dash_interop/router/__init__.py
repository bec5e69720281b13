"""The brain of a gateway: who is logged in, and the domains that they talk in."""
