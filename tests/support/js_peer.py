"""JavaScript peers in processes of their own, for tests of how both languages work together."""

from __future__ import annotations

import atexit
import concurrent.futures
import itertools
import json
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO, Any

from .gateways import node

__all__ = ["JsError", "JsPeer"]

PROGRAM = Path(__file__).with_name("js_peer.mjs")

ANSWER_SECONDS = 10.0
END_SECONDS = 5.0

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

Json = dict[str, Any]
Definition = str | Json
Target = str | Json | list[Json]


class JsError(Exception):
    """
    The peer's library refused or failed.

    Attributes:
        details: What the library rejected with: ``message``, for calls also ``status``,
            ``returned``, ``executed_by`` and ``all_errors`` when it has them.
    """

    def __init__(self, details: Json) -> None:
        super().__init__(details.get("message") or str(details))
        self.details = details


class JsPeer:
    """
    The published JavaScript client, logged in.

    Every method blocks until the peer has answered, for :data:`ANSWER_SECONDS` at most, and may be
    called from any thread: tests with a loop use ``await asyncio.to_thread(peer.invoke, ...)``.
    Dates are ``datetime`` objects with a time zone; milliseconds are the finest JavaScript has.

    Args:
        url: Of the gateway.
        application: Name that others see it under.
        user: Whom it logs in as, at a gateway that believes logins.
        token: Logs in with this instead.
        library: Which client it is: ``"@interopio/core"`` or ``"@glue42/core"``.

    Attributes:
        instance: The peer's own server, as others see it.

    Raises:
        JsError: The login was refused.
    """

    def __init__(
        self,
        url: str,
        application: str = "js",
        user: str = "anna",
        token: str | None = None,
        library: str = "@interopio/core",
    ) -> None:
        self._driver: _Driver | _NoDriver = _spare.pop() if _spare else _Driver()
        try:
            self.instance: Json = self._driver.ask(
                "connect",
                url=url,
                application=application,
                user=user,
                token=token,
                library=library,
            )
        except BaseException:
            self._driver.kill()
            raise

    # Methods ---------------------------------------------------------------------------------

    def register(self, definition: Definition, behaviour: str = "echo") -> None:
        """
        Offer a method.

        Args:
            definition: Name or full definition.
            behaviour: ``"echo"`` returns the arguments; ``"sum"`` returns ``{"sum": a + b}``;
                ``"raise"`` throws ``Error(message)``; ``"count"`` returns ``{"n": 1}`` and so on;
                ``"late"`` keeps ``of`` calls, then answers each with its arguments in the order of
                their ``turn``, or the latest first; ``"never"`` does not answer.
        """
        self._driver.ask("register", definition=definition, behaviour=behaviour)

    def unregister(self, definition: Definition) -> None:
        self._driver.ask("unregister", definition=definition)

    def handled(self, name: str) -> list[Any]:
        """The arguments of all calls to a method so far, also to earlier registrations."""
        return self.wait_handled(name, 0)

    def wait_handled(self, name: str, count: int) -> list[Any]:
        """Like :meth:`handled`, once there are ``count`` calls."""
        return self._read("handled", name, count)

    def callers(self, name: str) -> list[Json]:
        """Who made the calls of :meth:`handled`."""
        return self._read("callers", name, 0)

    def invoke(
        self,
        definition: Definition,
        args: Any = None,
        target: Target = "best",
        options: Json | None = None,
    ) -> Json:
        """
        Call a method; the result has ``returned``, ``executed_by``, ``all_return_values``, ...

        Raises:
            JsError: The call failed.
        """
        return self._driver.ask(
            "invoke", definition=definition, args=args or {}, target=target, options=options or {}
        )

    def invoke_many(
        self,
        definition: Definition,
        args: Sequence[Any],
        target: Target = "best",
        options: Json | None = None,
    ) -> list[Json]:
        """
        Call a method once with each of ``args``, all in one tick.

        Returns:
            What :meth:`invoke` returns, in the order of ``args``; ``{"error": details}`` for a
            call that failed.
        """
        return self._driver.ask(
            "invoke_many",
            definition=definition,
            list=list(args),
            target=target,
            options=options or {},
        )

    # Discovery -------------------------------------------------------------------------------

    def methods(self, filter: Definition | None = None) -> list[Json]:
        """The methods it knows, each with its ``servers``."""
        return self._driver.ask("methods", filter=filter)

    def servers(self) -> list[Json]:
        """The servers it knows, its own among them."""
        return self._driver.ask("servers")

    def wait_method(self, name: str, servers: int = 1) -> None:
        """Return when it knows that many servers of a method."""
        self._driver.ask("method_visible", name=name, servers=servers)

    def wait_method_gone(self, name: str) -> None:
        """Return when it knows no server of a method."""
        self._driver.ask("method_gone", name=name)

    def events(self) -> list[Json]:
        """
        What discovery reported since the login, in order: ``{"event": "methodAdded", "method":
        name}``, ``{"event": "serverAdded", "server": {...}}``, ``{"event": "serverMethodAdded",
        "method": name, "server": {...}}``, and the same with ``Removed``.
        """
        return self.wait_events(0)

    def wait_events(self, count: int) -> list[Json]:
        """Like :meth:`events`, once there are ``count``."""
        return self._read("events", None, count)

    # Publishing ------------------------------------------------------------------------------

    def create_stream(self, definition: Definition, mode: str = "accept") -> None:
        """
        Offer a stream.

        Args:
            definition: Name or full definition.
            mode: What becomes of requests: ``"accept"``; ``"reject:<reason>"``; ``"branch"``
                accepts on the branch that the argument ``symbol`` names; ``"ignore"``.
        """
        self._driver.ask("create_stream", definition=definition, mode=mode)

    def push(self, name: str, data: Any, branch: str | list[str] | None = None) -> None:
        """Send to all subscribers, or to those on a branch or some branches."""
        self._driver.ask("push", name=name, data=data, branch=branch)

    def push_many(self, name: str, count: int) -> None:
        """Send ``{"n": 0}`` up to ``{"n": count - 1}``, all in one tick."""
        self._driver.ask("push_many", name=name, count=count)

    def close_stream(self, name: str) -> None:
        self._driver.ask("close_stream", name=name)

    def subscriptions(self, name: str) -> list[Json]:
        """The present subscriptions to a stream: ``arguments``, ``branch``, ``instance``."""
        return self._driver.ask("subscriptions", name=name)

    def stream_events(self, name: str) -> list[Json]:
        """
        What happened to a stream, in order: ``event`` is ``"requested"``, ``"added"`` or
        ``"removed"``, the rest as in :meth:`subscriptions`.
        """
        return self.wait_stream_events(name, 0)

    def wait_stream_events(self, name: str, count: int) -> list[Json]:
        """Like :meth:`stream_events`, once there are ``count``."""
        return self._read("stream_events", name, count)

    # Subscribing -----------------------------------------------------------------------------

    def subscribe(
        self, definition: Definition, arguments: Json | None = None, **parameters: Any
    ) -> int:
        """
        Subscribe to a stream.

        Args:
            definition: Name or full definition.
            arguments: What the publisher sees in the request.
            parameters: Further ones of the library, such as ``target`` or ``waitTimeoutMs``.

        Returns:
            The handle for :meth:`received` and the others.

        Raises:
            JsError: The subscription was rejected.
        """
        return self._driver.ask(
            "subscribe",
            definition=definition,
            parameters={"arguments": arguments or {}, **parameters},
        )

    def received(self, handle: int) -> list[Any]:
        """The data of a subscription so far, in order."""
        return self.wait_received(handle, 0)

    def wait_received(self, handle: int, count: int) -> list[Any]:
        """Like :meth:`received`, once there are ``count``."""
        return self._read("received", handle, count)

    def wait_closed(self, handle: int) -> None:
        """Return when the publisher, or the loss of it, has closed a subscription."""
        self._read("closings", handle, 1)

    def unsubscribe(self, handle: int) -> None:
        self._driver.ask("unsubscribe", handle=handle)

    def wait_logins(self, count: int) -> list[str]:
        """The URLs of its logins so far, the first included, once there are that many."""
        return self._read("logins", None, count)

    # Contexts --------------------------------------------------------------------------------

    def contexts(self) -> list[str]:
        """The names that it knows."""
        return self._driver.ask("contexts")

    def context(self, name: str) -> Json:
        """The value of a context."""
        return self._driver.ask("context", name=name)

    def write_context(self, name: str, kind: str, data: Any = None, path: str = "") -> None:
        """
        Write to a context.

        Args:
            kind: ``"update"``, ``"set"``, ``"setPath"`` or ``"destroy"``.

        Raises:
            JsError: It was refused.
        """
        (problem,) = self.write_context_many(name, [{"kind": kind, "data": data, "path": path}])
        if problem is not None:
            raise JsError({"message": problem})

    def write_context_many(self, name: str, writes: Sequence[Json]) -> list[str | None]:
        """
        Write all of that in one tick.

        Args:
            writes: Each with ``kind``, ``data`` and ``path``.

        Returns:
            What went wrong with each; ``None`` where all was well.
        """
        return self._driver.ask("context_writes", name=name, writes=list(writes))

    def subscribe_context(self, name: str) -> int:
        """Returns the handle for what follows."""
        return self._driver.ask("context_subscribe", name=name)

    def context_changes(self, handle: int, count: int = 0) -> list[Json]:
        """``data``, ``delta``, ``removed`` and ``updaterId`` of its changes, once there are that
        many."""
        return self._read("context_changes", handle, count)

    def wait_context(self, handle: int, data: Json) -> None:
        """Return when the last change of a subscription has brought this value."""
        self._driver.ask("context_reaches", handle=handle, data=data)

    def context_settles(self, name: str, data: Json, seconds: float) -> Json:
        """
        Read a context until it has this value, for so long at most: ``settles``, whether it has,
        and ``data``, what was read last.

        Raises:
            JsError: It cannot be read.
        """
        return self._driver.ask(
            "context_settles", name=name, data=data, milliseconds=round(seconds * 1000)
        )

    # The end ---------------------------------------------------------------------------------

    def close(self) -> None:
        """
        Log out. The process stays, for a peer that is made later. May be called again, and after
        :meth:`kill`.

        Raises:
            AssertionError: The process had ended by itself.
        """
        driver, self._driver = self._driver, _NoDriver()
        driver.close()

    def kill(self) -> None:
        """End the process with SIGKILL, as a crash would."""
        self._driver.kill()

    def _read(self, name: str, key: str | int | None, count: int) -> list[Any]:
        return self._driver.ask("read", list=name, key=key, count=count)


class _NoDriver:
    """Of a peer that has logged out: its process may be another peer by now."""

    def ask(self, command: str, **_: Any) -> Any:
        raise AssertionError(f"the JavaScript peer was ended: {command}")

    def close(self) -> None:
        pass

    def kill(self) -> None:
        pass


class _Driver:
    """The process, and the lines that go to it and come back."""

    def __init__(self) -> None:
        # A file, because nobody would read a pipe while all is well.
        self._complaints = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [node(), str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input: IO[str] = self._process.stdin
        self._ids = itertools.count(1)
        self._waiting: dict[int, Future[Json]] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._has_ended = False
        self._end_text: str | None = None
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), daemon=True
        )
        self._reader.start()

    def ask(self, command: str, **arguments: Any) -> Any:
        """Give a command, and wait for its result."""
        number, answer = next(self._ids), Future[Json]()
        line = _to_line({"id": number, "command": command, "arguments": arguments})
        with self._lock:
            if self._has_ended:
                raise AssertionError(self._end_text or "the JavaScript peer was ended")
            self._waiting[number] = answer
        self._write(line)
        try:
            reply = answer.result(ANSWER_SECONDS)
        except concurrent.futures.TimeoutError:
            raise AssertionError(
                f"the JavaScript peer did not answer {command} in {ANSWER_SECONDS:.0f} s"
            ) from None
        if "error" in reply:
            raise JsError(reply["error"])
        return reply["result"]

    def _write(self, line: str) -> None:
        # A lock of its own: a peer that does not read may still be killed.
        with self._writing:
            try:
                self._input.write(line)
                self._input.flush()
            except (BrokenPipeError, ValueError):
                # It has ended, or its input is closed; the reader says so to all who wait.
                pass

    def close(self) -> None:
        if self._end_text is not None:
            text, self._end_text = self._end_text, None
            self._clean_up()
            raise AssertionError(text)
        if self._has_ended:
            return
        try:
            self.ask("close")
        except BaseException:
            self.kill()
            raise
        _spare.append(self)

    def kill(self) -> None:
        with self._lock:
            ended_before, self._has_ended = self._has_ended, True
        if not ended_before:
            self._process.kill()
        self._clean_up()

    def _clean_up(self) -> None:
        self._process.wait(END_SECONDS)
        self._reader.join()
        try:
            self._input.close()
        except BrokenPipeError:
            # What was still unsent has nobody to read it.
            pass
        self._complaints.close()

    def _read(self, output: IO[str]) -> None:
        try:
            with output:
                for line in output:
                    reply = _from_line(line)
                    self._waiting.pop(reply["id"]).set_result(reply)
        except (ValueError, KeyError):
            # Something else on its stdout; whoever waits is told below.
            self._process.kill()
            raise
        finally:
            self._note_end()

    def _note_end(self) -> None:
        code = self._process.wait()
        with self._lock:
            if not self._has_ended:
                self._has_ended = True
                self._complaints.seek(0)
                said = self._complaints.read().decode(errors="replace")
                self._end_text = f"the JavaScript peer ended with {code} by itself:\n{said}"
            waiting, self._waiting = self._waiting, {}
        text = self._end_text or "the JavaScript peer was ended"
        for answer in waiting.values():
            answer.set_exception(AssertionError(text))


_spare: list[_Driver] = []
"""Processes whose peer has logged out: to start one takes longer than most tests."""


@atexit.register
def _end_spare() -> None:
    for driver in _spare:
        driver.kill()


def _to_line(value: Any) -> str:
    return json.dumps(value, default=_date_to_json, allow_nan=False) + "\n"


def _from_line(line: str) -> Json:
    return json.loads(line, object_hook=_date_from_json)


def _date_to_json(value: Any) -> Json:
    if isinstance(value, datetime):
        return {"$date": (value - EPOCH) / timedelta(milliseconds=1)}
    raise TypeError(f"{type(value).__name__} does not go to the JavaScript peer")


def _date_from_json(value: Json) -> Any:
    if value.keys() == {"$date"}:
        return EPOCH + timedelta(milliseconds=value["$date"])
    return value
