"""Command line of the fuzzer; ``--help`` lists the options."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from random import SystemRandom

import uvloop

import tests.fuzz
from tests.fuzz.run import Plan, run


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=tests.fuzz.__doc__)
    parser.add_argument(
        "--frames", type=_positive, default=100_000, help="how many; 100,000 by default"
    )
    parser.add_argument("--seed", type=int, help="of what is sent; a new one each time by default")
    options = parser.parse_args(arguments)
    if options.seed is None:
        options.seed = SystemRandom().randrange(1_000_000)
    return options


def _positive(text: str) -> int:
    digits = text.replace("_", "").replace(",", "")
    if not digits.isdecimal() or int(digits) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return int(digits)


def progress(text: str) -> None:
    """Tell on stderr how far it is."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Run the command line; return the exit code."""
    options = parse_options()
    # The honest peer's handler is called with anything, too.
    logging.disable()
    progress(f"seed {options.seed}")
    report = uvloop.run(run(Plan(options.frames, options.seed), progress))
    for fault in report.faults[:20]:
        print(f"fault: {fault}")
    print(f"again: make fuzz ARGS='--frames {options.frames} --seed {options.seed}'")
    print(report)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
