"""How many sockets a process may have open."""

from __future__ import annotations

import logging
import sys

__all__ = ["make_room"]

SPARE = 100
"""Files that a process has open beside the sockets of its connections."""

logger = logging.getLogger(__name__)


def make_room(connections: int) -> None:
    """
    Let this process have as many connections, where the system has a bound that it may lift itself;
    the log says when it may not have as many.
    """
    if sys.platform == "win32":
        return
    import resource

    wanted = connections + SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    if possible < wanted:
        logger.warning(
            "the system lets this process have %d open files: more than %d connections at once are "
            "not possible",
            possible,
            possible - SPARE,
        )
