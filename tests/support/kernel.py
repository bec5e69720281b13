"""A kernel of notebooks without a page."""

from __future__ import annotations

import time
from collections.abc import Mapping
from queue import Empty
from types import TracebackType
from typing import Any

from jupyter_client.manager import start_new_kernel

__all__ = ["Kernel"]

DEADLINE = 30.0


class Kernel:
    """
    A running kernel, ended with its ``with`` block.

    Args:
        environment: Its environment variables.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._manager, self._client = start_new_kernel(
            startup_timeout=DEADLINE, kernel_name="python3", env=dict(environment)
        )

    def __enter__(self) -> Kernel:
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def start(self, code: str) -> str:
        """Begin a cell; returns what ``finish`` takes."""
        return self._client.execute(code)

    def finish(self, cell: str) -> str:
        """
        What a cell has printed, once it has ended.

        Raises:
            AssertionError: It raised, or does not end.
        """
        printed = ""
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=deadline - time.monotonic())
            except (Empty, ValueError):
                raise AssertionError(f"the cell has not ended; it printed {printed!r}") from None
            content: dict[str, Any] = message["content"]
            if message["parent_header"].get("msg_id") != cell:
                continue
            if message["msg_type"] == "stream":
                printed += content["text"]
            elif message["msg_type"] == "error":
                raise AssertionError("\n".join(content["traceback"]))
            elif content.get("execution_state") == "idle":
                return printed

    def run(self, code: str) -> str:
        """Run a cell; returns what it printed."""
        return self.finish(self.start(code))
