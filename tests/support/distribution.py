"""How pytest-xdist gives the tests to its workers."""

from __future__ import annotations

import re

from xdist.scheduler.loadscope import LoadScopeScheduling
from xdist.workermanage import WorkerController

__all__ = ["Distribution"]

# A package is built, a worker of Celery or an example started, once for all tests of the file.
WHOLE_FILES = (
    "tests/package/test_package.py",
    "tests/deployment/test_celery.py",
    "tests/examples/test_examples.py",
)
# JupyterLab is started once for all of them.
WHOLE_FOLDER = "tests/notebook/"
# Few tests need these engines, and they take long to start.
ENGINES = re.compile(r"\[(firefox|webkit)[-\]]")


class Distribution(LoadScopeScheduling):
    """
    Each worker takes the next test, or all of those that share what is slow to start.

    The groups come first, the largest before the others. It knows them by the ids of the tests:
    the marks that ``--dist loadgroup`` looks for do not reach it with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in WHOLE_FILES:
            return file
        if file.startswith(WHOLE_FOLDER):
            return WHOLE_FOLDER
        engine = ENGINES.search(nodeid)
        return engine[1] if engine else nodeid

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        super().mark_test_complete(node, item_index, duration)
        # What is through is forgotten: with each test, all that a worker ever got is counted.
        nodeid = self.registered_collections[node][item_index]
        scope = self._split_scope(nodeid)
        if all(self.assigned_work[node][scope].values()):
            del self.assigned_work[node][scope]
