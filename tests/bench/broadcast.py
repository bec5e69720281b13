"""
A fan-out that reads and encodes nothing: a plain ``websockets`` server that gives each message to
``broadcast()``.

Run as ``python -m tests.bench.broadcast``; prints the same line as a gateway once it listens. A
connection that sends ``listen`` is answered ``ready``, and gets all other messages from then on.
"""

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

readers: set[ServerConnection] = set()


async def pass_on(connection: ServerConnection) -> None:
    """Take a reader in, or send what comes to all readers."""
    async for message in connection:
        if message == "listen":
            readers.add(connection)
            await connection.send("ready")
        else:
            broadcast(readers, message)
    readers.discard(connection)


async def main() -> None:
    """Listen on a free port of the loopback interface until the process is ended."""
    async with serve(pass_on, "127.0.0.1", 0, compression=None) as server:
        host, port = server.sockets[0].getsockname()
        print(f"gateway listening on ws://{host}:{port}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
