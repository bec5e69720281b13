"""Tasks of a Celery worker that use the module of a Dash app; no broker but a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from celery import Celery
from celery.result import AsyncResult

from dash_interop.client import sync
from tests.support.apps_hosting import interop, ticks

__all__ = ["make_celery", "send_whole"]

FOLDER = "TEST_CELERY_FOLDER"
PUSH_SECONDS = 10.0


def make_celery(folder: Path) -> Celery:
    """A Celery app whose messages and results are files; ``send_whole`` sends one."""
    names = ("messages", "outgoing", "control", "results")
    messages, outgoing, control, results = (folder / name for name in names)
    for path in (messages, outgoing, control, results):
        path.mkdir(parents=True, exist_ok=True)
    celery = Celery("tasks", broker="filesystem://", backend=results.as_uri())
    celery.conf.update(
        broker_transport_options={
            "data_folder_in": str(messages),
            "data_folder_out": str(outgoing),
            "control_folder": str(control),
            "polling_interval": 0.05,
        },
        worker_hijack_root_logger=False,
        result_persistent=False,
    )
    return celery


def send_whole(celery: Celery, folder: Path, name: str, arguments: Sequence[Any]) -> AsyncResult:
    """
    Have a worker run a task.

    A worker that finds a message whose text is yet to be written ends, so it gets whole ones only.
    """
    result = celery.send_task(name, arguments)
    for message in (folder / "outgoing").iterdir():
        message.rename(folder / "messages" / message.name)
    return result


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
