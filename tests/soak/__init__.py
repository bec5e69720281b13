"""
Random sequences over the real Dash renderer, and clients that write one context at the same time:
``python -m tests.soak``.

Each sequence changes the layout, writes, invokes, and lets callbacks and the Dash server fail, in
an order that a seed makes; what has to be true of all of them is in ``promise``. What the clients
write is in ``writers``.
"""
