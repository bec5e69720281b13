"""
The brain of a tunnel: one of its two ends, without what connects it to the other one.

``src/tunnel/`` is the same for pages, and ``tests/vectors/tunnel.json`` holds both to one meaning.
"""
