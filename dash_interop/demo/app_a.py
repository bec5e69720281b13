"""
App A: invokes the methods of app B.

The components and the callbacks are those of the complete example of the documentation of
dash_glue42, as they are printed there; html and dcc are parts of Dash now. What it leaves out is
added: the rest of the layout, the state of the connection, who offers the methods at present, and
the place on a server that app B may share.
"""
# fmt: off
# pyright: standard
# ruff: noqa: I001, UP032

import dash
from dash.exceptions import PreventUpdate
from dash.dependencies import Input, Output, State
from dash import html
from dash import dcc
import dash_interop as dash_glue42
from dash_interop.demo.connection import head, show_connection
from dash_interop.demo.server import server

app = dash.Dash(__name__, title="App A", server=server, routes_pathname_prefix="/app-a/")
app.index_string = app.index_string.replace("<html>", '<html lang="en">')

app.layout = dash_glue42.Glue42(id="glue42", children=[
    # A component which will invoke the "Sum" Interop method.
    dash_glue42.MethodInvoke(id="g42-invoke-sum"),

    # A component which will invoke the "SendMessage" Interop method.
    dash_glue42.MethodInvoke(id="g42-invoke-send-message"),

    head("App A"),
    html.Section(className="card", children=[
        html.Div(className="row", children=[
            html.Label(["a", dcc.Input(id="number-a", type="text",
                                       autoComplete="off", value=37)]),
            html.Label(["b", dcc.Input(id="number-b", type="text",
                                       autoComplete="off", value=5)]),
            html.Button(id="sum-numbers-btn", children="Sum", disabled=True),
        ]),
        html.P(id="sum-numbers-note", className="none", role="status"),
        html.P(id="sum-numbers-result", className="answer", role="status")
    ]),
    html.Section(className="card", children=[
        html.Div(className="row", children=[
            html.Label(["Message", dcc.Input(id="message", type="text", autoComplete="off",
                                             value="Send your daily report!")],
                       className="long"),
            html.Button(id="send-message", children="Send", disabled=True)
        ]),
        html.P(id="send-message-note", className="none", role="status")
    ])
])

# Callback that will trigger "Sum" invocation.
@app.callback(
    Output("g42-invoke-sum", "invoke"),
    Input("sum-numbers-btn", "n_clicks"),
    State("number-a", "value"),
    State("number-b", "value"),
    prevent_initial_call=True
)
def sum_numbers(_, a, b):

    return {
        "definition": {
            "name": "Sum"
        },
        "argumentObj": {
            "a": a,
            "b": b
        }
    }

# Callback that will handle the result returned by "Sum".
@app.callback(
    Output("sum-numbers-result", "children"),
    Input("g42-invoke-sum", "result")
)
def sum_numbers_result_handler(result):

    if result is None:
        raise PreventUpdate

    error = result.get("error")
    hasError = error is not None
    if hasError:
        return error.get("message", '')
    else:
        invocationResult = result.get("invocationResult", {})
        sumValue = invocationResult.get("returned", {}).get("sum")
        return "Sum is {}".format(sumValue)

# Callback that will trigger "SendMessage" invocation.
@app.callback(
    Output("g42-invoke-send-message", "invoke"),
    Input("send-message", "n_clicks"),
    State("message", "value"),
    prevent_initial_call=True
)
def send_message(_, message):

    return {
        "definition": {
            "name": "SendMessage"
        },
        "argumentObj": {
            "message": message
        }
    }

# Added: a button is enabled while somebody offers its method; while nobody does, a note says so.
# JavaScript of a page can use the page's connection, by the API object of @interopio/core.
app.clientside_callback(
    """(ready) => {
        if (!ready) {
            return;
        }
        const { interop } = window.glue42dash.glueInstance;
        const follow = (name, button, note) => {
            const show = () => {
                const offered = interop.servers({ name }).length > 0;
                const text = `Nobody in sight offers ${name}. App B does when it is open.`;
                dash_clientside.set_props(button, { disabled: !offered });
                dash_clientside.set_props(note, { children: offered ? '' : text });
            };
            interop.serverMethodAdded(show);
            interop.serverMethodRemoved(show);
            show();
        };
        follow('Sum', 'sum-numbers-btn', 'sum-numbers-note');
        follow('SendMessage', 'send-message', 'send-message-note');
    }""",
    Input("glue42", "glueReady")
)

show_connection(app)
