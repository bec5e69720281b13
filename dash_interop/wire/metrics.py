"""The domain ``metrics``: clients of this family report to it, and nobody reads the reports."""

from __future__ import annotations

from typing import Final

from .envelope import Inbound, Vocabulary

METRICS: Final = "metrics"


class Report(Inbound, frozen=True):
    """``define`` and ``publish``: accepted and ignored, whatever they hold."""


VOCABULARY: Final = Vocabulary(domain=METRICS, accepted={"define": Report, "publish": Report})
