"""What both apps know beforehand, and the names of what they share."""

from __future__ import annotations

__all__ = ["CLIENTS", "HOLDINGS", "PRICES", "SELECTED", "holdings", "value"]

SELECTED = "SelectedClient"
"""The context that says which client is looked at: ``{"client": "ada"}``."""

HOLDINGS = "Holdings"
"""The context of what has been bought and sold: ``{"ada": {"VOD": 120}}``, numbers of shares."""

CLIENTS: dict[str, str] = {"ada": "Ada Byron", "emmy": "Emmy Noether", "grace": "Grace Hopper"}

PRICES: dict[str, float] = {"AZN": 112.5, "BARC": 2.29, "SHEL": 26.4, "VOD": 0.71}

AT_FIRST: dict[str, dict[str, int]] = {
    "ada": {"AZN": 40, "VOD": 3000},
    "emmy": {"BARC": 900, "SHEL": 150, "VOD": 500},
    "grace": {"AZN": 10, "SHEL": 600},
}


def holdings(client: str, context: dict[str, dict[str, int]]) -> dict[str, int]:
    """The shares of a client, by symbol.

    Args:
        context: The value of the context ``Holdings``.
    """
    return {**AT_FIRST[client], **context.get(client, {})}


def value(client: str, context: dict[str, dict[str, int]]) -> float:
    """What the shares of a client are worth."""
    shares = holdings(client, context)
    return sum(number * PRICES[symbol] for symbol, number in shares.items())
