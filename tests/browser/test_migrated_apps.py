"""Apps as they were written for dash_glue42: what each of them is made for, here."""

from __future__ import annotations

from typing import Any

import pytest
from dash import Dash, Input, Output, ctx, dcc, html
from dash.exceptions import PreventUpdate
from flask import Response, send_file

from dash_interop import Channels, Context
from dash_interop.client import sync
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually
from tests.support.platform import PACKAGES, Platform

CLIENTS = {"VVDvc6i99J": "Vernon", "SGvc6a87J": "Sutton"}

FOLLOW = """
    const glue = window.glue ?? window.glue42dash.glueInstance;
    window.followed = [];
    const follow = ({clientId}) => clientId && window.followed.push(clientId);
"""


def clients_app(apps: Apps, **options: Any) -> Dash:
    """A list of clients: a click tells a context, and the channel that the page is on."""
    app = apps.make(
        "Clients",
        Context(id="SelectedClient"),
        Channels(id="g42-channels"),
        dcc.Dropdown(id="channels-list", clearable=False),
        html.P(id="client-name"),
        *(html.Button(name, id=client) for client, name in CLIENTS.items()),
        **options,
    )

    @app.callback(Output("channels-list", "options"), Input("g42-channels", "all"))
    def list_channels(names: list[str] | None) -> list[dict[str, str]]:
        options = [{"label": name, "value": name} for name in names or []]
        return [{"label": "No Channel", "value": ""}, *options]

    @app.callback(
        Output("g42-channels", "join"), Input("channels-list", "value"), prevent_initial_call=True
    )
    def join(name: str) -> dict[str, str] | None:
        return {"name": name} if name else None

    @app.callback(Output("g42-channels", "leave"), Input("channels-list", "value"))
    def leave(name: str | None) -> dict[str, str] | None:
        return {} if name == "" else None

    @app.callback(
        Output("SelectedClient", "update"),
        Output("g42-channels", "publish"),
        [Input(client, "n_clicks") for client in CLIENTS],
    )
    def select(*clicks: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
        if not any(clicks):
            raise PreventUpdate
        return {"clientId": ctx.triggered_id}, {"data": {"clientId": ctx.triggered_id}}

    @app.callback(Output("client-name", "children"), Input("g42-channels", "my"))
    def show(channel: dict[str, Any] | None) -> str:
        return CLIENTS.get(channel["data"].get("clientId"), "") if channel else ""

    return app


def followed(page: Page) -> list[str]:
    return page.js("return window.followed")


@pytest.mark.parametrize("where", ["alone", "in a platform"])
def test_mig001_clients_portfolio_and_news_follow_each_other(apps: Apps, where: str) -> None:
    if where == "alone":
        clients = apps.open(clients_app(apps))
        portfolio, other, news = (apps.caller(name) for name in ("portfolio", "other", "news"))
    else:
        platform = Platform(apps)
        url = apps.serve(clients_app(apps, external_scripts=[platform.web_library]))
        clients = platform.open(url)
        portfolio, other, news = (platform.open_page() for _ in range(3))
    for page, channel in ((portfolio, "Red"), (other, "Green")):
        page.run(
            f"{FOLLOW} await glue.channels.join(args[0]); await glue.channels.subscribe(follow)",
            channel,
        )
    news.run(f"{FOLLOW} await glue.contexts.subscribe('SelectedClient', follow)")

    clients.set_props("channels-list", value="Red")
    on = "return window.glue42dash.glueInstance.channels.my()"
    eventually(lambda: clients.run(on) == "Red", "the clients are on Red")
    vernon, sutton = CLIENTS
    clients.click(vernon)
    clients.wait_for_text("client-name", "Vernon")
    eventually(lambda: followed(portfolio) == [vernon], "the portfolio follows")
    eventually(lambda: followed(news) == [vernon], "the news follow")

    portfolio.run(
        "const glue = window.glue ?? window.glue42dash.glueInstance;"
        "await glue.channels.publish({clientId: args[0]})",
        sutton,
    )
    clients.wait_for_text("client-name", "Sutton")
    clients.set_props("channels-list", value="")
    clients.wait_for_text("client-name", "")
    # Only the context is told of by a page on no channel, and Channels says so.
    apps.browser.allow_in_console("There is no channel to publish on")
    clients.click(sutton)
    eventually(lambda: followed(news) == [vernon, sutton], "the news go on")
    assert followed(portfolio) == [vernon, sutton]
    assert followed(other) == []


def test_mig002_a_page_lists_themes_and_switches_them(apps: Apps) -> None:
    """The theme is a context of whoever has themes: here a process does as the desktop would."""
    themes = [{"name": "day", "displayName": "Day"}, {"name": "night", "displayName": "Night"}]
    app = apps.make(
        "Themes",
        Context(id="themes-context", contextName="T42.Themes"),
        dcc.Dropdown(id="themes-list", clearable=False),
        html.P(id="options"),
        html.P(id="theme"),
    )

    @app.callback(
        Output("themes-list", "options"),
        Output("options", "children"),
        Output("theme", "children"),
        Input("themes-context", "context"),
    )
    def show(context: dict[str, Any] | None) -> tuple[list[dict[str, str]], str, str]:
        data = context["data"] if context else {}
        options = [
            {"label": theme["displayName"], "value": theme["name"]} for theme in data.get("all", [])
        ]
        names = ", ".join(option["label"] for option in options)
        return options, names, data.get("selected", "")

    @app.callback(Output("themes-context", "update"), Input("themes-list", "value"))
    def switch(value: str | None) -> dict[str, str]:
        if value is None:
            raise PreventUpdate
        return {"selected": value}

    first, second = apps.open(app), apps.open(app)
    with sync.connect(application="Desktop") as desktop:
        desktop.contexts.set("T42.Themes", {"all": themes, "selected": "day"})
        for page in (first, second):
            page.wait_for_text("options", "Day, Night")
            page.wait_for_text("theme", "day")
        first.set_props("themes-list", value="night")
        for page in (first, second):
            page.wait_for_text("theme", "night")
        assert desktop.contexts.get("T42.Themes") == {"all": themes, "selected": "night"}


def test_mig003_the_published_search_library_finds_what_a_dash_server_knows(apps: Apps) -> None:
    """A page with that library provides results of its server, and another page asks for them."""
    setting = "<script>window.glue42dash = {libSettings: {web: {libraries: [GlueSearch]}}}</script>"

    def with_search(name: str) -> Dash:
        app = apps.make(name)
        app.index_string = app.index_string.replace(
            "{%metas%}", f'<script src="/search.js"></script>{setting}{{%metas%}}'
        )

        @app.server.route("/search.js")
        def library() -> Response:
            return send_file(PACKAGES / "search-api/dist/search-api.umd.js")

        @app.server.route("/api/results/<words>")
        def results(words: str) -> list[dict[str, Any]]:
            return [
                {"id": name, "displayName": name, "type": {"name": "clients"}}
                for name in ("Vernon", "Sutton", "Vera")
                if words.lower() in name.lower()
            ]

        return app

    provider, asking = apps.open(with_search("provider")), apps.open(with_search("asking"))
    provider.run(
        """
        const {search} = window.glue42dash.glueInstance;
        const provider = await search.registerProvider({name: 'clients'});
        provider.onQuery(async (query) => {
            for (const result of await (await fetch(`/api/results/${query.search}`)).json()) {
                query.sendResult(result);
            }
            query.done();
        });
        """
    )
    asking.wait_for_servers("T42.Search.Provider", 1)
    found = asking.run(
        """
        const {search} = window.glue42dash.glueInstance;
        const found = [];
        const query = await search.query({search: 've'});
        query.onResults(({results, provider}) =>
            found.push(...results.map(({displayName}) => `${provider.name}: ${displayName}`)));
        await new Promise((resolve) => query.onCompleted(resolve));
        return found;
        """
    )
    assert found == ["clients: Vernon", "clients: Vera"]
