"""What is built can be installed without Node.js, is whole, and is typed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.support.ports import free_range

ROOT = Path(__file__).parents[2]

BUILT = {
    "dash_interop/dash_interop.min.js",
    "dash_interop/async-core.js",
    "dash_interop/notebook-page.js",
    "dash_interop/notebook-tunnel.js",
    "dash_interop/metadata.json",
    "dash_interop/package-info.json",
    "dash_interop/_imports_.py",
    "dash_interop/Discovery.py",
    "dash_interop/Glue42.py",
    "dash_interop/MethodInvoke.py",
    "dash_interop/MethodRegister.py",
    "dash_interop/Tunnel.py",
}
WRITTEN = {
    str(path.relative_to(ROOT))
    for path in (ROOT / "dash_interop").rglob("*.py")
    if not path.name[0].isupper()
} | {
    "dash_interop/py.typed",
    "dash_interop/dash_interop.d.ts",
    "dash_interop/demo/side_by_side.html",
    "dash_interop/demo/assets/style.css",
}

BUNDLE_ADDRESS = r'src="(/app-b/_dash-component-suites/dash_interop/dash_interop[^"]*)"'
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens addresses of this machine, whatever proxy there is."""


def without_node() -> dict[str, str]:
    folders = os.environ["PATH"].split(os.pathsep)
    kept = [folder for folder in folders if shutil.which("npm", path=folder) is None]
    return {**os.environ, "PATH": os.pathsep.join(kept)}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An sdist of this tree, and a wheel built from that sdist, on a machine without Node.js."""
    folder = tmp_path_factory.mktemp("build")
    # Also what is yet to be committed.
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in {*filter(None, listed.split("\0")), *BUILT}:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    command = [sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str(folder)]
    done = subprocess.run(command, env=without_node(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def installed(distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a wheel was unpacked to."""
    target = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(distributions[1]).extractall(target)
    return target


def test_wheel_has_every_module_and_the_bundle(distributions: tuple[Path, Path]) -> None:
    names = set(zipfile.ZipFile(distributions[1]).namelist())
    assert names >= BUILT | WRITTEN


def test_wheel_has_nothing_but_the_package(distributions: tuple[Path, Path]) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(distributions[1]).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"dash_interop"}


def test_sdist_has_what_the_bundle_is_made_from(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[0]) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert names >= BUILT | WRITTEN | {"src/index.ts", "package-lock.json", "webpack.config.mjs"}


def test_wheel_works_where_it_is_installed(installed: Path, tmp_path: Path) -> None:
    program = "import dash_interop as d; print(d.__file__, d.__version__, d.Glue42(id='x').id)"
    shown = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    version = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"]
    assert shown == [str(installed / "dash_interop" / "__init__.py"), version, "x"]


@pytest.mark.parametrize("options", [[], ["--two-processes"]], ids=["one process", "two"])
def test_demo_of_the_wheel_serves_its_pages(
    installed: Path, tmp_path: Path, options: list[str]
) -> None:
    port = free_range(2)
    command = [sys.executable, "-m", "dash_interop", "demo", "--no-browser", "--port", str(port)]
    with subprocess.Popen(
        [*command, *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        try:
            assert demo.stdout is not None
            said = ""
            while line := demo.stdout.readline():
                said += line
                if "Ctrl-C ends." in line:
                    break
            addresses = sorted(set(re.findall(r"http://\S+", said)))
            assert len(addresses) == (2 if options else 3)
            for address in addresses:
                assert b"App" in fetch(address)
            style, bundle = (
                re.search(pattern, fetch(addresses[-1]).decode())
                for pattern in (r'href="(/app-b/assets/style\.css[^"]*)"', BUNDLE_ADDRESS)
            )
            assert style and bundle
            for found in (style, bundle):
                assert fetch(addresses[-1].removesuffix("/app-b/") + found[1])
        finally:
            demo.terminate()
    assert demo.returncode == 0


def fetch(address: str) -> bytes:
    """What a page holds; raises unless its status is 200."""
    with DIRECT.open(address, timeout=20) as answer:
        return answer.read()


USER_CODE = """
import dash_interop
from dash_interop import Interop, method_handler, returned_value

dash_interop.MethodRegister(id="a", definition="Sum", returns=True, batch=False)
dash_interop.MethodInvoke(id="b", invoke={"definition": "Sum", "target": "all"})
Interop(user=lambda request: request.headers["X-User"])
total: dict[str, object] = returned_value(None)

@method_handler("a")
def add(args: dict[str, float], caller: dict[str, str]) -> float:
    return args["a"]

dash_interop.MethodRegister(id="a", definition="Sum", returns="yes")  # wrong: line 14
Interop(user="anna")  # wrong: line 15
dash_interop.Glue42(id="c", settings={"type": "server"})  # wrong: line 16
number: int = returned_value(None)  # wrong: line 17
dash_interop.MethodRegister(id="a", definition="Sum")  # wrong: line 18
dash_interop.MethodRegister(id="a", definition={"name": "Sum", "acepts": ""}, returns=True)  # 19
dash_interop.MethodInvoke(id="b", invoke={"definition": "Sum", "arguments": {}})  # wrong: line 20
dash_interop.MethodInvoke(id="b", invoke={"definition": "Sum", "options": {"wait": 5}})  # line 21

def written(n: int) -> dash_interop.InvokeDict:
    return {"definition": "Sum", "argumentObj": {"n": n}, "targets": "all"}  # wrong: line 24
"""


def test_user_code_is_checked_against_our_types(tmp_path: Path) -> None:
    (tmp_path / "user_code.py").write_text(USER_CODE)
    # Checkers do not follow the import hooks of an editable install.
    configuration = {"include": ["user_code.py"], "extraPaths": [str(ROOT)]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(configuration))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    wrong = {entry["range"]["start"]["line"] + 1 for entry in found if entry["severity"] == "error"}
    assert wrong == {14, 15, 16, 17, 18, 19, 20, 21, 24}, found
