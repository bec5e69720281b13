"""
Random sequences over the real Dash renderer: ``python -m tests.soak``.

Each sequence changes the layout, writes, invokes, and lets callbacks and the Dash server fail, in
an order that a seed makes. What has to be true of all of them is in ``promise``.
"""
