"""Imports point one way, and what needs no Dash does not load it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dash_interop

PACKAGE = Path(dash_interop.__file__).parent
LAYERS = (
    "errors",
    "types",
    "protocol",
    "transport",
    "gateway",
    "client",
    "prop_checks",
    "callbacks",
    "props",
    "demo",
    "cli",
    "__main__",
    "__init__",
)
MAY_IMPORT = {
    "errors": set(),
    "types": set(),
    "protocol": {"errors", "types"},
    "transport": {"errors", "protocol"},
    "gateway": {"errors", "protocol", "transport"},
    "client": {"errors", "protocol", "transport"},
    # The one place where a client asks for the gateway of its machine, and makes its own tokens.
    "client.access": {"errors", "protocol", "gateway"},
    "prop_checks": {"errors", "protocol"},
    "callbacks": {"errors", "types", "protocol", "gateway", "client"},
    # What is checked of a component needs no more than the brains know.
    "props": {"errors", "protocol", "prop_checks"},
    "demo": {"errors"},
    "cli": {"errors", "gateway", "client", "transport", "protocol", "demo"},
    "__main__": {"cli"},
}
PURE = {"asyncio", "logging", "random", "secrets", "socket", "threading", "time", "websockets"}

MODULES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0].removesuffix(".py") in LAYERS
)


def name_of(path):
    return str(path.relative_to(PACKAGE).with_suffix("")).replace("/", ".")


def layer_of(path):
    return name_of(path).split(".")[0]


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


def own_layers(path):
    parts = [module.split(".") for module in imports_of(path)]
    return {part[1] for part in parts if part[0] == "dash_interop" and len(part) > 1}


def roots(path):
    return {module.split(".")[0] for module in imports_of(path)} - {"dash_interop"}


def test_the_modules_are_found():
    assert len(MODULES) > 20
    assert {layer_of(path) for path in MODULES} == set(LAYERS)
    assert "dash_interop.protocol.codec" in imports_of(PACKAGE / "gateway" / "server.py")


@pytest.mark.parametrize(
    "path", [path for path in MODULES if layer_of(path) in MAY_IMPORT], ids=name_of
)
def test_imports_point_one_way(path):
    layer = layer_of(path)
    assert own_layers(path) - {layer} <= MAY_IMPORT.get(name_of(path), MAY_IMPORT[layer])


@pytest.mark.parametrize(
    "path", [path for path in MODULES if layer_of(path) in ("errors", "protocol")], ids=name_of
)
def test_brains_know_no_socket_no_clock_no_log_and_no_dash(path):
    assert roots(path) & (PURE | {"dash", "flask"}) == set()


@pytest.mark.parametrize(
    "path", [path for path in MODULES if layer_of(path) not in ("callbacks", "demo")], ids=name_of
)
def test_only_the_callbacks_and_the_demo_import_dash(path):
    assert roots(path) & {"dash", "flask", "quart", "fastapi"} == set()


@pytest.mark.parametrize(
    "module",
    ["dash_interop", "dash_interop.gateway.server", "dash_interop.client", "dash_interop.cli"],
)
def test_dash_is_not_loaded_by(module):
    code = (
        f"import sys, {module}; print([name for name in ('dash', 'flask') if name in sys.modules])"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (process.stdout, process.stderr) == ("[]\n", "")


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
