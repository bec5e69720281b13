"""JupyterLab as a process of its own, and notebooks in it, each in a window of the browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.support.browser_pages import Browser, Page, eventually
from tests.support.ports import HOST, free_range

__all__ = ["Lab", "Notebook"]

START_SECONDS = 60.0
STOP_SECONDS = 10.0
KERNEL_SECONDS = 20.0
POLL_SECONDS = 0.05

SETTINGS = "@jupyterlab/apputils-extension:kernels-settings"

# What is asked of the internet, or of the user, when Lab starts.
QUIET = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
}

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens addresses of this machine, whatever proxy there is."""


class Lab:
    """
    A running JupyterLab without any settings of the user; ``stop`` ends it and its kernels.

    Args:
        folder: For its notebooks, settings and whatever else it keeps.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._notebooks = folder / "notebooks"
        self._notebooks.mkdir()
        config = folder / "jupyter_config_dir" / "labconfig"
        config.mkdir(parents=True)
        # Of every environment with Dash it would say that JupyterLab has to be built anew.
        (config / "page_config.json").write_text('{"buildCheck": false}')
        port = free_range(1)
        self.url = f"http://{HOST}:{port}"
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *("--LabApp.expose_app_in_browser=True", "--ServerApp.port_retries=0"),
                *("--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"),
                # Neither terminals nor language servers, which take time to start.
                *(
                    "--ServerApp.terminals_enabled=False",
                    "--LanguageServerManager.autodetect=False",
                ),
                *(f"--ServerApp.ip={HOST}", f"--ServerApp.port={port}"),
                f"--ServerApp.root_dir={self._notebooks}",
            ],
            env={**os.environ, **self._environment()},
            cwd=folder,
            stdout=self._said,
            stderr=subprocess.STDOUT,
        )
        for plugin, settings in QUIET.items():
            self._put_settings(plugin, settings)

    def _environment(self) -> dict[str, str]:
        names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
        lab = ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
        return {name: str(self._folder / name.lower()) for name in (*names, *lab)}

    def stop(self) -> None:
        """End it and its kernels."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()

    def send_comms_over_subshells(self, wanted: bool) -> None:
        """Whether pages that are opened from now on name a subshell for the messages of widgets."""
        value = "perCommTarget" if wanted else "disabled"
        self._put_settings(SETTINGS, {"commsOverSubshells": value})

    def open(self, browser: Browser) -> Notebook:
        """Open a notebook without cells in a window of its own, with a new kernel."""
        name = f"{uuid4().hex}.ipynb"
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        text = {"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        (self._notebooks / name).write_text(json.dumps(text))
        # With one document a page, there is nothing of what the last page had open.
        page = browser.open(f"{self.url}/doc/tree/{name}?reset", connected=False)
        return Notebook(page)

    def _put_settings(self, plugin: str, settings: Mapping[str, Any]) -> None:
        request = urllib.request.Request(
            f"{self.url}/lab/api/settings/{plugin}",
            json.dumps({"raw": json.dumps(settings)}).encode(),
            method="PUT",
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with DIRECT.open(request, timeout=START_SECONDS):
                    return
            except urllib.error.HTTPError:
                raise
            except OSError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"JupyterLab did not start: {self.output}") from error
                time.sleep(POLL_SECONDS)

    @property
    def output(self) -> str:
        """What it said."""
        return os.pread(self._said.fileno(), 1_000_000, 0).decode(errors="replace")


_PANEL = "const panel = [...(window.jupyterapp?.shell.widgets('main') ?? [])][0];"
_CELLS = f"{_PANEL} const cells = panel.content.widgets;"

_READY = f"""
    {_PANEL}
    const kernel = panel?.sessionContext?.session?.kernel;
    return kernel?.status === 'idle' && kernel.connectionStatus === 'connected';
"""

_START = f"""
    {_PANEL}
    const {{ content: notebook, sessionContext }} = panel;
    const index = notebook.model.cells.length;
    notebook.model.sharedModel.insertCell(index, {{ cell_type: 'code', source: args[0] }});
    notebook.activeCellIndex = index;
    window.running ??= {{}};
    window.running[index] = true;
    window.jupyterapp.commands
        .execute('notebook:run-cell')
        .finally(() => (window.running[index] = false));
    return index;
"""

_OUTPUTS = f"""
    {_CELLS}
    return cells[args[0]].model.outputs.toJSON();
"""


class Notebook:
    """A notebook in JupyterLab, and its page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.has_subshells = True
        """Whether its page names a thread for the messages of widgets."""
        self.wait_for_kernel()

    def close(self) -> None:
        """End its kernel, which would go on otherwise, and its page."""
        self.page.run(f"{_PANEL} await panel.sessionContext.shutdown()")
        self.page.close()

    def wait_for_kernel(self) -> None:
        eventually(lambda: self.page.js(_READY), "a kernel is there", KERNEL_SECONDS)

    def start(self, code: str) -> int:
        """Add a cell and run it; returns its number at once."""
        return self.page.js(_START, code)

    def is_running(self, cell: int) -> bool:
        return self.page.js("return window.running[args[0]]", cell)

    def run(self, code: str, timeout: float = 20.0) -> str:
        """
        Run a cell to its end; returns what it printed and its value.

        Raises:
            AssertionError: It raised.
        """
        cell = self.start(code)
        eventually(
            lambda: not self.is_running(cell),
            lambda: f"the cell has ended, but {self.outputs(cell)}",
            timeout,
        )
        errors = [one for one in self.outputs(cell) if one["output_type"] == "error"]
        assert not errors, "\n".join(errors[0]["traceback"])
        return self.text(cell)

    def outputs(self, cell: int) -> list[dict[str, Any]]:
        return self.page.js(_OUTPUTS, cell)

    def text(self, cell: int) -> str:
        """What a cell printed so far, and its value."""
        parts: list[str] = []
        for output in self.outputs(cell):
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            parts.append("".join(text))
        return "".join(parts)

    def wait_for_tunnel(self, name: str = "tunnel") -> str:
        """Wait until a tunnel is in the page; returns its id."""
        tunnel_id = self.value(f"{name}.tunnel_id")
        eventually(lambda: self.page.js("return Boolean(window.IPyCallback)"), "a tunnel is there")
        self.page.run("await window.dash_interop.tunnels.when(args[0])", tunnel_id)
        return tunnel_id

    def value(self, expression: str) -> Any:
        """The value of an expression in the kernel."""
        return json.loads(self.run(f"import json; print(json.dumps({expression}))"))

    def height_of_output(self, cell: int) -> float:
        return self.page.js(f"{_CELLS} return cells[args[0]].outputArea.node.offsetHeight", cell)

    def is_busy(self) -> bool:
        return self.page.js(
            f"{_PANEL} return panel.sessionContext.session.kernel.status === 'busy'"
        )

    def reload(self) -> None:
        """Load its page again, without what cells have shown; the kernel goes on."""
        # JupyterLab complains of widgets in there that are closed.
        self.command("notebook:clear-all-cell-outputs")
        self.page.run(f"{_PANEL} await panel.context.save()")
        self.page.load()
        self.wait_for_kernel()

    def interrupt(self) -> None:
        self.page.run(f"{_PANEL} await panel.sessionContext.session.kernel.interrupt()")

    def restart_kernel(self) -> None:
        self.page.run(f"{_PANEL} await panel.sessionContext.restartKernel()")
        self.wait_for_kernel()

    def command(self, name: str) -> None:
        """Give a command of JupyterLab, and wait until it is through."""
        self.page.run("await window.jupyterapp.commands.execute(args[0])", name)
