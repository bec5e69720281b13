"""A widget that publishes by its line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget

from .line import Line

__all__ = ["LineWidget"]


class LineWidget(anywidget.AnyWidget):
    """
    An invisible widget whose page speaks to it over a line.

    Args:
        on_open: As ``Line`` has it.
        on_message: As ``Line`` has it.
        on_end: Called with the reason when the widget is closed, by either side. Called again when
            it is closed again.
    """

    def __init__(
        self,
        on_open: Callable[[bool], None],
        on_message: Callable[[dict[str, Any]], None],
        on_end: Callable[[str], None],
        **settings: Any,
    ) -> None:
        self._on_end = on_end
        # Before the page can know of it.
        self._line = Line(self, on_open, on_message, self._end)
        super().__init__(**settings)

    def close(self) -> None:
        self._end("The widget was closed")

    def _end(self, why: str) -> None:
        self._on_end(why)
        super().close()

    def open(self) -> None:
        self._line.publish(super().open)

    def send(self, content: Any, buffers: Any = None) -> None:
        self._line.publish(super().send, content, buffers)

    def send_state(self, key: Any = None) -> None:
        self._line.publish(super().send_state, key)
