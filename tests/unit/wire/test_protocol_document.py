"""docs/protocol.md has every message, field, reason, code and limit of the code, and no other."""

import ast
import importlib
import json
import pkgutil
import re
from pathlib import Path

import msgspec
import pytest
from msgspec import UNSET
from msgspec import inspect as types
from websockets.frames import CloseCode

import dash_interop
from dash_interop import wire
from dash_interop.app.login import LOGIN_ROUTE
from dash_interop.app.problems import PROBLEM_ROUTE
from dash_interop.app.signatures import SIGNATURE_ROUTE
from dash_interop.errors import SAID_BY_SERVERS
from dash_interop.gateway.config import GatewayConfig
from dash_interop.gateway.paths import IDENTITY_PATH
from dash_interop.gateway.server import domains
from dash_interop.router.limits import Limits
from dash_interop.router.principals import Remote
from dash_interop.router.router import Router
from dash_interop.router.switchboard import Switchboard
from dash_interop.wire import login
from dash_interop.wire.codec import Codec, encode
from dash_interop.wire.definitions import WireMethod
from dash_interop.wire.envelope import GLOBAL, Error, Inbound, Refused, Success
from dash_interop.wire.history import Announcement, Position
from tests.support.room import BelieveLogins, frames_of, settled

PACKAGE = Path(dash_interop.__file__).parent
TEXT = (PACKAGE.parent / "docs" / "protocol.md").read_text(encoding="utf-8")

MODULES = [
    module
    for found in pkgutil.iter_modules(wire.__path__)
    for module in [importlib.import_module(f"{wire.__name__}.{found.name}")]
    if hasattr(module, "VOCABULARY")
]
VOCABULARIES = [module.VOCABULARY for module in MODULES]
CODEC = Codec(VOCABULARIES)

ACCEPTED = {
    (vocabulary.domain, name): type_
    for vocabulary in VOCABULARIES
    for name, type_ in vocabulary.accepted.items()
}
SENT = {
    (vocabulary.domain, type_.__struct_config__.tag): type_
    for vocabulary in VOCABULARIES
    for type_ in vocabulary.sent
} | {(None, type_.__struct_config__.tag): type_ for type_ in (Success, Error)}
"""Those of all domains are under ``None``."""

CLOSE_CODES = (*range(1001, 1016), *range(4000, 4096))
"""Numbers that are close codes wherever they stand in these files; 1000 may also be a number of
milliseconds."""
SPEAKERS = ["errors.py", "gateway", "router", "transport", "client/socket.py"]


# Reading the document


def sections():
    """The text below each heading, and the heading of the section of its domain."""
    domain = None
    for part in re.split(r"^(?=##)", TEXT, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        if heading.startswith("## "):
            named = re.search(r"The domain `(\w+)`", heading)
            domain = named[1] if named else None
        yield domain, heading, body


def rows(body):
    """The rows of the tables in a text that begin with code: its words, and the other cells."""
    found = {}
    for line in body.splitlines():
        if line.startswith("| `"):
            first, *others = [cell.strip() for cell in line.strip("|").split(" | ")]
            for name in re.findall(r"`([^`]+)`", first):
                assert name not in found, f"{name} stands in the table twice"
                found[name] = [cell.strip() for cell in others]
    return found


def section(words):
    (body,) = [body for _, heading, body in sections() if heading.endswith(words)]
    return body


def messages(words):
    return {
        (domain, named[1]): rows(body)
        for domain, heading, body in sections()
        if (named := re.fullmatch(rf"### [\d.]+ `([\w-]+)`, from {words}", heading))
    }


FROM_PEERS = messages("a peer")
FROM_GATEWAY = messages("the gateway")
ENVELOPE = rows(section("The envelope"))


# Reading the code


def described(type_, *common):
    """The fields of a message, without the common ones, each with its default as it is written."""
    return {
        field.encode_name: default_of(field)
        for field in msgspec.structs.fields(type_)
        if field.encode_name not in common
    }


def default_of(field):
    if field.default is UNSET:
        return "absent"
    if field.required:
        return "-"
    made = field.default_factory() if callable(field.default_factory) else field.default
    return f"`{encode(made).decode()}`"


def defaults_in(table):
    return {name: cells[1] for name, cells in table.items()}


def test_the_document_has_all_messages_of_peers_and_no_others():
    assert FROM_PEERS.keys() == ACCEPTED.keys()


def test_the_document_has_all_messages_of_the_gateway_and_no_others():
    assert FROM_GATEWAY.keys() == SENT.keys()


def test_the_envelope_is_what_all_messages_have():
    carried = {field.encode_name for field in msgspec.structs.fields(Inbound)}
    assert ENVELOPE.keys() == carried | {"domain", "type"}


@pytest.mark.parametrize(("key", "type_"), ACCEPTED.items(), ids=lambda key: str(key))
def test_the_fields_of_a_message_of_a_peer_are_documented(key, type_):
    assert defaults_in(FROM_PEERS[key]) == described(type_, "request_id", "peer_id")


@pytest.mark.parametrize(("key", "type_"), SENT.items(), ids=lambda key: str(key))
def test_the_fields_of_a_message_of_the_gateway_are_documented(key, type_):
    assert defaults_in(FROM_GATEWAY[key]) == described(type_, "peer_id", "domain")


def objects_in_messages():
    """The objects with fields of their own, by the field that they stand in."""
    for type_ in [*ACCEPTED.values(), *SENT.values()]:
        for field in msgspec.structs.fields(type_):
            inside = types.type_info(field.type)
            while isinstance(inside, types.ListType | types.VarTupleType):
                inside = inside.item_type
            if isinstance(inside, types.StructType):
                yield field.encode_name, inside.cls


def test_the_objects_within_messages_are_documented():
    found = dict(objects_in_messages())
    assert found
    for name, type_ in found.items():
        pattern = rf"### [\d.]+ The objects? (?:of )?`{name}`"
        (body,) = [body for _, heading, body in sections() if re.fullmatch(pattern, heading)]
        assert defaults_in(rows(body)) == described(type_), name


def test_the_description_of_a_method_is_documented():
    # Which the gateway relays, and reads this one of.
    fields = described(WireMethod).keys() | {"restrictions"}
    assert rows(section("The objects of `methods`")).keys() == fields


@pytest.mark.parametrize(("name", "type_"), [("recover", Position), ("snapshot", Announcement)])
def test_the_objects_of_histories_are_documented(name, type_):
    # Which the gateway does not look into.
    assert defaults_in(rows(section(f"The object `{name}`"))) == described(type_)


def test_every_vocabulary_is_spoken_by_the_gateway():
    made = [make(Switchboard("N", Limits())) for make in domains()]
    spoken = [login.VOCABULARY, *(each for domain in made for each in domain.vocabularies)]
    assert {each.domain for each in VOCABULARIES} == {each.domain for each in spoken}


# Reasons


def refused(**frame):
    message = CODEC.decode(encode(frame))
    assert isinstance(message, Refused)
    return message.reason_uri


def reasons():
    """The constants, and what the codec says of what it cannot read."""
    domains = {vocabulary.domain for vocabulary in VOCABULARIES}
    yield refused(domain="nonsense", type="nonsense")
    for module in MODULES:
        domain = module.VOCABULARY.domain
        yield refused(domain=domain, type="nonsense")
        for name in module.VOCABULARY.accepted:
            yield refused(domain=domain, type=name, peer_id=1)
        for value in vars(module).values():
            if isinstance(value, str) and re.fullmatch(r"[a-z]+\.[a-z._-]+", value):
                start, _, rest = value.partition(".")
                # What is said in the domain in which a peer has chosen to be spoken to.
                starts = (GLOBAL, domain) if start == "errors" else {start} & domains
                yield from (f"{each}.{rest if start in domains else value}" for each in starts)


def test_the_document_has_all_reasons_and_no_others():
    assert rows(section("Reasons")).keys() == set(reasons())


def test_the_document_names_no_reason_that_does_not_exist():
    domains = "|".join(each.domain for each in VOCABULARIES)
    named = set(re.findall(rf"`((?:{domains})\.[a-z._-]+)`", TEXT))
    assert named == set(reasons())


def test_the_document_has_what_libraries_say_of_a_failure():
    assert rows(section("The values of `interopType`")).keys() == SAID_BY_SERVERS


# Codes, limits and addresses


def codes_in(path):
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in CLOSE_CODES
    } | {
        CloseCode[node.attr].value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in CloseCode.__members__
    }


def test_the_document_has_all_close_codes_and_no_others():
    files = [
        file
        for name in SPEAKERS
        for file in ([PACKAGE / name] if name.endswith(".py") else (PACKAGE / name).glob("*.py"))
    ]
    said = set().union(*map(codes_in, files))
    documented = {int(code) for code in re.findall(r"^\| (\d{4}) \|", section("Close codes"), re.M)}
    assert said <= documented
    # What a library says by itself is one of its codes.
    assert documented - said <= {code.value for code in CloseCode}


def test_the_document_has_all_limits_with_their_defaults_and_no_others():
    bounds = {
        field.encode_name: getattr(config, field.encode_name)
        for config in (GatewayConfig(), Limits())
        for field in msgspec.structs.fields(type(config))
        if field.encode_name not in ("host", "port", "channels", "limits")
    }
    documented = {name: float(cells[0]) for name, cells in rows(section("Limits")).items()}
    assert documented == bounds


def test_the_document_has_the_routes_of_http():
    gateway, page = rows(section("At the gateway")), rows(section("At the Dash server of a page"))
    assert f"GET {IDENTITY_PATH}?nonce=N" in gateway
    assert page.keys() == {LOGIN_ROUTE, SIGNATURE_ROUTE, PROBLEM_ROUTE}


# The example


def played():
    """The frames of the example: who sends or gets it, the direction, and the message."""
    blocks = re.findall(r"^```text\n(.*?)^```", section("An example"), re.MULTILINE | re.DOTALL)
    for line in re.sub(r"\n {7}", " ", "".join(blocks)).splitlines():
        who, direction, text = line.split(" ", 2)
        yield who, direction, json.loads(text)


def test_the_example_is_what_the_gateway_does():
    router = Router(BelieveLogins(), domains(), node="N", version="0.1.0", max_size=2**24)
    frames = list(played())
    assert frames
    happened = []
    for who in dict.fromkeys(who for who, _, _ in frames):
        router.connect(who, Remote("127.0.0.1"))
    for who, direction, message in frames:
        if direction == ">":
            happened.append((who, direction, message))
            effects = settled(router, router.handle(who, router.codec.decode(encode(message)), 0.0))
            happened += [(to, "<", json.loads(frame)) for to, frame in frames_of(effects)]
    assert frames == happened


def test_the_domain_of_a_message_without_one_is_documented():
    assert f"without it, `{GLOBAL}`" in ENVELOPE["domain"][1]
