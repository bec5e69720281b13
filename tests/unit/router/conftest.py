"""What cannot be installed for this Python is not tried."""

import sys

# google-re2 has no wheels from 3.15 on.
collect_ignore = ["test_patterns.py"] if sys.version_info >= (3, 15) else []
