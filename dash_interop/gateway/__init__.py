"""The gateway process: an asyncio shell around ``dash_interop.router.router``."""
