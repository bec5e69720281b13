"""Tasks of a Celery worker that use the module of a Dash app; no broker but a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from celery import Celery

from dash_interop.client import sync
from tests.support.apps_hosting import interop, ticks

__all__ = ["make_celery"]

FOLDER = "TEST_CELERY_FOLDER"
PUSH_SECONDS = 10.0


def make_celery(folder: Path) -> Celery:
    """A Celery app whose messages and results are files."""
    messages, control, results = (folder / name for name in ("messages", "control", "results"))
    for path in (messages, control, results):
        path.mkdir(parents=True, exist_ok=True)
    celery = Celery("tasks", broker="filesystem://", backend=results.as_uri())
    celery.conf.update(
        broker_transport_options={
            "data_folder_in": str(messages),
            "data_folder_out": str(messages),
            "control_folder": str(control),
            "polling_interval": 0.05,
        },
        worker_hijack_root_logger=False,
        result_persistent=False,
    )
    return celery


if FOLDER in os.environ:
    celery = make_celery(Path(os.environ[FOLDER]))

    @celery.task(name="ask")
    def ask(method: str, args: Any, target: Any = None) -> Any:
        """What a method returned, and which process asked as whom."""
        result = interop.invoke(method, args, target)
        return {
            "returned": result.returned,
            "process": os.getpid(),
            "peer": interop.client.instance["peerId"],
            "application": interop.client.instance["application"],
        }

    @celery.task(name="ask_by_itself")
    def ask_by_itself(method: str, args: Any) -> Any:
        """As ``ask``, with a connection of its own."""
        with sync.connect(application="task") as client:
            returned = client.invoke(method, args).returned
            return {"returned": returned, "application": client.instance["application"]}

    @celery.task(name="push")
    def push(data: Any) -> int:
        """Push to a stream of the app; returns how many subscribers there were."""
        ticks.push(data)
        return len(ticks.subscriptions())
