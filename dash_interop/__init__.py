"""
Dash apps, web pages and Python processes call each other's methods.

A drop-in for ``dash_glue42``: ``import dash_interop as dash_glue42``. Where Dash is loaded, the
routes that pages ask are added to every app that is made from then on; the rest is loaded when it
is first used. A process without Dash stays without.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from .app.handlers import method_handler
    from .app.interop import Interop
    from .app.results import returned_value
    from .app.stream_handlers import stream_handler
    from .app.subscription_handlers import subscription_handler
    from .app.tunnel_handlers import tunnel_handler
    from .Channels import Channels
    from .ChannelSelector import ChannelSelector
    from .Context import Context
    from .Contexts import Contexts
    from .Discovery import Discovery
    from .errors import (
        AuthenticationFailed,
        ChannelNotFound,
        ConfigError,
        ConnectionFailed,
        ConnectionLost,
        ContextConflict,
        ContextError,
        ContextNotFound,
        ContextTimeout,
        HandlerFailed,
        InteropError,
        InvalidArguments,
        InvalidContext,
        InvalidInvoke,
        InvalidMessage,
        InvalidResult,
        InvocationCancelled,
        InvocationError,
        InvocationTimeout,
        MessageTooLarge,
        MethodNotFound,
        NoResult,
        NotConnected,
        Overloaded,
        ProtocolError,
        RegistrationError,
        ServerGone,
        SignatureError,
        SubscriptionClosed,
        SubscriptionError,
        SubscriptionTimeout,
        Superseded,
        TunnelEnded,
        TunnelError,
    )
    from .Glue42 import Glue42
    from .MethodInvoke import MethodInvoke
    from .MethodRegister import MethodRegister
    from .Notifications import Notifications
    from .StreamPublish import StreamPublish
    from .StreamSubscribe import StreamSubscribe
    from .Tunnel import Tunnel
    from .types import (
        AnswerDict,
        BranchDict,
        CancelDict,
        CancelledDict,
        ChannelDict,
        ChannelExtraDict,
        ChannelNameDict,
        ChannelProblemDict,
        ChannelPublishDict,
        ClientsideHandlerDict,
        CloseDict,
        ContextChangeDict,
        ContextDataWriteDict,
        ContextDestroyDict,
        ContextPathsWriteDict,
        ContextPathWriteDict,
        DatumDict,
        DecisionDict,
        DefinitionDict,
        DiscoveryEventDict,
        ErrorDict,
        HandlerErrorDict,
        HistoryDict,
        InvocationDict,
        InvokeDict,
        InvokeOptionsDict,
        JoinedChannelDict,
        NotificationActionDict,
        NotificationDict,
        NotificationErrorDict,
        NotificationEventDict,
        NotificationInteropDict,
        NotificationReportDict,
        ProgressDict,
        ProgressEventDict,
        PushDict,
        ResultDict,
        SnapshotDict,
        SubscriptionDict,
        SubscriptionRequestDict,
        SubscriptionStatusDict,
        TunnelAnswerDict,
        TunnelErrorDict,
        TunnelMessageDict,
        TunnelSendDict,
        WindowDict,
        WindowErrorDict,
        WindowEventDict,
        WindowOptionsDict,
        WindowReferenceDict,
        WriteProblemDict,
    )
    from .Windows import Windows
    from .wire.values import portable_value

__all__ = [
    "AnswerDict",
    "AuthenticationFailed",
    "BranchDict",
    "CancelDict",
    "CancelledDict",
    "ChannelDict",
    "ChannelExtraDict",
    "ChannelNameDict",
    "ChannelProblemDict",
    "ChannelPublishDict",
    "ChannelSelector",
    "Channels",
    "ChannelNotFound",
    "ClientsideHandlerDict",
    "CloseDict",
    "ConfigError",
    "ConnectionFailed",
    "ConnectionLost",
    "Context",
    "ContextChangeDict",
    "ContextConflict",
    "ContextDataWriteDict",
    "ContextDestroyDict",
    "ContextError",
    "ContextNotFound",
    "ContextPathWriteDict",
    "ContextPathsWriteDict",
    "ContextTimeout",
    "Contexts",
    "DatumDict",
    "DecisionDict",
    "DefinitionDict",
    "Discovery",
    "DiscoveryEventDict",
    "ErrorDict",
    "Glue42",
    "HandlerErrorDict",
    "HandlerFailed",
    "HistoryDict",
    "Interop",
    "InteropError",
    "InvalidArguments",
    "InvalidContext",
    "InvalidInvoke",
    "InvalidMessage",
    "InvalidResult",
    "InvocationCancelled",
    "InvocationDict",
    "InvocationError",
    "InvocationTimeout",
    "InvokeDict",
    "InvokeOptionsDict",
    "JoinedChannelDict",
    "MessageTooLarge",
    "MethodInvoke",
    "MethodNotFound",
    "MethodRegister",
    "NoResult",
    "NotConnected",
    "NotificationActionDict",
    "NotificationDict",
    "NotificationErrorDict",
    "NotificationEventDict",
    "NotificationInteropDict",
    "NotificationReportDict",
    "Notifications",
    "Overloaded",
    "ProgressDict",
    "ProgressEventDict",
    "ProtocolError",
    "PushDict",
    "RegistrationError",
    "ResultDict",
    "ServerGone",
    "SignatureError",
    "SnapshotDict",
    "StreamPublish",
    "StreamSubscribe",
    "SubscriptionClosed",
    "SubscriptionDict",
    "SubscriptionError",
    "SubscriptionRequestDict",
    "SubscriptionStatusDict",
    "SubscriptionTimeout",
    "Superseded",
    "Tunnel",
    "TunnelAnswerDict",
    "TunnelEnded",
    "TunnelError",
    "TunnelErrorDict",
    "TunnelMessageDict",
    "TunnelSendDict",
    "WriteProblemDict",
    "WindowDict",
    "WindowErrorDict",
    "WindowEventDict",
    "WindowOptionsDict",
    "WindowReferenceDict",
    "Windows",
    "__version__",
    "method_handler",
    "portable_value",
    "returned_value",
    "stream_handler",
    "subscription_handler",
    "tunnel_handler",
]

_MODULES = {
    "AnswerDict": ".types",
    "AuthenticationFailed": ".errors",
    "BranchDict": ".types",
    "CancelDict": ".types",
    "CancelledDict": ".types",
    "ChannelDict": ".types",
    "ChannelExtraDict": ".types",
    "ChannelNameDict": ".types",
    "ChannelProblemDict": ".types",
    "ChannelPublishDict": ".types",
    "ChannelSelector": ".ChannelSelector",
    "Channels": ".Channels",
    "ChannelNotFound": ".errors",
    "ClientsideHandlerDict": ".types",
    "CloseDict": ".types",
    "ConfigError": ".errors",
    "ConnectionFailed": ".errors",
    "ConnectionLost": ".errors",
    "Context": ".Context",
    "ContextChangeDict": ".types",
    "ContextConflict": ".errors",
    "ContextDataWriteDict": ".types",
    "ContextDestroyDict": ".types",
    "ContextError": ".errors",
    "ContextNotFound": ".errors",
    "ContextPathWriteDict": ".types",
    "ContextPathsWriteDict": ".types",
    "ContextTimeout": ".errors",
    "Contexts": ".Contexts",
    "DatumDict": ".types",
    "DecisionDict": ".types",
    "DefinitionDict": ".types",
    "Discovery": ".Discovery",
    "DiscoveryEventDict": ".types",
    "ErrorDict": ".types",
    "Glue42": ".Glue42",
    "HandlerErrorDict": ".types",
    "HandlerFailed": ".errors",
    "HistoryDict": ".types",
    "Interop": ".app.interop",
    "InteropError": ".errors",
    "InvalidArguments": ".errors",
    "InvalidContext": ".errors",
    "InvalidInvoke": ".errors",
    "InvalidMessage": ".errors",
    "InvalidResult": ".errors",
    "InvocationCancelled": ".errors",
    "InvocationDict": ".types",
    "InvocationError": ".errors",
    "InvocationTimeout": ".errors",
    "InvokeDict": ".types",
    "InvokeOptionsDict": ".types",
    "JoinedChannelDict": ".types",
    "MessageTooLarge": ".errors",
    "MethodInvoke": ".MethodInvoke",
    "MethodNotFound": ".errors",
    "MethodRegister": ".MethodRegister",
    "NoResult": ".errors",
    "NotConnected": ".errors",
    "NotificationActionDict": ".types",
    "NotificationDict": ".types",
    "NotificationErrorDict": ".types",
    "NotificationEventDict": ".types",
    "NotificationInteropDict": ".types",
    "NotificationReportDict": ".types",
    "Notifications": ".Notifications",
    "Overloaded": ".errors",
    "ProgressDict": ".types",
    "ProgressEventDict": ".types",
    "ProtocolError": ".errors",
    "PushDict": ".types",
    "RegistrationError": ".errors",
    "ResultDict": ".types",
    "ServerGone": ".errors",
    "SignatureError": ".errors",
    "SnapshotDict": ".types",
    "StreamPublish": ".StreamPublish",
    "StreamSubscribe": ".StreamSubscribe",
    "SubscriptionClosed": ".errors",
    "SubscriptionDict": ".types",
    "SubscriptionError": ".errors",
    "SubscriptionRequestDict": ".types",
    "SubscriptionStatusDict": ".types",
    "SubscriptionTimeout": ".errors",
    "Superseded": ".errors",
    "Tunnel": ".Tunnel",
    "TunnelAnswerDict": ".types",
    "TunnelEnded": ".errors",
    "TunnelError": ".errors",
    "TunnelErrorDict": ".types",
    "TunnelMessageDict": ".types",
    "TunnelSendDict": ".types",
    "WriteProblemDict": ".types",
    "WindowDict": ".types",
    "WindowErrorDict": ".types",
    "WindowEventDict": ".types",
    "WindowOptionsDict": ".types",
    "WindowReferenceDict": ".types",
    "Windows": ".Windows",
    "method_handler": ".app.handlers",
    "portable_value": ".wire.values",
    "returned_value": ".app.results",
    "stream_handler": ".app.stream_handlers",
    "subscription_handler": ".app.subscription_handlers",
    "tunnel_handler": ".app.tunnel_handlers",
}

_js_dist = [
    {"relative_package_path": "dash_interop.min.js", "namespace": "dash_interop"},
    {"relative_package_path": "async-core.js", "namespace": "dash_interop", "async": True},
    {
        "relative_package_path": "dash_interop.min.js.map",
        "namespace": "dash_interop",
        "dynamic": True,
    },
    {"relative_package_path": "async-core.js.map", "namespace": "dash_interop", "dynamic": True},
    {"dev_package_path": "proptypes.js", "namespace": "dash_interop", "dev_only": True},
]
_css_dist: list[Any] = []


def _version() -> str:
    package = Path(__file__).with_name("package-info.json")
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = _version()
    elif name in _MODULES:
        if _MODULES[name].startswith((".app", f".{name}")):
            _serve_routes()
        value = getattr(import_module(_MODULES[name], __name__), name)
        if _MODULES[name] == f".{name}":
            value = import_module(".app.props", __name__).checked_when_made(value)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _serve_routes() -> None:
    for module in ("login", "signatures", "problems"):
        import_module(f".app.{module}", __name__)


# Dash reads hooks when an app is made, which may be before the first component is. A process that
# has not loaded Dash by now, such as a gateway, does not need it for our sake.
if "dash" in sys.modules:
    _serve_routes()
