"""
A process that publishes made-up prices: no Dash, no page.

    python examples/market_data/publisher.py    runs until Ctrl-C

Each price is pushed to two streams. Market.Ticks has a branch for each symbol, and keeps the last
prices of each: a chart begins with its past. Market.Quotes has all symbols, and keeps the newest
quote of each: a table begins full.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from symbols import OPENING_PRICES, QUOTES, TICKS, TICKS_KEPT

from dash_interop.client import SubscriptionRequest
from dash_interop.client.sync import connect

UPDATES_PER_SECOND = 500

TURN_SECONDS = 0.01
"""How long it waits between the updates that it pushes together."""


def decide(request: SubscriptionRequest) -> None:
    """A subscriber of ticks says of which symbol."""
    symbol = request.arguments.get("symbol")
    if symbol in OPENING_PRICES:
        request.accept_on_branch(symbol)
    else:
        request.reject(f"there are no prices of {symbol}")


def publish(ended: threading.Event) -> None:
    """Push prices until ``ended`` is set."""
    returns = "string symbol, double price, double change, long time"
    # In the background: the gateway may be there later than this process.
    with connect(application="Market data", in_background=True) as interop:
        ticks = interop.create_stream(
            {"name": TICKS, "accepts": "string symbol", "returns": returns},
            subscription_request_handler=decide,
            history=TICKS_KEPT,
            timeout=0,
        )
        quotes = interop.create_stream(
            {"name": QUOTES, "returns": returns},
            history={"key": "symbol", "size": len(OPENING_PRICES)},
            timeout=0,
        )
        prices = dict(OPENING_PRICES)
        started, pushed = time.monotonic(), 0
        while not ended.wait(TURN_SECONDS):
            due = int(UPDATES_PER_SECOND * (time.monotonic() - started))
            for symbol in random.choices(list(prices), k=due - pushed):
                prices[symbol] *= random.gauss(1, 0.0002)
                quote = quoted(symbol, prices[symbol])
                ticks.push(quote, branch=symbol)
                quotes.push(quote)
            pushed = due


def quoted(symbol: str, price: float) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "price": round(price, 3),
        "change": round(100 * (price / OPENING_PRICES[symbol] - 1), 3),
        "time": time.time_ns() // 1_000_000,
    }


def wait_for_end_of_input(ended: threading.Event) -> None:
    # Not through sys.stdin, which Python waits for when it ends.
    while os.read(0, 1):
        pass
    ended.set()


def main() -> int:
    parser = argparse.ArgumentParser(description="Publish made-up prices.")
    parser.add_argument(
        "--end-with-input", action="store_true", help="end when standard input does"
    )
    ends_with_input = parser.parse_args().end_with_input
    ended = threading.Event()
    if ends_with_input:
        threading.Thread(target=wait_for_end_of_input, args=[ended], daemon=True).start()
    with suppress(KeyboardInterrupt):
        publish(ended)
    return 0


if __name__ == "__main__":
    sys.exit(main())
