"""
Benchmarks of the gateway, the Python client, the browser round trip, data that reach a page and
tunnels to its JavaScript: ``python -m tests.bench``.

They report figures and assert nothing. Ratios between the candidates of one run are what counts;
absolute figures depend on the machine and on what else it does.
"""
