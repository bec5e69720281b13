"""Ranges of free ports, and programs that are none of ours on some of them."""

import os
import random
import socket
import threading
from types import TracebackType

__all__ = ["HOST", "Foreigner", "free_range", "page_port"]

HOST = "127.0.0.1"
# Below those that the system gives to whoever names none.
PORTS = range(20_000, 30_000)
PAGE_PORTS = range(19_000, 20_000)
PAGE_PORTS_OF_A_RUN = 20
_PLACE_OF_THIS_RUN = random.random()


def free_range(length: int = 10) -> int:
    """
    The first of that many neighbouring ports that nobody listens on just now.

    Each worker of pytest looks among ports of its own: two that look at the same time would
    otherwise find the same.
    """
    ports = _ports_of_this_worker(PORTS)
    for _ in range(100):
        first = random.choice(ports[: 1 - length or None])
        if all(_is_free(port) for port in range(first, first + length)):
            return first
    raise RuntimeError(f"no {length} free ports in a row")


def page_port() -> int:
    """
    The first port of this worker that no server listens on just now.

    So the apps of most tests come from a few places, one test after the other, and a browser keeps
    the scripts of Dash, read and compiled, for each place. They are other places in each run: the
    pages of a browser that outlived its run would otherwise join the tests.
    """
    ports = _ports_of_this_worker(PAGE_PORTS)
    first = int(_PLACE_OF_THIS_RUN * (len(ports) - PAGE_PORTS_OF_A_RUN))
    return next(port for port in ports[first:] if _is_free(port))


def _ports_of_this_worker(ports: range) -> range:
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    # They are called gw0, gw1 and so on; one that replaces another has the next number.
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % workers
    count = len(ports) // workers
    return ports[number * count : (number + 1) * count]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections that have ended on it are no obstacle for a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


class Foreigner:
    """A program that listens on a port and says something that is not our protocol."""

    def __init__(self, port: int, says: bytes = b"220 mail ready\r\n") -> None:
        self._says = says
        self._socket = socket.create_server((HOST, port))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Foreigner":
        self._thread.start()
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            with visitor:
                try:
                    visitor.recv(1000)
                    visitor.sendall(self._says)
                except OSError:
                    pass
