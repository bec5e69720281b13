"""How handlers of pages tell how far they are."""

import asyncio
from functools import partial
from importlib.util import find_spec

import pytest
from dash import Dash, Output

from dash_interop import RegistrationError, method_handler
from dash_interop.app.parts import call_and_tell, parts_of
from dash_interop.app.progress import report_in_background
from tests.support.apps_handlers import tells, tells_soon, yields, yields_soon

STREAMS = find_spec("dash._streaming") is not None


def yields_the_end(n):
    yield from range(n)
    yield {"counted": n}


@pytest.mark.parametrize(
    "function, last",
    [
        (yields, []),
        (yields_soon, [{"counted": 50}]),
        (yields_the_end, [{"counted": 50}]),
        (tells, []),
        (tells_soon, []),
    ],
)
def test_parts_have_each_value_once_in_order_and_then_the_result(function, last):
    async def work(report):
        tell = partial(report, "id")
        extras = {"progress": tell} if function in (tells, tells_soon) else {}
        return [await call_and_tell(partial(function, 50, **extras), tell)]

    async def run():
        return [part async for part in parts_of(work)]

    *before, (_, values) = asyncio.run(run())
    assert all(values is None for _, values in before)
    told = [progress for part, _ in before for progress in part]
    assert told == [{"invocationId": "id", "value": value} for value in [*range(50), *last]]
    assert values == [{"counted": 50}]


def test_what_is_told_while_nothing_follows_goes_out_at_once():
    async def run():
        may_end = asyncio.Event()

        async def work(report):
            report("id", "first")
            await may_end.wait()
            return ["end"]

        parts = parts_of(work)
        first = await anext(parts)
        may_end.set()
        return first, await anext(parts)

    (first, nothing), (_, values) = asyncio.run(run())
    assert (first, nothing) == ([{"invocationId": "id", "value": "first"}], None)
    assert values == ["end"]


def test_work_ends_with_a_stream_that_nobody_reads():
    async def run():
        ended = asyncio.Event()

        async def work(report):
            report("id", 1)
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return ["never"]

        parts = parts_of(work)
        await anext(parts)
        await parts.aclose()
        await asyncio.wait_for(ended.wait(), 5)

    asyncio.run(run())


def test_error_of_the_work_is_that_of_the_stream():
    async def work(report):
        raise LookupError("no such book")

    async def run():
        return [part async for part in parts_of(work)]

    with pytest.raises(LookupError, match="no such book"):
        asyncio.run(run())


def test_background_job_reports_whose_progress_it_is():
    reported = []
    report_in_background(reported.append)("id", {"percent": 5})
    assert reported == [[{"invocationId": "id", "value": {"percent": 5}}]]


def asks(n, cancelled):
    return n


@pytest.mark.parametrize(
    "function, options, said",
    [
        (tells, {"output": Output("out", "children")}, "nobody waits for it. Give it returns=True"),
        (asks, {}, "asks has a parameter named cancelled, which handlers of Interop.method get"),
        (yields, {"background": True}, "yields, and a background callback has one result"),
        (
            tells,
            {"background": True, "progress": Output("out", "children")},
            "progress= names other outputs, for the page: leave one of them out",
        ),
        (
            yields,
            {"output": Output("out", "children"), "returns": True},
            "what it yields is for its callers alone: leave output= out",
        ),
    ],
)
def test_progress_that_nobody_would_hear_is_refused(function, options, said):
    with pytest.raises(RegistrationError) as caught:
        method_handler("reg", app=Dash("handlers"), **options)(function)
    assert said in str(caught.value)


if STREAMS:

    @pytest.mark.parametrize("function", [tells, yields, yields_soon])
    def test_flask_streams_with_an_extra_of_dash_only(function):
        app = Dash("handlers", use_async=False)
        with pytest.raises(RegistrationError, match=r"only with dash\[async\]"):
            method_handler("reg", app=app)(function)

else:

    @pytest.mark.parametrize(
        "function, said",
        [
            (tells, "its callback is an ordinary request, which tells nothing before its end"),
            (tells_soon, "give it background=True, or websocket=True on FastAPI and Quart"),
            (yields, "yields, which needs streaming callbacks, and so Dash 4.5 or newer"),
            (yields_soon, "yields, which needs streaming callbacks, and so Dash 4.5 or newer"),
        ],
    )
    def test_ordinary_request_tells_nothing_before_its_end(function, said):
        with pytest.raises(RegistrationError) as caught:
            method_handler("reg", app=Dash("handlers"))(function)
        assert said in str(caught.value)
