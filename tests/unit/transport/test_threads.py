"""Waiting for other threads, where gevent has put greenlets in the place of threads."""

import subprocess
import sys

WAITS = """
from gevent import monkey
monkey.patch_all()
from concurrent.futures import Future
from gevent.exceptions import LoopExit
from dash_interop.transport.threads import result_of

class Busy(Future):
    "Another thread has its lock, so that gevent, which sees greenlets only, gives up."
    looks = 0

    def result(self, timeout=None):
        self.looks += 1
        if self.looks < 3:
            raise LoopExit("This operation would block forever")
        return super().result(timeout)

future = Busy()
future.set_result("done")
print(result_of(future))
"""


def test_a_future_whose_lock_another_thread_has_is_looked_at_again():
    process = subprocess.run(
        [sys.executable, "-c", WAITS], capture_output=True, text=True, timeout=60
    )
    assert (process.stdout, process.stderr) == ("done\n", "")
