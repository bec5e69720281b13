"""The Dash layer: ``Interop``, functions as handlers, and what pages ask their Dash server."""
