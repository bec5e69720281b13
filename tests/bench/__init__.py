"""
Benchmarks of the gateway, the Python client and the browser round trip: ``python -m tests.bench``.

They report figures and assert nothing. Ratios between the candidates of one run are what counts;
absolute figures depend on the machine and on what else it does.
"""
