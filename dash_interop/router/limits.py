"""Every bound the router keeps. Over a bound there is an error that names it, never silence."""

from __future__ import annotations

from math import inf

from msgspec import Struct


class Limits(Struct, frozen=True):
    """
    Attributes:
        connections: Connections over which users are logged in; services may have more.
        connections_per_user: Those of one user that is no service.
        peers_per_user: Logged-in peers of one user.
        peers_per_connection: Logged-in peers of one connection.
        methods_per_peer: Methods and streams that one peer offers.
        methods_per_user: The same of all peers of one user.
        definitions_size_per_user: Bytes of JSON of their definitions.
        restrictions_per_peer: Different restrictions of the methods of one peer.
        interest_per_peer: Names of methods that one peer wants to hear of, where it asks for that.
        calls_per_peer: Calls of one caller that wait for their answer.
        calls_per_user: The same of all peers of one user.
        subscriptions_per_peer: Open subscriptions of one subscriber.
        subscriptions_per_user: The same of all peers of one user.
        contexts_per_user: Contexts of one user, those of peers that are gone included.
        context_subscriptions_per_peer: Contexts that one peer subscribes to.
        unused_context_seconds: Longest time without members of a context that ends with that.
        context_size: Bytes of JSON of a context's value.
        commands_per_delta: Commands in one change of a context.
        bus_subscriptions_per_peer: Topics of the bus that one peer subscribes to.
        call_seconds: Age at which a call that nobody answered is failed.
        session_seconds: Age at which a login with a token ends, unless it is a service's.
        description_size: Bytes of JSON of an identity or a method definition.
        name_length: Characters of the name of a method or a context, a topic or a join destination.
        restriction_length: Characters of a restriction expression.
    """

    connections: int = 9_000
    connections_per_user: int = 2_500
    peers_per_user: int = 10_000
    peers_per_connection: int = 100
    methods_per_peer: int = 5_000
    methods_per_user: int = 100_000
    definitions_size_per_user: int = 256 * 1024 * 1024
    restrictions_per_peer: int = 100
    interest_per_peer: int = 10_000
    calls_per_peer: int = 100_000
    calls_per_user: int = 200_000
    subscriptions_per_peer: int = 10_000
    subscriptions_per_user: int = 100_000
    contexts_per_user: int = 10_000
    context_subscriptions_per_peer: int = 10_000
    unused_context_seconds: float = 24 * 3600.0
    context_size: int = 8 * 1024 * 1024
    commands_per_delta: int = 10_000
    bus_subscriptions_per_peer: int = 10_000
    call_seconds: float = 3600.0
    session_seconds: float = inf
    description_size: int = 64 * 1024
    name_length: int = 256
    restriction_length: int = 1000
