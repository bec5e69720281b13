"""Serves one of the apps in a process of its own: ``python -m tests.support.apps_main <app>``."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

from tests.support import apps_documented, apps_handlers
from tests.support.apps_serving import make_app, serve
from tests.support.browser_console import record_consoles


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("app", choices=["invoker", "provider", "handlers"])
    parser.add_argument("--backend", default="flask")
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    record_consoles()
    if options.app == "handlers":
        app = apps_handlers.make_app(options.backend, options.cache)
    else:
        app = make_app(options.app, options.backend)
        if options.app == "invoker":
            apps_documented.add_invoker(app)
        else:
            apps_documented.add_provider(app)
    print(f"listening on {serve(app.server).url}")  # noqa: T201
    signal.pause()


if __name__ == "__main__":
    main()
