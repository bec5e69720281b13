"""Handlers are no tools of Dash's MCP server, which a host may switch on by the environment."""

from contextvars import Context
from typing import Any

import pytest
from dash import Dash, Input, Output, dcc, html
from dash.background_callback.managers.diskcache_manager import DiskcacheManager
from diskcache import Cache

from dash_interop import ConfigError, MethodInvoke, MethodRegister, method_handler
from dash_interop.app import tools
from dash_interop.app.tools import kept_from_tools

INVENTED = {"invocationId": "invented", "args": {}, "caller": {"user": "anna"}}
HANDLERS = {"plain", "awaited", "elsewhere", "of_a_row", "shown"}


@pytest.fixture
def app(monkeypatch, tmp_path):
    """Handlers of every kind, beside a callback that is a tool."""
    monkeypatch.setenv("DASH_MCP_ENABLED", "true")
    app = Dash("tools")
    rows = {"type": "row", "index": 1}
    app.layout = html.Div(
        [
            *[MethodRegister(id=name, definition=name, returns=True) for name in ("a", "b", "c")],
            MethodRegister(id=rows, definition="Row", returns=True),
            MethodRegister(id="void", definition="Void", returns=False),
            MethodInvoke(id="invoke"),
            dcc.Input(id="number", type="number", value=1),
            html.P(id="shown"),
            html.P(id="double"),
        ]
    )

    @method_handler("a", app=app)
    def plain(args: Any, caller: Any) -> Any:
        return args

    @method_handler("b", app=app)
    async def awaited(args: Any, caller: Any) -> Any:
        return args

    manager = DiskcacheManager(Cache(str(tmp_path)))

    @method_handler("c", app=app, background=True, manager=manager)
    def elsewhere(args: Any, caller: Any) -> Any:
        return args

    @method_handler(rows, app=app)
    def of_a_row(args: Any, caller: Any) -> Any:
        return args

    @method_handler("void", output=Output("shown", "children"), app=app)
    def shown(args: Any, caller: Any) -> Any:
        return "shown"

    @app.callback(Output("double", "children"), Input("number", "value"))
    def twice_for_tools(number: int) -> str:
        return str(2 * number)

    return app


@pytest.fixture
def ask(app, post):
    def send(method, **params):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        # Of its own, or Dash may take an app of another test for the one that is asked.
        status, answer = Context().run(post, app, "/_mcp", body)
        assert status == 200
        return answer

    return send


def test_no_handler_is_a_tool_and_other_callbacks_are(ask):
    names = {tool["name"] for tool in ask("tools/list")["result"]["tools"]}
    assert "twice_for_tools" in names
    assert not names & HANDLERS


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_handler_cannot_be_called_as_a_tool(ask, name):
    answer = ask("tools/call", name=name, arguments={"invoke": INVENTED})
    assert "result" not in answer or answer["result"].get("isError")
    assert "not found" in str(answer).lower()


def test_handler_that_shall_be_a_tool_is_refused():
    with pytest.raises(ConfigError, match="cannot be a tool of Dash's MCP server"):
        method_handler("a", mcp_enabled=True)(lambda args, caller: args)


def test_options_that_an_old_dash_does_not_know_are_left_out(monkeypatch):
    assert kept_from_tools({"background": True}) == {"background": True, "mcp_enabled": False}
    monkeypatch.setattr(tools, "_IS_KNOWN", False)
    assert kept_from_tools({"background": True}) == {"background": True}
