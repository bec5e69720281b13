"""The domain ``bus``: data by topic, to whoever has subscribed to it."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Raw

from .envelope import NULL, Inbound, Outbound, RequestId, Vocabulary

BUS: Final = "bus"

BUS_FAILURE: Final = "bus.errors.failure"


# From a peer to the gateway -----------------------------------------------------------------


class Subscribe(Inbound, frozen=True):
    topic: str = ""
    routing_key: str | None = None


class Unsubscribe(Inbound, frozen=True):
    subscription_id: str = ""


class Publish(Inbound, frozen=True):
    topic: str = ""
    data: Raw = NULL
    routing_key: str | None = None
    target_identity: dict[str, Any] | None = None


# From the gateway to a peer -----------------------------------------------------------------


class Subscribed(Outbound, frozen=True, tag="subscribed", gc=False):
    request_id: RequestId
    peer_id: str
    subscription_id: str
    domain: str = BUS


class Event(
    Outbound,
    frozen=True,
    tag="event",
    gc=False,
    rename={"publisher_identity": "publisher-identity"},
):
    peer_id: str
    subscription_id: str
    publisher_identity: Raw
    data: Raw
    domain: str = BUS


VOCABULARY: Final = Vocabulary(
    domain=BUS,
    accepted={"subscribe": Subscribe, "unsubscribe": Unsubscribe, "publish": Publish},
    sent=(Subscribed, Event),
    described={Publish: "target_identity"},
)
