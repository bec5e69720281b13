"""
The bound of one leg: a plain ``websockets`` server that sends every frame back.

Run as ``python -m tests.bench.echo``; prints the same line as a gateway once it listens.
"""

import uvloop
from websockets.asyncio.server import ServerConnection, serve


async def echo(connection: ServerConnection) -> None:
    """Send every message back as it came."""
    async for message in connection:
        await connection.send(message)


async def main() -> None:
    """Listen on a free port of the loopback interface until the process is ended."""
    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        host, port = server.sockets[0].getsockname()
        print(f"gateway listening on ws://{host}:{port}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
