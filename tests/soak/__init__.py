"""
Random sequences over the real Dash renderer, clients that write one context at the same time, and
a gateway whose peers are cut off and killed: ``python -m tests.soak``.

Each sequence changes the layout, writes, invokes, and lets callbacks and the Dash server fail, in
an order that a seed makes; what has to be true of all of them is in ``promise``. What the clients
write is in ``writers``. What happens to a gateway is in ``happenings``, what has to be true then in
``kept_promise``; ``churn`` watches what a gateway holds while peers come and go for long.
"""
