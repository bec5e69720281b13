"""
What notebooks use: widgets that connect the JavaScript of a notebook's page to its kernel.

It needs ``pip install "dash-interop[notebook]"``.
"""

from __future__ import annotations

from .page import Page
from .tunnel import SlowTunnelWidget

__all__ = ["Page", "SlowTunnelWidget"]
