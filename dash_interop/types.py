"""
The dicts that components and clients give and take, for type checkers: a key that is misspelt is
found where it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from typing_extensions import NotRequired, TypedDict

__all__ = [
    "AnswerDict",
    "BranchDict",
    "CancelDict",
    "CancelledDict",
    "ChannelDict",
    "ChannelExtraDict",
    "ChannelNameDict",
    "ChannelProblemDict",
    "ChannelPublishDict",
    "ClientsideHandlerDict",
    "CloseDict",
    "ContextChangeDict",
    "ContextDataWriteDict",
    "ContextDestroyDict",
    "ContextPathWriteDict",
    "ContextPathsWriteDict",
    "DatumDict",
    "DecisionDict",
    "DefinitionDict",
    "DiscoveryEventDict",
    "ErrorDict",
    "FailureDict",
    "FilterDict",
    "HandlerErrorDict",
    "HistoryDict",
    "InvocationDict",
    "InvocationResultDict",
    "InvokeDict",
    "InvokeOptionsDict",
    "JoinedChannelDict",
    "NotificationActionDict",
    "NotificationDict",
    "NotificationErrorDict",
    "NotificationEventDict",
    "NotificationInteropDict",
    "NotificationReportDict",
    "NotificationStateDict",
    "PathValueDict",
    "ProblemDict",
    "ProgressDict",
    "ProgressEventDict",
    "PushDict",
    "ResultDict",
    "ReturnValueDict",
    "SnapshotDict",
    "SubscriptionDict",
    "SubscriptionRequestDict",
    "SubscriptionStatusDict",
    "Target",
    "TunnelAnswerDict",
    "TunnelErrorDict",
    "TunnelMessageDict",
    "TunnelSendDict",
    "UpdaterDict",
    "WindowDict",
    "WindowErrorDict",
    "WindowEventDict",
    "WindowOptionsDict",
    "WindowReferenceDict",
    "WriteProblemDict",
]

InstanceDict: TypeAlias = "dict[str, Any]"
"""An instance, or the fields that a target has to match. Any key may occur: peers choose them."""

Target: TypeAlias = (
    Literal["best", "all", "skipMine"] | InstanceDict | Sequence[InstanceDict] | None
)
"""Which servers an invocation goes to, as a component takes it."""

ErrorType: TypeAlias = Literal[
    "InvalidInvoke",
    "NotConnected",
    "MethodNotFound",
    "InvalidArguments",
    "InvalidResult",
    "HandlerFailed",
    "NoResult",
    "Timeout",
    "cancelled",
    "Overloaded",
    "TooLarge",
    "ServerGone",
    "ConnectionLost",
]
"""One word for what went wrong. ``dash_interop.errors`` has a class for each."""

DeliveredWord: TypeAlias = Literal["no", "yes", "unknown"]
"""Whether an invocation that a lost connection ended has reached the handler."""


class _DefinitionFields(TypedDict, total=False):
    accepts: str | None
    returns: str | None
    displayName: str | None
    description: str | None
    objectTypes: list[str] | None
    version: float | None
    supportsStreaming: bool
    flags: dict[str, Any] | None


class DefinitionDict(_DefinitionFields):
    """What a method is: ``MethodRegister.definition``, and what a client takes in its place."""

    name: str


class FilterDict(_DefinitionFields, total=False):
    """A definition with some of its fields; ``name`` may be missing, too."""

    name: str


class HistoryDict(TypedDict):
    """What a publisher keeps: ``history`` of ``create_stream`` and ``StreamPublish``."""

    size: int
    key: NotRequired[str | None]


class DiscoveryEventDict(TypedDict):
    """An entry of ``Discovery.events``: a method or a server that comes or goes."""

    type: Literal[
        "methodAdded",
        "methodRemoved",
        "serverAdded",
        "serverRemoved",
        "serverMethodAdded",
        "serverMethodRemoved",
    ]
    method: DefinitionDict | None
    server: InstanceDict | None
    sequence: int


class CancelDict(TypedDict):
    """``MethodInvoke.cancel``: an invocation to cancel."""

    invocationId: str


class InvokeOptionsDict(TypedDict):
    """``MethodInvoke.invoke["options"]``, in milliseconds."""

    methodResponseTimeoutMs: NotRequired[float | None]
    waitTimeoutMs: NotRequired[float | None]


class InvokeDict(TypedDict):
    """``MethodInvoke.invoke``: what a callback writes to have a method invoked."""

    definition: str | DefinitionDict
    argumentObj: NotRequired[dict[str, Any] | None]
    target: NotRequired[Target]
    options: NotRequired[InvokeOptionsDict | None]
    invocationId: NotRequired[str | None]


class ReturnValueDict(TypedDict):
    """What one instance returned."""

    returned: Any
    executed_by: InstanceDict | None
    called_with: dict[str, Any]
    method: DefinitionDict
    message: str
    status: int


class FailureDict(TypedDict):
    """Why one instance returned nothing."""

    executed_by: InstanceDict | None
    called_with: dict[str, Any]
    name: str
    message: str
    type: NotRequired[ErrorType]
    exception: NotRequired[str]
    delivered: NotRequired[DeliveredWord]
    returned: NotRequired[dict[str, Any]]


class InvocationResultDict(ReturnValueDict):
    """What all servers returned; ``returned`` is what the first one returned."""

    all_return_values: list[ReturnValueDict]
    all_errors: list[FailureDict]


class ErrorDict(TypedDict):
    """Why an invocation failed."""

    message: str
    type: NotRequired[ErrorType]
    exception: NotRequired[str]
    delivered: NotRequired[DeliveredWord]
    returned: NotRequired[dict[str, Any]]
    all_errors: list[FailureDict]


class ResultDict(TypedDict):
    """``MethodInvoke.result``: how an invocation ended, with a result or an error."""

    invocationId: str | None
    invocationResult: InvocationResultDict | None
    error: ErrorDict | None
    sequence: int


class ProgressEventDict(TypedDict):
    """``MethodInvoke.progress``: how far an invocation is."""

    invocationId: str | None
    value: Any
    executed_by: InstanceDict | None
    sequence: int


class InvocationDict(TypedDict):
    """``MethodRegister.invoke``: an invocation to handle."""

    invocationId: str
    args: dict[str, Any]
    caller: InstanceDict


class CancelledDict(TypedDict):
    """``MethodRegister.cancelled``: an invocation for whose result nobody waits any more."""

    invocationId: str
    reason: Literal["cancelled", "timeout", "left"]
    caller: InstanceDict


class ProgressDict(TypedDict):
    """``MethodRegister.progress``: how far an invocation is."""

    invocationId: str
    value: Any


class HandlerErrorDict(TypedDict):
    """What a callback answers in place of a result; ``type`` names the exception."""

    message: str
    type: NotRequired[str]
    interopType: NotRequired[ErrorType]


class AnswerDict(TypedDict):
    """``MethodRegister.result``: the answer to an invocation."""

    invocationId: str
    invocationResult: NotRequired[Any]
    error: NotRequired[HandlerErrorDict | str | None]


class ProblemDict(TypedDict):
    """The ``error`` of a component: what is wrong, such as why a method is not registered."""

    message: str


class SubscriptionRequestDict(TypedDict):
    """``StreamPublish.request``: the wish of an instance to subscribe."""

    requestId: str
    arguments: dict[str, Any]
    caller: InstanceDict


class DecisionDict(TypedDict):
    """``StreamPublish.decision``: one of ``accept``, ``branch`` and ``reject``."""

    requestId: str
    accept: NotRequired[bool | None]
    branch: NotRequired[str | None]
    reject: NotRequired[str | None]


class SubscriptionDict(TypedDict):
    """One who gets what a ``StreamPublish`` pushes."""

    subscriptionId: str
    arguments: dict[str, Any]
    branch: str | None
    subscriber: InstanceDict


class BranchDict(TypedDict):
    """An entry of ``StreamPublish.branches``: a key, and how many subscribers have it."""

    key: str
    count: int


class PushDict(TypedDict):
    """``StreamPublish.push``: data for all subscribers, for those of branches, or for one."""

    data: dict[str, Any]
    branch: NotRequired[str | list[str] | None]
    subscriptionId: NotRequired[str | None]


class SnapshotDict(TypedDict):
    """``StreamPublish.snapshot``: data for one subscriber."""

    subscriptionId: str
    data: dict[str, Any]


class CloseDict(TypedDict):
    """``StreamPublish.close``: the subscription, or the branch, that is to end."""

    subscriptionId: NotRequired[str | None]
    branch: NotRequired[str | None]


class ChannelDict(TypedDict):
    """An entry of ``Channels.list``: a channel and what is on it."""

    name: str
    meta: dict[str, Any]
    data: dict[str, Any]


class ChannelExtraDict(TypedDict):
    """Who has changed a channel last, and the number of that change."""

    updaterId: str | None
    isMineUpdate: bool
    isMyUpdate: bool
    sequence: int


class JoinedChannelDict(ChannelDict):
    """``Channels.my``: a channel that the page is on, after its last change."""

    extraData: ChannelExtraDict


class ChannelNameDict(TypedDict):
    """``Channels.join`` and ``Channels.leave``; no name is the channels that the page is on."""

    name: NotRequired[str | None]


class ChannelPublishDict(TypedDict):
    """``Channels.publish``: data for a channel, or for those that the page is on."""

    data: dict[str, Any]
    name: NotRequired[str | None]
    fdc3: NotRequired[bool | None]


class ChannelProblemDict(ProblemDict):
    """``Channels.error``: what is wrong, and with what that was written."""

    operation: NotRequired[Literal["join", "leave", "publish", "mode"]]
    name: NotRequired[str | None]
    sequence: NotRequired[int]


class ClientsideHandlerDict(TypedDict):
    """``clientsideHandler``: a function of ``window.dash_clientside[namespace]``."""

    namespace: str
    function_name: str


class DatumDict(TypedDict):
    """``StreamSubscribe.data``: what was pushed to it; with ``delivery="batch"`` a list of such."""

    data: Any
    private: bool
    requestArguments: dict[str, Any]
    server: InstanceDict
    sequence: int
    replaced: NotRequired[int]


class SubscriptionStatusDict(TypedDict):
    """``StreamSubscribe.status``: how the subscription is."""

    state: Literal["connecting", "open", "closed", "rejected", "failed"]
    reason: str | None
    gap: bool
    recovered: bool | None
    lost: int
    servers: list[InstanceDict]


class UpdaterDict(TypedDict):
    """``Context.context["extraData"]``: who has written; ``isMineUpdate`` is ``isMyUpdate``."""

    updaterId: str | None
    isMineUpdate: bool
    isMyUpdate: bool


class ContextChangeDict(TypedDict):
    """``Context.context``: a change of a context, or the value that is there at first."""

    data: dict[str, Any]
    delta: dict[str, Any]
    removed: list[str]
    extraData: UpdaterDict
    version: int | None
    destroyed: bool
    sequence: int
    replaced: NotRequired[int]


class ContextDataWriteDict(TypedDict):
    """``Contexts.update`` and ``Contexts.set``: keys to set, or a new value."""

    name: str
    data: dict[str, Any]
    ifVersion: NotRequired[int | None]


class ContextPathWriteDict(TypedDict):
    """``Contexts.setPath``: what to set below the top level; ``None`` removes it."""

    name: str
    path: str
    data: Any
    ifVersion: NotRequired[int | None]


class PathValueDict(TypedDict):
    """What to set at a path; ``None`` removes it."""

    path: str
    value: Any


class ContextPathsWriteDict(TypedDict):
    """``Contexts.setPaths``: several paths in one change."""

    name: str
    paths: list[PathValueDict]
    ifVersion: NotRequired[int | None]


class ContextDestroyDict(TypedDict):
    """``Contexts.destroy``: the context that is to end."""

    name: str
    ifVersion: NotRequired[int | None]


class WriteProblemDict(TypedDict):
    """The ``error`` of a ``Context`` or a ``Contexts`` where a write was not carried out."""

    message: str
    operation: Literal["update", "set", "setPath", "setPaths", "destroy"]
    name: Any
    type: Literal["ContextConflict", "ContextError"]
    sequence: int


class NotificationInteropDict(TypedDict):
    """The method that a click on a notification invokes, or the choice of an action."""

    method: str
    arguments: NotRequired[dict[str, Any] | None]
    target: NotRequired[Literal["best", "all"] | None]


class NotificationActionDict(TypedDict):
    """An entry of ``actions`` of a notification: a button of it."""

    action: str
    title: str
    icon: NotRequired[str | None]
    interop: NotRequired[NotificationInteropDict | None]


class NotificationDict(TypedDict):
    """``Notifications.raise``: what a notification says and does."""

    title: str
    body: NotRequired[str | None]
    icon: NotRequired[str | None]
    image: NotRequired[str | None]
    badge: NotRequired[str | None]
    tag: NotRequired[str | None]
    lang: NotRequired[str | None]
    dir: NotRequired[Literal["auto", "ltr", "rtl"] | None]
    data: NotRequired[Any]
    timestamp: NotRequired[float | None]
    vibrate: NotRequired[list[int] | None]
    renotify: NotRequired[bool | None]
    requireInteraction: NotRequired[bool | None]
    silent: NotRequired[bool | None]
    severity: NotRequired[Literal["None", "Low", "Medium", "High", "Critical"] | None]
    clickInterop: NotRequired[NotificationInteropDict | None]
    actions: NotRequired[list[NotificationActionDict] | None]
    showToast: NotRequired[bool | None]
    showInPanel: NotRequired[bool | None]
    focusPlatformOnDefaultClick: NotRequired[bool | None]
    state: NotRequired[str | None]


class NotificationStateDict(TypedDict):
    """An entry of ``Notifications.active``: a notification that is not closed."""

    id: str
    settings: NotificationDict


class NotificationEventDict(TypedDict):
    """``Notifications.raised``, ``clicked``, ``action`` and ``closed``: what has become of one."""

    id: str
    settings: NotificationDict
    data: Any
    sequence: int
    action: NotRequired[str]
    reason: NotRequired[
        Literal["user", "click", "action", "timeout", "replaced", "page", "platform"]
    ]


class NotificationReportDict(TypedDict):
    """``Notifications.report``: what a user has done with a notification."""

    id: str
    type: Literal["click", "action", "close"]
    action: NotRequired[str | None]


class NotificationErrorDict(TypedDict):
    """``Notifications.error``: what went wrong last."""

    message: str
    operation: NotRequired[Literal["raise", "report", "requestPermission", "interop"]]
    id: NotRequired[str]
    type: NotRequired[ErrorType]
    sequence: int


class TunnelMessageDict(TypedDict):
    """``Tunnel.message``: what the JavaScript has sent; with ``batch`` a list of such."""

    version: int
    data: Any
    requestId: str | None
    sequence: int


class TunnelSendDict(TypedDict):
    """``Tunnel.send``: a message for the JavaScript, where it is no text or number."""

    data: Any
    version: NotRequired[int | None]


class TunnelAnswerDict(TypedDict):
    """``Tunnel.answer``: the answer to a request, or to a message by its version."""

    requestId: NotRequired[str | None]
    version: NotRequired[int | None]
    data: NotRequired[Any]
    error: NotRequired[HandlerErrorDict | str | None]


class TunnelErrorDict(TypedDict):
    """``Tunnel.error``: what went wrong last."""

    message: str
    sequence: int


class WindowOptionsDict(TypedDict):
    """``options`` of ``Windows.open``: pixels, and what the page in the window is given."""

    top: NotRequired[float | None]
    left: NotRequired[float | None]
    width: NotRequired[float | None]
    height: NotRequired[float | None]
    context: NotRequired[dict[str, Any] | None]


class WindowDict(TypedDict):
    """``Windows.open``: a window to open."""

    name: str
    url: str
    options: NotRequired[WindowOptionsDict | None]


class WindowReferenceDict(TypedDict):
    """``Windows.close`` and ``focus``: a window that is open, by its name or its id."""

    id: NotRequired[str | None]
    name: NotRequired[str | None]


class WindowEventDict(TypedDict):
    """``Windows.opened``, ``closed`` and ``focused``: what has become of a window."""

    id: str
    name: str
    url: str
    sequence: int


class WindowErrorDict(TypedDict):
    """``Windows.error``: what went wrong last."""

    message: str
    operation: Literal["open", "close", "focus"]
    sequence: int
