"""Who may log in: holders of the secret or of a token signed with it; in development, anybody."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import stat
import warnings
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import NamedTuple

import msgspec
import platformdirs
from itsdangerous import BadSignature, URLSafeTimedSerializer

from ..errors import AuthenticationFailed, ConfigError
from ..router.principals import Principal, Remote
from ..wire.login import Authentication
from .origins import normalize_origin

__all__ = [
    "OpenDoor",
    "TokenAuthority",
    "check_directory",
    "read_secret",
    "runtime_directory",
    "runtime_secret",
]

TOKEN_SECONDS = 60
"""How long a token is good for logging in, once. A session outlives it."""

CLOCK_SKEW_SECONDS = 60
"""How far the clocks of the Dash server and the gateway may be apart."""

_MIN_SECRET_LENGTH = 32

logger = logging.getLogger(__name__)


class TokenAuthority:
    """
    Makes and checks tokens, and lets holders of the secret log in as any user.

    Args:
        secret: Shared by the gateway and the processes whose users may connect.
        clock: Wall clock in seconds.
    """

    def __init__(self, secret: str, clock: Callable[[], float] = time) -> None:
        self._secret = secret.encode()
        self._clock = clock
        self._used: dict[str, float] = {}
        """Ids of tokens that have logged somebody in, oldest first, with when to forget them."""
        self._serializer = URLSafeTimedSerializer(
            secret, salt="dash_interop.token", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def issue(self, principal: Principal) -> str:
        claims = msgspec.to_builtins(principal)
        return str(self._serializer.dumps({**claims, "jti": secrets.token_hex(8)}))

    def authenticate(self, authentication: Authentication, remote: Remote) -> Principal:
        match authentication.method:
            case "access-token" | "gateway-token":
                token = self._read_token(authentication.token)
                principal = msgspec.structs.replace(token.principal, is_from_token=True)
                _check_origin(principal, remote)
                self._use(token)
            case "secret":
                principal = self._check_secret(authentication)
            case method:
                raise AuthenticationFailed(f"Unknown authentication method {method}")
        return principal

    def prove(self, nonce: str, port: int) -> str:
        """
        Show to someone who knows the secret that the gateway at ``port`` knows it too. The port is
        part of it, so that a stranger at another port cannot pass the proof on as its own.
        """
        return hmac.new(self._secret, f"gateway:{port}:{nonce}".encode(), "sha256").hexdigest()

    def prove_end(self, instance: str, port: int) -> str:
        """
        Show to the gateway at ``port`` that somebody who knows the secret asks it to end. It is for
        this run of it, ``instance``, so that it is worth nothing afterwards.
        """
        return hmac.new(self._secret, f"end:{port}:{instance}".encode(), "sha256").hexdigest()

    def _read_token(self, text: str | None) -> _Token:
        try:
            claims, issued = self._serializer.loads(text or "", return_timestamp=True)
            token = _Token(msgspec.convert(claims, Principal), msgspec.convert(claims, _Name).jti)
        except (BadSignature, msgspec.ValidationError) as error:
            raise AuthenticationFailed(
                "The token was not made with this gateway's secret"
            ) from error
        age = self._clock() - issued.timestamp()
        if not -CLOCK_SKEW_SECONDS <= age <= TOKEN_SECONDS + CLOCK_SKEW_SECONDS:
            raise AuthenticationFailed("The token has expired")
        if not token.principal.user:
            raise AuthenticationFailed("The token names no user")
        return token

    def _use(self, token: _Token) -> None:
        """Take a token once. Only holders of the secret make tokens, so they are not too many."""
        now = self._clock()
        while self._used and next(iter(self._used.values())) <= now:
            del self._used[next(iter(self._used))]
        if token.id in self._used:
            raise AuthenticationFailed("The token was used already: each is good for one login")
        self._used[token.id] = now + TOKEN_SECONDS + 2 * CLOCK_SKEW_SECONDS

    def _check_secret(self, authentication: Authentication) -> Principal:
        login, secret = _login_and_secret(authentication)
        if not hmac.compare_digest(secret.encode(), self._secret):
            raise AuthenticationFailed("Wrong secret")
        return Principal(login)


class OpenDoor(TokenAuthority):
    """For development: any login is believed, whatever its secret. Tokens are checked as usual."""

    def _check_secret(self, authentication: Authentication) -> Principal:
        return Principal(_login_and_secret(authentication)[0])


class _Name(msgspec.Struct):
    """What is in a token beside the principal; ``jti`` as in other kinds of tokens."""

    jti: str


class _Token(NamedTuple):
    principal: Principal
    id: str


def _login_and_secret(authentication: Authentication) -> tuple[str, str]:
    if not authentication.login or authentication.secret is None:
        raise AuthenticationFailed("Missing login/secret")
    return authentication.login, authentication.secret


def _check_origin(principal: Principal, remote: Remote) -> None:
    if principal.origin is None or remote.origin is None:
        return
    if normalize_origin(remote.origin) != principal.origin:
        raise AuthenticationFailed(f"The token is for pages of {principal.origin}")


# Where the secret comes from ----------------------------------------------------------------


def read_secret(path: str | Path) -> str:
    """
    Read a secret that an administrator put into a file. One that every user of the machine can
    read, or that a group can write, gets a warning and no more: Kubernetes mounts secrets so.

    Raises:
        ConfigError: Not readable, or shorter than 32 characters.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(f"cannot read the secret file {path}: {reason}") from error
    _warn_of_readers(path)
    return _checked_secret(text, path)


def runtime_secret() -> str:
    """
    The secret that the processes of this user on this machine share, made when it is missing.

    Raises:
        ConfigError: The file cannot be made or read, or others could read it.
    """
    try:
        directory = runtime_directory()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_directory(directory)
        path = directory / "secret"
        _make_secret(path)
        return _read_private(path)
    except OSError as error:
        where = error.filename or "of the user's runtime directory"
        raise ConfigError(f"cannot use the secret {where}: {error.strerror}") from error


def runtime_directory() -> Path:
    """Where the processes of this user on this machine keep what they share; it may be missing."""
    with warnings.catch_warnings():
        # Containers have no XDG_RUNTIME_DIR; the fallback does, as the file is private.
        warnings.simplefilter("ignore", UserWarning)
        return Path(platformdirs.user_runtime_dir("dash_interop", ensure_exists=False))


def _warn_of_readers(path: str | Path) -> None:
    if os.name == "posix":
        mode = os.stat(path).st_mode
        if mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
            logger.warning(
                "the secret file %s has mode %04o: others of this machine can read or write it, "
                "and so act as any user; chmod 600 it",
                path,
                stat.S_IMODE(mode),
            )


def check_directory(directory: Path) -> None:
    """
    Refuse a directory in which another user could put files in the place of ours.

    Raises:
        ConfigError: It, or the one above, belongs to somebody else, or others can write there.
    """
    if os.name != "posix":
        return
    own, above = os.lstat(directory), os.stat(directory.parent)
    is_ours = own.st_uid == os.getuid() and stat.S_ISDIR(own.st_mode) and not own.st_mode & 0o022
    may_move_it = above.st_uid not in (os.getuid(), 0) or (
        above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX
    )
    if not is_ours or may_move_it:
        raise ConfigError(
            f"{directory} and the directory above have to belong to this user, and others must not "
            "be able to write there: set XDG_RUNTIME_DIR to a directory for which that is so"
        )


def _make_secret(path: Path) -> None:
    # Written aside and linked into place, so that no process ever reads half of it and the first
    # of several that start together wins.
    if path.exists():
        return
    draft = path.with_name(f"secret.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
    finally:
        draft.unlink(missing_ok=True)


def _read_private(path: Path) -> str:
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "r") as file:
        status = os.fstat(file.fileno())
        if os.name == "posix" and (
            status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077
        ):
            raise ConfigError(f"{path} has to belong to this user, with mode 0600; delete it")
        return _checked_secret(file.read(), path)


def _checked_secret(text: str, path: str | Path) -> str:
    secret = text.strip()
    if len(secret) < _MIN_SECRET_LENGTH:
        raise ConfigError(
            f"the secret in {path} is too short: {_MIN_SECRET_LENGTH} characters at least"
        )
    return secret
