"""The rooms of the package: imports point down, nothing leads in a circle, no room is too large."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dash_interop

PACKAGE = Path(dash_interop.__file__).parent
MAY_IMPORT = {
    "errors": set(),
    "types": set(),
    "settings": {"errors"},
    "wire": {"errors", "types"},
    "router": {"errors", "wire"},
    "peer": {"errors", "wire"},
    "tunnel": {"errors", "wire"},
    "transport": {"errors"},
    "gateway": {"errors", "settings", "wire", "router", "transport"},
    "client": {"errors", "wire", "peer", "transport", "client.access"},
    # The one place where a client asks for the gateway of its machine, and makes its own tokens.
    "client.access": {"errors", "settings", "wire", "router", "gateway"},
    "app": {"errors", "types", "settings", "wire", "peer", "router", "gateway", "client"},
    # Threads of the client and greenlets of the server share its lock.
    "app.server_peer": {"errors", "client", "transport.threads"},
    # What is checked of a component needs no more than the brains know.
    "app.props": {"errors", "wire", "peer"},
    "app.prop_checks": {"errors", "wire", "peer"},
    "notebook": {"errors", "settings", "wire", "transport", "tunnel", "client"},
    "demo": {"errors"},
    "cli": {"errors", "settings", "wire", "peer", "transport", "gateway", "client", "demo"},
    "__main__": {"cli"},
    "__init__": {"errors", "types", "wire", "app"},
}
"""What a room may import, itself apart; what a module may, where that is less or more."""

ROOMS = {room for room in MAY_IMPORT if "." not in room}
BRAINS = ("errors", "types", "wire", "router", "peer", "tunnel")
IMPURE = {"asyncio", "logging", "random", "secrets", "socket", "threading", "time", "websockets"}

LARGEST_SHARE = 0.2
"""Of the lines of the package, in one room."""

LONGEST_BODY = 40
"""Lines of a function, its docstring and signature apart."""


def name_of(path):
    return str(path.relative_to(PACKAGE).with_suffix("")).replace("/", ".")


def room_of(path):
    return name_of(path).split(".")[0]


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if room_of(path) in ROOMS)
NAMES = {name_of(path): path for path in MODULES}


def imports_of(path):
    """Every module a file imports, wherever in it; ours as ``dash_interop.x.y``."""
    package = ["dash_interop", *path.relative_to(PACKAGE).parent.parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *(node.module or "").split(".")]).strip(".")
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names if node.level}
    return found


def own_imports(path):
    """The modules of ours that a file imports, as ``room.module``."""
    found = set()
    for module in imports_of(path):
        name = module.removeprefix("dash_interop.")
        for candidate in (name, f"{name}.__init__", name.rpartition(".")[0]):
            if module.startswith("dash_interop.") and candidate in NAMES:
                found.add(candidate)
                break
    return found - {name_of(path)}


def roots(path):
    return {module.split(".")[0] for module in imports_of(path)} - {"dash_interop"}


def test_the_modules_are_found():
    assert {room_of(path) for path in MODULES} == ROOMS
    assert {"wire.codec", "router.agm.domain"} <= own_imports(
        NAMES["gateway.server"]
    ) | own_imports(NAMES["gateway.hub"])


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path):
    allowed = MAY_IMPORT.get(name_of(path), MAY_IMPORT[room_of(path)]) | {room_of(path)}
    wrong = {
        name
        for name in own_imports(path)
        if name.split(".")[0] not in allowed and name not in allowed
    }
    assert wrong == set()


def test_the_arrows_are_those_of_the_document():
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawn = {
        room: set(imported.split(", "))
        for room, imported in re.findall(r"^(\w+) +-> (.+)$", text, re.MULTILINE)
    }
    rooms = ROOMS - {"errors", "settings", "types"}
    arrows = {room: MAY_IMPORT[room] & rooms for room in sorted(ROOMS)}
    assert drawn == {room: to for room, to in arrows.items() if to and not room.startswith("_")}


def test_no_imports_lead_in_a_circle():
    """Not even those that only type checkers follow."""
    graph = {name: own_imports(path) for name, path in NAMES.items()}
    while graph:
        leaves = {name for name, imported in graph.items() if not imported & graph.keys()}
        if not leaves:
            break
        graph = {name: imported for name, imported in graph.items() if name not in leaves}
    assert {name: sorted(imported & graph.keys()) for name, imported in graph.items()} == {}


def test_no_room_is_too_large():
    lines = dict.fromkeys(ROOMS, 0)
    for path in MODULES:
        lines[room_of(path)] += len(path.read_text(encoding="utf-8").splitlines())
    total = sum(lines.values())
    assert {room for room, count in lines.items() if count > LARGEST_SHARE * total} == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_function_is_too_long(path):
    long = [
        (node.name, lines)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := body_lines(node)) > LONGEST_BODY
    ]
    assert long == []


def body_lines(function):
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", [path for path in MODULES if room_of(path) in BRAINS], ids=name_of)
def test_brains_know_no_socket_no_clock_no_log_and_no_dash(path):
    assert roots(path) & (IMPURE | {"dash", "flask"}) == set()


@pytest.mark.parametrize(
    "path", [path for path in MODULES if room_of(path) not in ("app", "demo")], ids=name_of
)
def test_only_the_app_and_the_demo_import_dash(path):
    assert roots(path) & {"dash", "flask", "quart", "fastapi"} == set()


DASH = ["dash", "flask"]
CLIENT = ["asyncio", "websockets", "dash_interop.client"]
GATEWAY = ["dash_interop.gateway.server", "dash_interop.router.router"]


@pytest.mark.parametrize(
    "code, slow",
    [
        ("import dash_interop", [*DASH, *CLIENT, *GATEWAY]),
        ("import dash_interop.gateway.server", DASH),
        ("import dash_interop.client.sync", [*DASH, *GATEWAY, "uvloop"]),
        ("from dash_interop.client.access import Access; Access('ws://localhost')", GATEWAY),
        ("from dash_interop.cli import main", [*DASH, *CLIENT, *GATEWAY]),
        ("from dash_interop.cli import main; main(['status', '--help'])", [*CLIENT, *GATEWAY]),
        ("from dash_interop.cli import main; main(['invoke', 'Sum', '37'])", [*CLIENT, *GATEWAY]),
        ("from dash_interop.cli import main; main(['--help'])", [*DASH, *CLIENT[1:], *GATEWAY]),
    ],
)
def test_what_takes_long_to_load_is_not_loaded_before_it_is_needed(code, slow):
    tell = f"lambda: print([name for name in {slow} if name in sys.modules], file=sys.stderr)"
    process = subprocess.run(
        [sys.executable, "-c", f"import atexit, sys; atexit.register({tell}); {code}"],
        capture_output=True,
        text=True,
    )
    *said, loaded = process.stderr.splitlines()
    assert loaded == "[]"
    assert all(line.startswith("dash-interop: ") for line in said)


def test_every_public_name_resolves():
    namespace = {}
    exec("from dash_interop import *", namespace)
    assert set(dash_interop.__all__) <= set(namespace)
    assert set(dash_interop.__all__) <= set(dir(dash_interop))


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = dash_interop.Nonsense  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    "path", [path for path in MODULES if "__all__" in path.read_text(encoding="utf-8")], ids=name_of
)
def test_every_module_has_the_names_it_offers(path):
    name = f"dash_interop.{name_of(path)}".removesuffix(".__init__")
    module = __import__(name, fromlist=["__all__"])
    missing = [public for public in module.__all__ if not hasattr(module, public)]
    assert missing == []
