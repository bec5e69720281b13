"""
Tests of this folder that ask for something the published gateway does not do.

There, exactly these have to fail. A key is the name of a test function, or of one of its cases as
pytest shows it (``test_name[published-case]``); its value says what the gateway does instead.
"""

PUBLISHED_DIFFERENCES: dict[str, str] = {
    "test_integers_keep_all_their_digits": (
        "It is JavaScript: integers beyond 2**53 become the next number that a double can hold."
    ),
}
