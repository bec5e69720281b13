"""
App B: offers the methods Sum and SendMessage.

The components and their handlers are those of the documentation of dash_glue42, as they are
printed there. What it leaves out is added: the rest of the layout, the state of the connection, and
the place on a server that app A may share.
"""
# fmt: off
# pyright: standard
# ruff: noqa: I001, E501

import dash
from dash.exceptions import PreventUpdate
from dash.dependencies import Input, Output
from dash import html
import dash_interop as dash_glue42
from dash_interop.demo.connection import head, show_connection
from dash_interop.demo.server import server

app = dash.Dash(__name__, title="App B", server=server, routes_pathname_prefix="/app-b/")
app.index_string = app.index_string.replace("<html>", '<html lang="en">')

app.layout = dash_glue42.Glue42(id="glue42", children=[
    # Registering an Interop method that returns a result.
    dash_glue42.MethodRegister(id="g42-register-sum", definition={"name": "Sum"}, returns=True),

    # Registering an Interop method that doesn't return a result.
    dash_glue42.MethodRegister(id="g42-register-send-message", definition="SendMessage", returns=False),

    head("App B"),
    html.Section(className="card", children=[
        html.H2(html.Label("Last message", htmlFor="message")),
        html.Output(id="message", className="answer")
    ]),
    html.Section(className="card", children=[
        html.H2(html.Label("Last sum asked for", htmlFor="last-sum")),
        html.Output(id="last-sum", className="answer")
    ])
])

# Helper to validate the input arguments for the "Sum" method.
def is_number(s):
    try:
        float(s)
        return True
    except ValueError:
        return False

# Handler for the "Sum" Interop method.
@app.callback(
    Output("g42-register-sum", "result"),
    Input("g42-register-sum", "invoke")
)
def sum_invocation_handler(invoke):

    if invoke is None:
        raise PreventUpdate

    invocationId = invoke.get("invocationId")
    args = invoke.get("args", {})
    a = args.get("a")
    b = args.get("b")

    are_numbers = is_number(a) and is_number(b)
    if are_numbers:
        total = float(a) + float(b)

        # When a method isn't void, you must always return the assigned `invocationId`,
        # otherwise the caller won't receive the result.
        return {
            "invocationId": invocationId,
            "invocationResult": {
                "sum": total
            }
        }
    else:
        return {
            "invocationId": invocationId,
            "error": {
                "message": "The arguments must be numbers!"
            }
        }

# Handler for the "SendMessage" Interop method.
@app.callback(
    Output("message", "children"),
    Input("g42-register-send-message", "invoke")
)
def send_message_invocation_handler(invoke):

    if invoke is not None:
        args = invoke.get("args", {})
        message = args.get("message", "")
        return message

# Added: shows the arguments of "Sum" and who invoked it.
@app.callback(
    Output("last-sum", "children"),
    Input("g42-register-sum", "invoke"),
    prevent_initial_call=True
)
def show_last_sum(invoke):

    args = invoke["args"]
    return "{} + {}, for {}".format(args.get("a"), args.get("b"), invoke["caller"]["application"])

show_connection(app)
