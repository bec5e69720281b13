"""
The gateway that the processes of one user on one machine share, when none is named.

Whoever needs it first starts it, as a process of its own that depends on none of them; a lock in
the user's runtime directory says whether there is one, so that there are never two. When it is
killed, or hangs, the next process that needs it replaces it, on the same port where possible.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import re
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from time import monotonic, sleep
from typing import TYPE_CHECKING

import msgspec

from .. import settings
from ..errors import ConfigError
from ..router.contexts.channels import Channel
from ..transport.threads import LongLock
from .auth import TokenAuthority, runtime_directory, runtime_secret
from .background import CannotStart, end, is_stopped, start
from .channels import read_channels
from .order import PORTS_TAKEN, RUNS, Order
from .patience import RunningClock
from .place import OLDEST_PROTOCOL, PROTOCOL, Holder, Place, State
from .probing import ADDRESS, Listener, ask_to_end, probe

if TYPE_CHECKING:
    from .thread_host import ThreadHost

__all__ = ["EmbeddedGateway", "shared_gateway"]

PORTS = 10
"""How many ports are tried from the first one on: other programs may hold some."""

PROBE_SECONDS = 0.5
"""An answer takes a millisecond; who gets none asks again."""

STOPPED_SECONDS = 0.4
"""For how long a gateway may be silent that somebody has stopped, as SIGSTOP does."""

SILENT_SECONDS = 5.0
"""For how long one that runs may be silent: a busy one is in time, one that hangs is not."""

START_SECONDS = 20.0
"""For how long one that begins may be silent: a busy machine loads its modules in seconds."""

STARTER_SECONDS = 1.0
"""How long to leave the start to another process that was about to begin with it."""

LOOK_SECONDS = 0.02

LONGEST_SECONDS = 45.0
"""After which an error says that there is no gateway, whatever goes on."""

logger = logging.getLogger(__name__)


class EmbeddedGateway:
    """
    Finds or starts the shared gateway.

    Args:
        first_port: First of the ten ports where it may listen, ``DASH_INTEROP_PORT`` in the
            environment, else 8385. Each first port has a gateway of its own.
        secret: What it checks logins with; by default what this user's processes share. Each secret
            has a gateway of its own.
    """

    def __init__(self, first_port: int | None = None, secret: str | None = None) -> None:
        self._first_port = settings.first_port(first_port)
        self._secret = secret
        self._known: tuple[TokenAuthority, Place] | None = None
        self._lock = LongLock()
        self._host: ThreadHost | None = None
        self._has_no_process = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget_host)

    @property
    def authority(self) -> TokenAuthority:
        """
        Raises:
            ConfigError: The shared secret cannot be read.
        """
        return self._what_is_shared()[0]

    def ensure(self) -> str:
        """
        The URL of the shared gateway, which runs when this returns. Blocks a millisecond when it
        runs already, and a few tenths of a second when it has to be started.

        Raises:
            ConfigError: Other programs hold all ten ports, the runtime directory cannot be used,
                the gateway is of a version that does not fit, or it does not answer and may not be
                replaced.
        """
        with self._lock, _readable_errors():
            if self._host is not None and self._host.is_alive():
                return self._host.url
            self._host = None
            return self._found_or_started()

    def find(self) -> str | None:
        """
        The URL of the shared gateway; ``None`` when there is none. Blocks a millisecond, and some
        seconds where it does not answer.

        Raises:
            ConfigError: As ``ensure``.
        """
        place, silence = self._place, RunningClock()
        with self._lock, _readable_errors():
            while (holder := place.holder()) is not None:
                state = place.state_of(holder)
                if state is not None and self._answers(state, silence):
                    _check_protocol(state)
                    return _url(state)
                if silence.seconds() > SILENT_SECONDS:
                    raise _silent(holder)
                sleep(LOOK_SECONDS)
        return None

    def strangers(self) -> list[int]:
        """
        Those of its ports on which something else listens: another program, or a gateway with
        another secret. Blocks for a second at most.
        """
        ports, authority = self._ports(), self.authority

        def look(port: int) -> Listener:
            return probe(port, authority, PROBE_SECONDS, RunningClock())

        with ThreadPoolExecutor(len(ports)) as threads:
            found = zip(ports, threads.map(look, ports), strict=True)
            strange = (Listener.FOREIGN, Listener.SILENT)
            return [port for port, listener in found if listener in strange]

    def close(self) -> None:
        """Where it is a thread of this process, end it; the next who needs it starts another."""
        with self._lock:
            if self._host is not None:
                self._host.stop()
                self._host = None

    def close_at_exit(self) -> None:
        """As ``close``; a second Ctrl-C ends the wait."""
        with contextlib.suppress(KeyboardInterrupt):
            self.close()

    @property
    def _place(self) -> Place:
        return self._what_is_shared()[1]

    def _what_is_shared(self) -> tuple[TokenAuthority, Place]:
        if self._known is None:
            secret = self._secret or runtime_secret()
            place = Place(runtime_directory(), self._first_port, secret)
            self._secret, self._known = secret, (TokenAuthority(secret), place)
        return self._known

    def _ports(self) -> range:
        return range(self._first_port, min(self._first_port + PORTS, 65536))

    def _found_or_started(self) -> str:
        place = self._place
        deadline = monotonic() + LONGEST_SECONDS
        known: tuple[Holder | None, State | None] | None = None
        silence = RunningClock()
        while True:
            holder = place.holder()
            state = None if holder is None else place.state_of(holder)
            if (holder, state) != known:
                known, silence = (holder, state), RunningClock()
            if holder is None:
                self._start(is_late=silence.seconds() > STARTER_SECONDS)
                if self._host is not None:
                    return self._host.url
            elif state is not None and self._answers(state, silence):
                if not self._ends_for_us(holder, state):
                    return _url(state)
            elif silence.seconds() > _patience(holder, state):
                _end_silent(holder, state, place)
                silence = RunningClock()
            if monotonic() > deadline:
                raise ConfigError(f"no gateway has started on this machine; {place.log} says why")
            sleep(LOOK_SECONDS)

    def _answers(self, state: State, clock: RunningClock) -> bool:
        return probe(state.port, self.authority, PROBE_SECONDS, clock) is Listener.OURS

    def _ends_for_us(self, holder: Holder, state: State) -> bool:
        """
        Whether a gateway makes room for one of ours, which is newer.

        Raises:
            ConfigError: It does not, and does not speak our protocol.
        """
        if not holder.is_kept and _is_newer(version("dash_interop"), state.version):
            logger.info("asking the gateway of dash_interop %s to end", state.version)
            if ask_to_end(state.port, self.authority, state.instance, PROBE_SECONDS):
                return True
        _check_protocol(state)
        return False

    def _start(self, *, is_late: bool) -> None:
        """Start it, or leave that to the process that is about to, unless that takes long."""
        place = self._place
        channels = read_channels(settings.channels())
        if settings.embedded_gateway() == settings.IN_A_THREAD or self._has_no_process:
            self._start_thread(channels)
        elif place.begin_to_start() or is_late:
            try:
                self._start_process(channels)
            finally:
                place.end_of_start()

    def _start_process(self, channels: tuple[Channel, ...]) -> None:
        ports = self._ports()
        order = Order(
            directory=str(self._place.directory),
            first_port=ports[0],
            ports=len(ports),
            secret=self._secret or "",
            channels=msgspec.to_builtins(channels),
        )
        try:
            code = start(order, self._place, START_SECONDS)
        except CannotStart as error:
            reason = str(error)
        else:
            if code == RUNS:
                return
            if code == PORTS_TAKEN:
                raise self._taken()
            reason = f"it ended with {code}, {self._place.log} may say why"
        logger.warning(
            "the gateway of this machine cannot be a process of its own: %s. A thread of this "
            "process is the gateway; what keeps this process busy slows it down",
            reason,
        )
        self._has_no_process = True
        self._start_thread(channels)

    def _start_thread(self, channels: tuple[Channel, ...]) -> None:
        # Loaded here: it is what a gateway is made of.
        from .thread_host import ThreadHost

        place = self._place
        if place.take(is_kept=True):
            try:
                self._host = ThreadHost(place, self._ports(), self._secret or "", channels)
            except ConfigError as error:
                raise self._taken() from error

    def _taken(self) -> ConfigError:
        ports = self._ports()
        return ConfigError(
            f"other programs hold the ports {ports[0]} to {ports[-1]}: free one, choose others "
            "with DASH_INTEROP_PORT, or name a gateway with DASH_INTEROP_GATEWAY"
        )

    def _forget_host(self) -> None:
        # A forked child has neither the thread nor a lock that anybody would release; the sockets
        # it has would keep the port, and the clients, of a gateway that is gone.
        self._lock = LongLock()
        if self._host is not None:
            self._host.close_sockets()
            self._host = None


def _url(state: State) -> str:
    return f"ws://{ADDRESS}:{state.port}"


def _patience(holder: Holder, state: State | None) -> float:
    process = _process_of(holder, state)
    if process and not holder.is_kept and is_stopped(process):
        return STOPPED_SECONDS
    return START_SECONDS if state is None else SILENT_SECONDS


def _process_of(holder: Holder, state: State | None) -> int:
    """Where the system does not say who has the lock, who says so; 0 when nobody does."""
    return holder.process or (state.process if state else 0)


def _end_silent(holder: Holder, state: State | None, place: Place) -> None:
    process = _process_of(holder, state)
    if holder.is_kept or not process or not end(process, holder, place):
        raise _silent(holder)
    logger.warning("the gateway of this machine, process %d, was silent and is replaced", process)


def _silent(holder: Holder) -> ConfigError:
    return ConfigError(
        f"the gateway of this machine, in process {holder.process or 'unknown'}, does not answer: "
        "end that process, or choose another gateway with DASH_INTEROP_PORT"
    )


def _check_protocol(state: State) -> None:
    if state.protocol < OLDEST_PROTOCOL or state.oldest_protocol > PROTOCOL:
        raise ConfigError(
            f"the gateway of this machine, in process {state.process}, is of dash_interop "
            f"{state.version}, which does not go with {version('dash_interop')} here: use one "
            "version, or another gateway with DASH_INTEROP_PORT"
        )


def _is_newer(ours: str, theirs: str) -> bool:
    """Whether a version comes after another; one that is still to come is before its release."""
    return _ordered(ours) > _ordered(theirs)


def _ordered(text: str) -> tuple[list[int], bool]:
    release = re.match(r"[\d.]*", text)
    numbers = release.group() if release else ""
    return [int(part) for part in numbers.split(".") if part], numbers == text


@contextlib.contextmanager
def _readable_errors() -> Generator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or "the user's runtime directory"
        raise ConfigError(f"cannot use {where}: {error.strerror}") from error


_shared: list[EmbeddedGateway] = []


def shared_gateway() -> EmbeddedGateway:
    """One for the process, made when it is first needed."""
    if not _shared:
        gateway = EmbeddedGateway()
        # Before there is a client in this process, so that it closes after all of them.
        atexit.register(gateway.close_at_exit)
        _shared.append(gateway)
    return _shared[0]
