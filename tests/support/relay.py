"""A TCP relay that can lose a connection, and tell the server or nobody at all, or stall."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from types import TracebackType

from tests.support.ports import HOST

__all__ = ["Relay"]


class Relay:
    """
    Stands before a server on this machine.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._clients: list[socket.socket] = []
        self._servers: list[socket.socket] = []
        self._silent: set[socket.socket] = set()
        self._is_open = True
        self._flows = threading.Event()
        self._flows.set()

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each in (self._listener, *self._clients, *self._servers):
            _end(each)

    def lose_clients(self) -> None:
        """End the connections of all clients; to the server they stay open, and silent."""
        while self._clients:
            client = self._clients.pop()
            self._silent.add(client)
            _end(client)

    def cut(self) -> None:
        """End the connections there are, at both ends."""
        while self._clients:
            _end(self._clients.pop())
        while self._servers:
            _end(self._servers.pop())

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        """End the connections of all clients, and every new one until the end of the block."""
        self._is_open = False
        self.lose_clients()
        try:
            yield
        finally:
            self._is_open = True

    def fall_silent(self) -> None:
        """Pass nothing on over the connections there are; to both ends they stay open."""
        self._silent.update(self._clients, self._servers)

    @contextlib.contextmanager
    def stall(self) -> Iterator[None]:
        """Pass nothing on until the end of the block, and then all of it."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = self._server() if self._is_open else None
                if server is None:
                    _end(client)
                    continue
                self._clients.append(client)
                self._servers.append(server)
                for source, target in ((client, server), (server, client)):
                    ends = (source, target)
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _server(self) -> socket.socket | None:
        try:
            return socket.create_connection((HOST, self._server_port))
        except OSError:
            # It is away, and may come back.
            return None

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._flows.wait()
                if source not in self._silent:
                    target.sendall(data)
        if source not in self._silent:
            _end(target)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
