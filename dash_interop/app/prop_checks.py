"""
What is wrong with the props of a component, found in Python: the rules of the page, which finds the
same in what callbacks write later. Each check raises an ``InteropError``; props that were not given
may be missing, and ``None`` is as good as that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from ..errors import (
    ConfigError,
    InvalidArguments,
    InvalidContext,
    InvalidInvoke,
    RegistrationError,
    SignatureError,
)
from ..peer.context_rules import (
    check_if_version,
    check_name,
    plain_data,
    read_paths,
    update_of,
)
from ..peer.deadlines import time_problem
from ..peer.targets import read_instances, read_target
from ..wire.channels import is_reserved
from ..wire.definitions import read_definition
from ..wire.history import read_history
from ..wire.keys import hint, unknown_key
from ..wire.signature import parse

__all__ = [
    "INVOKE_KEYS",
    "OPTION_KEYS",
    "check_context",
    "check_contexts",
    "check_channel_selector",
    "check_channels",
    "check_discovery",
    "check_glue42",
    "check_method_invoke",
    "check_method_register",
    "check_notifications",
    "check_signatures",
    "check_stream_publish",
    "check_stream_subscribe",
    "check_tunnel",
    "check_windows",
]

INVOKE_KEYS: Final = ("definition", "argumentObj", "target", "options", "invocationId")
OPTION_KEYS: Final = ("methodResponseTimeoutMs", "waitTimeoutMs")
_SETTINGS_KEYS: Final = ("type", "web", "webPlatform", "desktop")
_PAGE_TYPES: Final = ("client", "platform")
_MODES: Final = ("off", "warn", "strict")
_TEXT_FILTERS: Final = ("name", "displayName", "description", "accepts", "returns")
_DELIVERIES: Final = ("every", "batch", "latest")
_CHANNEL_MODES: Final = ("single", "multi")
_DISPLAYS: Final = ("auto", "toast", "none")
_CLIENTSIDE_KEYS: Final = ("namespace", "function_name")
_CONTEXT_DELIVERIES: Final = ("every", "latest")
_CONTEXT_WRITES: Final = {
    "update": ("name", "data", "ifVersion"),
    "set": ("name", "data", "ifVersion"),
    "setPath": ("name", "path", "data", "ifVersion"),
    "setPaths": ("name", "paths", "ifVersion"),
    "destroy": ("name", "ifVersion"),
}
"""The props of a ``Contexts`` that callbacks write to, with the keys of their dicts."""


def check_method_register(props: Mapping[str, Any]) -> None:
    """
    Raises:
        RegistrationError: A ``MethodRegister`` with these props could not offer its method.
    """
    read_definition(props.get("definition", ""))
    returns = props.get("returns")
    if not isinstance(returns, bool):
        raise RegistrationError(
            "returns has to be True, where callers get a result, or False, where they are only "
            f"told that the invocation was accepted; not {returns!r}"
        )
    timeout = props.get("methodResponseTimeoutMs")
    problem = _milliseconds_problem("methodResponseTimeoutMs", timeout)
    if problem is not None:
        raise RegistrationError(problem)
    mode = props.get("validate")
    if mode is not None and mode not in _MODES:
        raise RegistrationError(f"validate cannot be {mode!r}: {hint(str(mode), _MODES)}")
    problem = _clientside_problem(props.get("clientsideHandler"))
    if problem is not None:
        raise RegistrationError(problem)


def check_signatures(props: Mapping[str, Any]) -> None:
    """
    Raises:
        RegistrationError: An ``accepts`` or ``returns`` is malformed; the text says where.
    """
    definition = props.get("definition")
    if not isinstance(definition, Mapping):
        return
    fields = cast("Mapping[str, Any]", definition)
    for field in ("accepts", "returns"):
        text = fields.get(field)
        if not isinstance(text, str):
            continue
        try:
            parse(text)
        except SignatureError as error:
            name = fields.get("name")
            raise RegistrationError(f"the {field} of {name} is malformed: {error}") from error


def check_method_invoke(props: Mapping[str, Any]) -> None:
    """
    Raises:
        InvalidInvoke: The ``invoke`` that it begins with cannot be understood.
        InvalidArguments: Its arguments are not a dict.
    """
    invoke = props.get("invoke")
    if invoke is None:
        return
    fields = _read_dict("invoke", invoke, INVOKE_KEYS, InvalidInvoke)
    if fields.get("definition") is None:
        raise InvalidInvoke("invoke needs a definition: the name of a method or a dict with a name")
    options = _read_dict("options", fields.get("options") or {}, OPTION_KEYS, InvalidInvoke)
    _check_request(fields["definition"], fields.get("argumentObj"), fields.get("target"), options)


def _check_request(definition: Any, arguments: Any, target: Any, times: Mapping[str, Any]) -> None:
    """What an invocation and a subscription have in common."""
    try:
        read_definition(definition)
    except RegistrationError as error:
        raise InvalidInvoke(str(error)) from error
    if arguments is not None and not isinstance(arguments, Mapping):
        kind = type(arguments).__name__
        raise InvalidArguments(f"The arguments have to be a dict, not {kind}")
    read_target(target)
    problem = _milliseconds_problem(
        "methodResponseTimeoutMs", times.get("methodResponseTimeoutMs")
    ) or _milliseconds_problem("waitTimeoutMs", times.get("waitTimeoutMs"), or_zero=True)
    if problem is not None:
        raise InvalidInvoke(problem)


def check_stream_subscribe(props: Mapping[str, Any]) -> None:
    """
    Raises:
        InvalidInvoke: A ``StreamSubscribe`` with these props could not subscribe, or could not give
            its data to callbacks.
        InvalidArguments: Its arguments are not a dict.
    """
    _check_request(props.get("definition", ""), props.get("arguments"), props.get("target"), props)
    delivery = props.get("delivery") or "every"
    if delivery not in _DELIVERIES:
        raise InvalidInvoke(f"delivery cannot be {delivery!r}: {hint(str(delivery), _DELIVERIES)}")
    problem = (
        _key_problem(props.get("key"), delivery)
        or _rate_problem(props.get("maxRate"))
        or _count_problem("maxWaiting", props.get("maxWaiting"))
        or _clientside_problem(props.get("clientsideHandler"))
    )
    if problem is not None:
        raise InvalidInvoke(problem)


def check_discovery(props: Mapping[str, Any]) -> None:
    """
    Raises:
        ConfigError: A filter cannot be understood.
    """
    for name in _TEXT_FILTERS:
        if not isinstance(props.get(name), str | None):
            raise ConfigError(f"{name} has to be a string, not {props[name]!r}")
    version = props.get("version")
    if isinstance(version, bool) or not isinstance(version, int | float | None):
        raise ConfigError(f"version has to be a number, not {version!r}")
    types = props.get("objectTypes")
    if types is not None and not _is_list_of(str, types):
        raise ConfigError(f"objectTypes has to be a list of strings, not {types!r}")
    if not isinstance(props.get("streamsOnly"), bool | None):
        raise ConfigError(f"streamsOnly has to be True or False, not {props['streamsOnly']!r}")
    _check_instance(props.get("instance"))


def _check_instance(instance: Any) -> None:
    if instance is None:
        return
    filters: Any = [instance] if isinstance(instance, Mapping) else instance
    if not _is_list_of(Mapping, filters):
        raise ConfigError(f"instance has to be a dict or a list of dicts, not {instance!r}")
    try:
        read_instances(filters, "instance's")
    except InvalidInvoke as error:
        raise ConfigError(str(error)) from error


def _is_list_of(kind: type, value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(each, kind) for each in cast("list[Any]", value)
    )


def check_stream_publish(props: Mapping[str, Any]) -> None:
    """
    Raises:
        RegistrationError: A ``StreamPublish`` with these props could not offer its stream.
    """
    read_definition(props.get("definition", ""))
    for name in ("active", "autoAccept"):
        value = props.get(name)
        if value is not None and not isinstance(value, bool):
            raise RegistrationError(f"{name} has to be True or False, not {value!r}")
    timeout = props.get("requestTimeoutMs")
    problem = _milliseconds_problem("requestTimeoutMs", timeout)
    if problem is not None:
        raise RegistrationError(problem)
    read_history(props.get("history"))


def check_channels(props: Mapping[str, Any]) -> None:
    """
    Raises:
        ConfigError: The ``mode`` is none.
    """
    mode = props.get("mode")
    if mode is not None and mode not in _CHANNEL_MODES:
        raise ConfigError(
            f"mode has to be 'single' or 'multi', not {mode!r}: {hint(str(mode), _CHANNEL_MODES)}"
        )


def check_channel_selector(props: Mapping[str, Any]) -> None:
    """
    Raises:
        ConfigError: The ``channels`` to choose from are no list of names.
    """
    channels = props.get("channels")
    if channels is not None and not _is_list_of(str, channels):
        raise ConfigError(f"channels has to be a list of names, not {channels!r}")


def check_context(props: Mapping[str, Any]) -> None:
    """
    Raises:
        InvalidContext: A ``Context`` with these props has no name that it can use, or begins with a
            write that cannot be carried out.
    """
    name = props.get("contextName")
    if name is None:
        name = props.get("id")
        if not isinstance(name, str):
            raise InvalidContext("contextName is needed where the id is not a string")
    _check_context_name(name)
    delivery = props.get("delivery") or "every"
    if delivery not in _CONTEXT_DELIVERIES:
        known = hint(str(delivery), _CONTEXT_DELIVERIES)
        raise InvalidContext(f"delivery cannot be {delivery!r}: {known}")
    if props.get("update") is not None:
        update_of(props["update"])
    if props.get("set") is not None:
        plain_data(props["set"])


def check_contexts(props: Mapping[str, Any]) -> None:
    """
    Raises:
        InvalidContext: A write that a ``Contexts`` begins with cannot be carried out.
    """
    for prop, keys in _CONTEXT_WRITES.items():
        written = props.get(prop)
        entries = cast("list[Any]", written) if isinstance(written, list | tuple) else [written]
        for entry in entries:
            if entry is not None:
                _check_context_write(prop, _read_dict(prop, entry, keys, InvalidContext))


def _check_context_write(prop: str, fields: Mapping[str, Any]) -> None:
    _check_context_name(fields.get("name"))
    check_if_version(fields.get("ifVersion"))
    if prop == "update":
        update_of(fields.get("data"))
    elif prop == "set":
        plain_data(fields.get("data"))
    elif prop == "setPath":
        read_paths([(fields.get("path"), fields.get("data"))])
    elif prop == "setPaths":
        read_paths([_read_path(entry) for entry in fields.get("paths") or ()])


def _read_path(entry: Any) -> tuple[Any, Any]:
    fields = _read_dict("An entry of paths", entry, ("path", "value"), InvalidContext)
    return fields.get("path"), fields.get("value")


def _check_context_name(name: Any) -> None:
    check_name(name)
    if is_reserved(name):
        raise InvalidContext(
            f"{name!r} cannot be used: names that begin with ___ are those of channels and "
            "windows, which have components of their own"
        )


def check_notifications(props: Mapping[str, Any]) -> None:
    """
    What a notification may have is left to the page: that of a platform is for the platform to say.

    Raises:
        ConfigError: A prop cannot be understood.
    """
    display = props.get("display")
    if display is not None and display not in _DISPLAYS:
        raise ConfigError(f"display cannot be {display!r}: {hint(str(display), _DISPLAYS)}")
    problem = _milliseconds_problem("toastMs", props.get("toastMs"))
    if problem is not None:
        raise ConfigError(problem)
    raised = props.get("raise")
    for each in cast("list[Any]", raised) if isinstance(raised, list | tuple) else (raised,):
        if each is None:
            continue
        if not isinstance(each, Mapping):
            raise ConfigError(f"raise has to be a dict, or a list of dicts, not {each!r}")
        title = cast("Mapping[str, Any]", each).get("title")
        if not isinstance(title, str) or not title:
            raise ConfigError("raise needs a title, a non-empty string")


def check_tunnel(props: Mapping[str, Any]) -> None:
    """
    Raises:
        ConfigError: Nobody could find a ``Tunnel`` with these props, or ``batch`` is not a bool.
    """
    if not props.get("id"):
        raise ConfigError("it needs an id, by which JavaScript and callbacks find it")
    batch = props.get("batch")
    if not isinstance(batch, bool | None):
        raise ConfigError(f"batch has to be True or False, not {batch!r}")


def check_windows(props: Mapping[str, Any]) -> None:
    """
    Which options there are is left to the page, as those of a platform are for it to say.

    Raises:
        ConfigError: A window that is to be opened cannot be.
    """
    opened = props.get("open")
    for each in cast("list[Any]", opened) if isinstance(opened, list | tuple) else (opened,):
        if each is None:
            continue
        fields = _read_dict("open", each, ("name", "url", "options"), ConfigError)
        for key in ("name", "url"):
            if not isinstance(fields.get(key), str) or not fields[key]:
                raise ConfigError(f"open needs a {key}, a non-empty string")
        if not isinstance(fields.get("options"), Mapping | None):
            raise ConfigError(f"The options have to be a dict, not {fields['options']!r}")


def check_glue42(props: Mapping[str, Any]) -> None:
    """
    Raises:
        ConfigError: The ``settings`` cannot be understood.
    """
    settings = props.get("settings")
    if settings is None:
        return
    for key, value in _read_dict("settings", settings, _SETTINGS_KEYS, ConfigError).items():
        if value is None:
            continue
        if key != "type":
            _read_dict(f"settings[{key!r}]", value, ("config",), ConfigError)
        elif value not in _PAGE_TYPES:
            raise ConfigError(f"settings['type'] cannot be {value!r}: {hint(value, _PAGE_TYPES)}")


def _read_dict(
    name: str,
    value: Any,
    keys: tuple[str, ...],
    error: type[InvalidInvoke] | type[ConfigError] | type[InvalidContext],
) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise error(f"{name} has to be a dict, not {value!r}")
    fields = cast("Mapping[str, Any]", value)
    problem = unknown_key(name, fields, keys)
    if problem is not None:
        raise error(problem)
    return fields


def _milliseconds_problem(name: str, value: Any, *, or_zero: bool = False) -> str | None:
    if value is None:
        return None
    return time_problem(name, value, unit="milliseconds", or_zero=or_zero)


def _key_problem(key: Any, delivery: str) -> str | None:
    if key is None:
        return None
    if not isinstance(key, str) or not key:
        return f"key has to be the name of a field, not {key!r}"
    if delivery != "latest":
        return f"key is for delivery 'latest', and delivery is {delivery!r}"
    return None


def _rate_problem(rate: Any) -> str | None:
    if rate is None or (isinstance(rate, int | float) and not isinstance(rate, bool) and rate > 0):
        return None
    return f"maxRate has to be a positive number of deliveries per second, not {rate!r}"


def _count_problem(name: str, count: Any) -> str | None:
    if count is None or (isinstance(count, int) and not isinstance(count, bool) and count >= 1):
        return None
    return f"{name} has to be a whole number of data, 1 or more, not {count!r}"


def _clientside_problem(handler: Any) -> str | None:
    if handler is None:
        return None
    if not isinstance(handler, Mapping):
        return (
            "clientsideHandler has to be a dict with a namespace and a function_name, not "
            f"{handler!r}"
        )
    fields = cast("Mapping[str, Any]", handler)
    problem = unknown_key("clientsideHandler", fields, _CLIENTSIDE_KEYS)
    if problem is not None:
        return problem
    for key in _CLIENTSIDE_KEYS:
        if not isinstance(fields.get(key), str) or not fields[key]:
            return f"clientsideHandler needs a {key}, a non-empty string"
    return None
