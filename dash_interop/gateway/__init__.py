"""The gateway process: an asyncio shell around ``dash_interop.protocol.router``."""
