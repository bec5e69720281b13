"""The domain ``agm`` at the gateway: methods, calls and streams."""
