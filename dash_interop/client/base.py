"""The part of a client that never waits, which the asyncio and the blocking client share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..peer.agm import Agm
from ..peer.directory import EVENTS, Instance
from ..peer.targets import read_filters
from ..wire.definitions import Filter, Method, read_filter
from .engine import Engine
from .listeners import Listener, Stop

__all__ = ["ClientBase"]


class ClientBase:
    """
    The connection, who else is connected, and the methods and streams on offer. All of it may be
    asked for from any thread.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session = engine.session
        self._agm = engine.session.domain(Agm)
        self._agm.directory.look_around = self._look_around

    # The connection

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called, so that it cannot be used any more."""
        return self._engine.is_closed

    @property
    def state(self) -> str:
        """``"connected"``, ``"connecting"`` or ``"disconnected"``."""
        return self._session.state

    @property
    def connection_error(self) -> str | None:
        """What went wrong with the connection last, in words; ``None`` while all is well."""
        return self._engine.connection_error

    @property
    def gateway_version(self) -> str | None:
        """Version of the gateway, if it is one of ours; ``None`` before the first login."""
        return self._session.gateway_version

    @property
    def instance(self) -> Instance:
        """This peer as others see it; ``get_methods`` and ``get_streams`` say what it offers."""
        return self._agm.instance

    def on_state_changed(self, listener: Listener) -> Stop:
        """Call ``listener(state)`` when the connection is lost, or back."""
        return self._listen("state_changed", listener)

    # Discovery

    def peers(self) -> list[Instance]:
        """The other peers that this one sees, whether they offer something or not."""
        self._learn(None)
        return self._engine.perform(self._agm.directory.others)

    def methods(self, wanted: Filter = None) -> list[Method]:
        """
        The methods and streams on offer, each once, those of this client included.

        Args:
            wanted: A name, or a dict of fields that have to match, such as
                ``{"objectTypes": ["Client"]}``; names are compared without regard to case.
        """
        filter = read_filter(wanted)
        self._learn(filter and filter.name)
        return self._engine.perform(lambda: self._agm.directory.methods(filter))

    def servers(self, wanted: Filter = None) -> list[Instance]:
        """The instances that offer something; with ``wanted``, as in ``methods``, just that."""
        filter = read_filter(wanted)
        self._learn(filter and filter.name)
        return self._engine.perform(lambda: self._agm.directory.servers(filter))

    def methods_for_instance(self, instance: Mapping[str, Any]) -> list[Method]:
        """What an instance offers, or all those that match ``{"application": "Trades"}``."""
        matches = read_filters(instance)
        self._learn(None)
        return self._engine.perform(lambda: self._agm.directory.methods_of(matches))

    def on_method_added(self, listener: Listener) -> Stop:
        """Call ``listener(method)`` when the first server offers it; now for those there are."""
        return self._listen("method_added", listener, lambda: [(m,) for m in self.methods()])

    def on_method_removed(self, listener: Listener) -> Stop:
        """Call ``listener(method)`` when its last server has withdrawn it or left."""
        return self._listen("method_removed", listener)

    def on_server_added(self, listener: Listener) -> Stop:
        """Call ``listener(instance)`` when it offers its first method; now for those there are."""
        return self._listen("server_added", listener, lambda: [(s,) for s in self.servers()])

    def on_server_removed(self, listener: Listener) -> Stop:
        """Call ``listener(instance)`` when it has withdrawn its last method or left."""
        return self._listen("server_removed", listener)

    def on_server_method_added(self, listener: Listener) -> Stop:
        """Call ``listener(instance, method)`` for each method of each server, now and later."""
        return self._listen("server_method_added", listener, self._agm.directory.pairs)

    def on_server_method_removed(self, listener: Listener) -> Stop:
        """Call ``listener(instance, method)`` when a server has withdrawn a method or left."""
        return self._listen("server_method_removed", listener)

    def _listen(
        self,
        event: str,
        listener: Listener,
        replay: Callable[[], Iterable[tuple[Any, ...]]] = tuple,
    ) -> Stop:
        def listen() -> Stop:
            if event in EVENTS:
                self._agm.interest.want(None)
                self._agm.directory.attend()
            return self._engine.listeners.add(event, listener, replay())

        return self._engine.perform(listen)

    def _look_around(self, name: str | None) -> None:
        """As ``Directory.look_around``."""
        directory = self._agm.directory
        if directory.has_untaken and not self.is_closed:
            self._engine.perform(directory.take_up)

    def _learn(self, name: str | None) -> None:
        """
        Have all be known that is offered under a name, or all that there is; waits for it where
        this client asks for what it needs, and may wait.
        """
        self._engine.perform(lambda: self._agm.interest.want(name))
