"""Secrets and tokens."""

import os
import stat
import subprocess
import sys
import threading
import time

import pytest
from msgspec import structs

from dash_interop.errors import AuthenticationFailed, ConfigError
from dash_interop.gateway.auth import (
    OpenDoor,
    TokenAuthority,
    check_directory,
    read_secret,
    runtime_secret,
)
from dash_interop.router.principals import Principal, Remote
from dash_interop.wire.login import Authentication

SECRET = "s" * 32
HERE = Remote("127.0.0.1", "https://app.corp")
NO_ORIGIN = Remote("127.0.0.1")
ANNA = Principal("anna", "Prices", "https://app.corp:443")


def by_token(principal: Principal) -> Principal:
    return structs.replace(principal, is_from_token=True)


def token_of(token):
    return Authentication("access-token", token=token)


def later(seconds):
    return lambda: time.time() + seconds


# Tokens


@pytest.mark.parametrize("method", ["access-token", "gateway-token"])
@pytest.mark.parametrize("principal", [ANNA, Principal("ben"), Principal("é 𝄞", "x")])
def test_token_logs_in_as_the_principal_it_was_made_for(method, principal):
    authority = TokenAuthority(SECRET)
    token = authority.issue(principal)
    authentication = Authentication(method, token=token)
    assert TokenAuthority(SECRET).authenticate(authentication, HERE) == by_token(principal)


@pytest.mark.parametrize("seconds", [-50, 0, 59, 110])
def test_token_is_good_for_a_minute_with_clocks_a_minute_apart(seconds):
    token = TokenAuthority(SECRET).issue(ANNA)
    authority = TokenAuthority(SECRET, later(seconds))
    assert authority.authenticate(token_of(token), HERE) == by_token(ANNA)


@pytest.mark.parametrize("seconds", [-70, -3600, 130, 86400])
def test_token_expires_and_none_comes_from_the_future(seconds):
    token = TokenAuthority(SECRET).issue(ANNA)
    with pytest.raises(AuthenticationFailed, match="expired"):
        TokenAuthority(SECRET, later(seconds)).authenticate(token_of(token), HERE)


def test_token_of_another_secret_is_refused():
    token = TokenAuthority("x" * 32).issue(ANNA)
    with pytest.raises(AuthenticationFailed, match="was not made with this gateway's secret"):
        TokenAuthority(SECRET).authenticate(token_of(token), HERE)


def test_tampered_token_is_refused():
    authority = TokenAuthority(SECRET)
    token = authority.issue(ANNA)
    payload, stamp, signature = token.rsplit(".", 2)
    other = authority.issue(Principal("eve")).rsplit(".", 2)
    for forged in [
        f"{other[0]}.{stamp}.{signature}",
        f"{payload}.{stamp}x.{signature}",
        f"{payload}.{stamp}.{signature[:-2]}",
        f"{payload}.{stamp}",
        payload,
        token + "x",
    ]:
        with pytest.raises(AuthenticationFailed):
            authority.authenticate(token_of(forged), HERE)


@pytest.mark.parametrize("token", [None, "", ".", "..", "a.b.c", "\0", "é.é.é", "x" * 100_000])
def test_nonsense_is_no_token(token):
    with pytest.raises(AuthenticationFailed):
        TokenAuthority(SECRET).authenticate(token_of(token), HERE)


def test_token_is_bound_to_its_origin():
    authority = TokenAuthority(SECRET)
    for origin in ["https://app.corp", "https://APP.corp:443"]:
        token = token_of(authority.issue(ANNA))
        assert authority.authenticate(token, Remote("", origin)) == by_token(ANNA)
    token = token_of(authority.issue(ANNA))
    for origin in ["https://evil.example", "http://app.corp", "https://app.corp:8443", "null"]:
        with pytest.raises(AuthenticationFailed, match="https://app.corp:443"):
            authority.authenticate(token, Remote("", origin))
    # Those who could not use it have not used it up.
    assert authority.authenticate(token, HERE) == by_token(ANNA)


@pytest.mark.parametrize("remote", [HERE, NO_ORIGIN])
@pytest.mark.parametrize("kind", [TokenAuthority, OpenDoor])
def test_token_is_good_for_one_login(kind, remote):
    authority = kind(SECRET)
    tokens = [token_of(authority.issue(ANNA)) for _ in range(2)]
    for token in tokens:
        assert authority.authenticate(token, remote) == by_token(ANNA)
    for token in tokens:
        with pytest.raises(AuthenticationFailed, match="used already: each is good for one login"):
            authority.authenticate(token, remote)


def test_token_is_remembered_for_as_long_as_it_is_good_and_no_longer():
    clock = [time.time()]
    authority = TokenAuthority(SECRET, lambda: clock[0])
    # By a server whose clock is ahead as far as it may be.
    token = token_of(authority.issue(ANNA))
    clock[0] -= 59
    authority.authenticate(token, HERE)
    refusals = []
    for _ in range(20):
        clock[0] += 10
        with pytest.raises(AuthenticationFailed) as caught:
            authority.authenticate(token, HERE)
        refusals.append(str(caught.value).split(":")[0])
    assert set(refusals) == {"The token was used already", "The token has expired"}
    assert refusals == sorted(refusals, reverse=True)


@pytest.mark.parametrize(
    "claims", [{}, {"user": "anna"}, {"jti": "x"}, {"user": "anna", "jti": 5}, [], "anna", None]
)
def test_token_without_a_user_or_an_id_is_refused(claims):
    authority = TokenAuthority(SECRET)
    token = authority._serializer.dumps(claims)
    with pytest.raises(AuthenticationFailed, match="not made with this gateway's secret"):
        authority.authenticate(token_of(token), HERE)


def test_token_of_nobody_is_refused():
    authority = TokenAuthority(SECRET)
    with pytest.raises(AuthenticationFailed, match="names no user"):
        authority.authenticate(token_of(authority.issue(Principal(""))), HERE)


def test_client_that_is_no_browser_may_use_any_token():
    authority = TokenAuthority(SECRET)
    assert authority.authenticate(token_of(authority.issue(ANNA)), NO_ORIGIN) == by_token(ANNA)


def test_token_without_origin_is_good_for_any():
    authority = TokenAuthority(SECRET)
    token = token_of(authority.issue(Principal("anna")))
    assert authority.authenticate(token, Remote("", "https://evil.example")).user == "anna"


# The secret itself


def test_holder_of_the_secret_logs_in_as_anybody():
    authority = TokenAuthority(SECRET)
    for login in ["anna", "ben"]:
        credentials = Authentication("secret", login, SECRET)
        assert authority.authenticate(credentials, HERE) == Principal(login)


@pytest.mark.parametrize("secret", ["", SECRET[:-1], SECRET + "s", "é", "S" * 32])
def test_wrong_secret_is_refused(secret):
    with pytest.raises(AuthenticationFailed, match="Wrong secret"):
        TokenAuthority(SECRET).authenticate(Authentication("secret", "anna", secret), HERE)


@pytest.mark.parametrize("authority", [TokenAuthority(SECRET), OpenDoor(SECRET)])
@pytest.mark.parametrize("login, secret", [(None, SECRET), ("", SECRET), ("anna", None)])
def test_login_and_secret_are_both_needed(authority, login, secret):
    with pytest.raises(AuthenticationFailed, match="Missing login/secret"):
        authority.authenticate(Authentication("secret", login, secret), HERE)


@pytest.mark.parametrize("authority", [TokenAuthority(SECRET), OpenDoor(SECRET)])
@pytest.mark.parametrize("method", [None, "", "Secret", "none", "flow-callback"])
def test_unknown_method_is_refused(authority, method):
    with pytest.raises(AuthenticationFailed, match="Unknown authentication method"):
        authority.authenticate(Authentication(method, "anna", SECRET), HERE)


def test_open_door_believes_logins_but_checks_tokens():
    door = OpenDoor(SECRET)
    assert door.authenticate(Authentication("secret", "anna", ""), HERE) == Principal("anna")
    assert door.authenticate(token_of(door.issue(ANNA)), HERE) == by_token(ANNA)
    with pytest.raises(AuthenticationFailed):
        door.authenticate(token_of(TokenAuthority("x" * 32).issue(ANNA)), HERE)


def test_proof_depends_on_the_secret_and_on_the_question():
    prove = TokenAuthority(SECRET).prove
    assert prove("a", 1) == TokenAuthority(SECRET).prove("a", 1)
    assert len({prove("a", 1), prove("b", 1), TokenAuthority("x" * 32).prove("a", 1)}) == 3


# Files


def test_secret_is_read_without_the_space_around_it(tmp_path):
    path = tmp_path / "secret"
    path.write_text(f"  {SECRET}\n")
    assert read_secret(path) == read_secret(str(path)) == SECRET


def test_short_secret_is_refused(tmp_path):
    path = tmp_path / "secret"
    path.write_text("s" * 31 + "\n")
    with pytest.raises(ConfigError, match="too short: 32 characters"):
        read_secret(path)


def test_unreadable_secret_names_file_and_reason(tmp_path):
    with pytest.raises(ConfigError, match="nowhere: No such file or directory"):
        read_secret(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="Is a directory"):
        read_secret(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff" * 40)
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        read_secret(tmp_path / "binary")


@pytest.mark.parametrize(
    "mode, words",
    [
        (0o600, None),
        (0o400, None),
        (0o640, None),
        (0o440, None),
        (0o644, "mode 0644"),
        (0o604, "mode 0604"),
        (0o620, "mode 0620"),
        (0o666, "mode 0666"),
    ],
)
def test_secret_that_every_user_can_read_gets_a_warning(tmp_path, mode, words, caplog):
    path = tmp_path / "secret"
    path.write_text(SECRET)
    path.chmod(mode)
    assert read_secret(path) == SECRET
    assert len(caplog.messages) == (words is not None)
    if words is not None:
        assert str(path) in caplog.text and words in caplog.text and SECRET not in caplog.text


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o720, 0o1777])
def test_shared_directory_that_others_can_write_is_refused(runtime_directory, mode):
    runtime_secret()
    (runtime_directory / "dash_interop").chmod(mode)
    with pytest.raises(ConfigError, match="others must not be able to write there"):
        runtime_secret()


@pytest.mark.parametrize("mode, refused", [(0o777, True), (0o1777, False), (0o755, False)])
def test_directory_above_has_to_keep_it_where_it_is(tmp_path, mode, refused):
    directory = tmp_path / "dash_interop"
    directory.mkdir(mode=0o700)
    tmp_path.chmod(mode)
    if refused:
        with pytest.raises(ConfigError, match="XDG_RUNTIME_DIR"):
            check_directory(directory)
    else:
        check_directory(directory)


def test_link_in_the_place_of_the_shared_directory_is_refused(runtime_directory, tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (runtime_directory / "dash_interop").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="have to belong to this user"):
        runtime_secret()


def test_directory_of_another_user_is_refused(runtime_directory, monkeypatch):
    runtime_secret()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(ConfigError, match="have to belong to this user"):
        check_directory(runtime_directory / "dash_interop")


def secret_file(directory):
    return directory / "dash_interop" / "secret"


def test_shared_secret_is_made_once_and_private(runtime_directory):
    secret = runtime_secret()
    assert len(secret) >= 32
    assert runtime_secret() == secret
    path = secret_file(runtime_directory)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["secret"]


def test_shared_secret_is_private_whatever_the_umask(runtime_directory):
    before = os.umask(0)
    try:
        runtime_secret()
    finally:
        os.umask(before)
    assert stat.S_IMODE(secret_file(runtime_directory).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620])
def test_shared_secret_that_others_can_read_or_write_is_refused(runtime_directory, mode):
    runtime_secret()
    secret_file(runtime_directory).chmod(mode)
    with pytest.raises(ConfigError, match="0600"):
        runtime_secret()


def test_shared_secret_that_is_too_short_is_refused(runtime_directory):
    runtime_secret()
    secret_file(runtime_directory).write_text("short")
    with pytest.raises(ConfigError, match="too short"):
        runtime_secret()


def test_runtime_directory_that_cannot_be_made_is_told(runtime_directory):
    (runtime_directory / "dash_interop").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot use the secret"):
        runtime_secret()


def test_missing_runtime_directory_is_no_warning(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert runtime_secret()


def test_threads_that_start_together_share_one_secret():
    barrier = threading.Barrier(8)
    secrets = []

    def start():
        barrier.wait()
        secrets.append(runtime_secret())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(secrets) == 8
    assert len(set(secrets)) == 1


def test_processes_that_start_together_share_one_secret():
    code = "from dash_interop.gateway.auth import runtime_secret; print(runtime_secret())"
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    secrets = {process.communicate(timeout=20)[0] for process in processes}
    assert len(secrets) == 1
    assert len(secrets.pop().strip()) >= 32
