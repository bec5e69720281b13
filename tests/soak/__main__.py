"""Command line of the soak; ``--help`` lists the options."""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from random import SystemRandom

import tests.soak
from tests.soak import embedded
from tests.soak.churn import churn
from tests.soak.companies import soak_companies
from tests.soak.promise import Seen, faults
from tests.soak.reduction import reduced
from tests.soak.sequences import Sequence as Happenings
from tests.soak.sequences import sequence_of
from tests.soak.stage import carry_out
from tests.soak.writers import OPERATIONS
from tests.soak.writers import faults as faults_of_writers
from tests.support.browser_chromium import Chromium
from tests.support.browser_pages import Browser
from tests.support.ports import free_range

USUAL = ("sequences", "writers", "gateway", "embedded")
"""What is carried out unless something else is named."""


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=tests.soak.__doc__)
    parser.add_argument("--sequences", type=_positive, default=200, help="how many; 200 by default")
    parser.add_argument("--seed", type=int, help="seed of the first; the next ones follow it")
    parser.add_argument("--reduce", action="store_true", help="look for fewer steps that fail, too")
    times = "how often to carry each out; it fails when one of them does"
    parser.add_argument("--times", type=_positive, default=1, help=times)
    only = f"carry out nothing but this; by default {', '.join(USUAL)}"
    parser.add_argument("--only", choices=[*USUAL, "memory"], help=only)
    writers = "how often eight clients write one context; 100 by default"
    parser.add_argument("--writers", type=_positive, default=100, help=writers)
    minutes = "how long to watch the memory of a gateway; 30 by default"
    parser.add_argument("--minutes", type=float, default=30.0, help=minutes)
    options = parser.parse_args(arguments)
    if options.seed is None:
        options.seed = SystemRandom().randrange(1_000_000)
    return options


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return int(text)


def carry_out_until_it_fails(
    browser: Browser, sequence: Happenings, times: int
) -> tuple[Seen, list[str]]:
    """What was seen of the first time that failed, or of the last one; and the faults."""
    seen = carry_out(browser, sequence)
    found = faults(seen)
    if found or times == 1:
        return seen, found
    return carry_out_until_it_fails(browser, sequence, times - 1)


def soak(options: argparse.Namespace, browser: Browser) -> list[int]:
    """Carry sequences out; return the seeds of those that failed."""
    failed: list[int] = []
    started = time.monotonic()
    for number in range(options.sequences):
        seed = options.seed + number
        sequence = sequence_of(seed)
        seen, found = carry_out_until_it_fails(browser, sequence, options.times)
        if found:
            failed.append(seed)
            print(f"seed {seed}, {len(sequence.steps)} steps:\n{sequence}")
            print(report(seen, found))
            if options.reduce:
                reduce(browser, sequence, options.times)
            print(f"  again: make soak ARGS='--seed {seed} --sequences 1 --times 20 --reduce'")
        seconds = time.monotonic() - started
        print(f"{number + 1} of {options.sequences}, {len(failed)} failed, {seconds:.0f} s")
        sys.stdout.flush()
    return failed


def soak_writers(options: argparse.Namespace) -> list[int]:
    """Let eight clients write one context, again and again; return the seeds that failed."""
    failed: list[int] = []
    ends: Counter[str] = Counter()
    started = time.monotonic()
    for number in range(options.writers):
        seed = options.seed + number
        found = asyncio.run(faults_of_writers(seed, OPERATIONS, ends))
        if found:
            failed.append(seed)
            print("\n".join([f"seed {seed}, faults:", *(f"  {fault}" for fault in found)]))
            print(f"  again: make soak ARGS='--only writers --seed {seed} --writers 20'")
        seconds = time.monotonic() - started
        print(f"writers: {number + 1} of {options.writers}, {len(failed)} failed, {seconds:.0f} s")
        sys.stdout.flush()
    for end, count in sorted(ends.items()):
        print(f"{count:8} {end}")
    return failed


def soak_memory(options: argparse.Namespace) -> list[int]:
    """Watch the memory of a gateway while peers come and go; return the seed where it grew."""
    seen = asyncio.run(churn(options.minutes, options.seed, say))
    print("\n".join([*seen.lines(), *(f"fault: {fault}" for fault in seen.faults)]))
    return [options.seed] if seen.faults else []


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, flush=True)


def report(seen: Seen, found: list[str]) -> str:
    """What went wrong, and what the page asked its Dash server for."""
    requests = [f"  {request}" for request in seen.requests]
    return "\n".join(["it asked for:", *requests, "faults:", *(f"  {fault}" for fault in found)])


def reduce(browser: Browser, sequence: Happenings, times: int) -> None:
    """Print fewer steps that fail, too."""
    few = reduced(sequence, lambda fewer: bool(carry_out_until_it_fails(browser, fewer, times)[1]))
    print(f"{len(few.steps)} of these steps suffice:\n{few}")


def main() -> int:
    """Run the command line; return the exit code."""
    options = parse_options()
    # Handlers that raise are part of it.
    logging.disable()
    print(f"Dash {version('dash')}, seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        os.environ["DASH_INTEROP_PORT"] = str(free_range())
        chosen = USUAL if options.only is None else (options.only,)
        failed: list[int] = []
        if "memory" in chosen:
            failed += soak_memory(options)
        if "writers" in chosen:
            failed += soak_writers(options)
        if "gateway" in chosen:
            failed += soak_companies(options.seed, options.sequences, options.reduce, say)
        if "embedded" in chosen:
            failed += embedded.soak(options.seed)
        if "sequences" in chosen:
            browser = Browser(Chromium())
            try:
                failed += soak(options, browser)
            finally:
                browser.quit()
    print(f"failed: {', '.join(map(str, failed))}" if failed else "none failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
