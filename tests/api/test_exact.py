"""Which questions are answered in the event loop, and which in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from graph_service import heap
from graph_service.api import exact
from graph_service.api.exact import QUICK, Exact
from graph_service.questions.parameters import ParameterError
from tests.clock import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time that passes only in the endpoint."""
    made = Clock()
    monkeypatch.setattr(exact, "time", made)
    return made


def asked(
    clock: Clock,
    seconds: list[float],
    *,
    threads_only: bool,
    query: str = "a=1",
    values: Sequence[int] = (),
) -> str:
    """Where each of some answers that take so long is made: l in the loop, t in a thread; what is
    below 0 is refused after so long. The numbers of values are those of a parameter."""
    router = APIRouter()
    left = list(seconds)
    where = ""

    def endpoint(request: Request) -> Response:
        nonlocal where
        where += "l" if threading.current_thread() is threading.main_thread() else "t"
        takes = left.pop(0)
        clock.now += abs(takes)
        if takes < 0:
            raise ParameterError("a", "findes ikke")
        return Response("")

    router.add_api_route("/x", endpoint, methods=["GET"])
    layer = Exact([router], threads_only=threads_only)

    async def run() -> None:
        for number in range(len(seconds)):
            more = b",1" * (values[number] - 1) if values else b""
            scope: dict[str, Any] = {
                "type": "http",
                "method": "GET",
                "path": "/x",
                "query_string": query.replace("1", str(number)).encode() + more,
                "headers": [],
                "state": {},
            }
            response = layer.at_once(scope)
            if response is None and "raised" not in scope["state"]:
                response = await layer.in_thread(scope)
            assert response is not None or "raised" in scope["state"]

    asyncio.run(run())
    return where


def test_what_was_quick_with_these_parameters_is_answered_in_the_loop(clock: Clock) -> None:
    assert asked(clock, [QUICK / 2] * 3, threads_only=False) == "tll"


def test_what_was_slow_goes_to_a_thread_until_it_was_quick_for_a_while(clock: Clock) -> None:
    where = asked(clock, [QUICK / 2, QUICK * 1.5, *[QUICK / 2] * 9], threads_only=False)
    assert where.startswith("tlttt")
    assert where.endswith("ll")


def test_what_holds_up_the_loop_goes_to_threads_for_long(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameters of the same names, of which few say something that takes long."""
    quick, slow = [QUICK / 4] * 60, [0.5]
    where = asked(clock, [*quick, *slow, *quick, *slow], threads_only=False)
    assert where == "t" + "l" * 60 + "t" * 61
    monkeypatch.setattr(exact, "BARS", 1)
    where = asked(clock, [*quick, *slow, *quick, *quick], threads_only=False)
    assert where.startswith("t" + "l" * 60 + "t" * 95)
    assert where.endswith("llll")


def test_what_is_slow_to_refuse_goes_to_threads_too(clock: Clock) -> None:
    """As a name that nothing has, for which the nearest are looked for."""
    quick = [QUICK / 4] * 60
    assert asked(clock, [*quick, -0.5, *quick], threads_only=False) == "t" + "l" * 60 + "t" * 60
    known = [QUICK / 2, *[-QUICK / 2] * 3, QUICK / 2]
    assert asked(clock, known, threads_only=False) == "tllll"
    assert asked(clock, [-QUICK / 2] * 3, threads_only=False) == "ttt", "no answer is known yet"


def test_nothing_is_learnt_of_long_query_strings(clock: Clock) -> None:
    short, long = "a=1&b=", "a=1&b=" + "x" * exact.LONG
    assert asked(clock, [QUICK / 2] * 3, threads_only=False, query=short) == "tll"
    assert asked(clock, [QUICK / 2] * 3, threads_only=False, query=long) == "ttt"


def test_another_number_of_values_is_another_question(clock: Clock) -> None:
    """Whose program is made when it is asked for the first time."""
    where = asked(
        clock, [QUICK / 2] * 6, threads_only=False, query="a=1", values=[1, 1, 2, 2, 3, 1]
    )
    assert where == "tltltl"


def test_what_a_large_answer_leaves_goes_back_to_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trimmed: list[str] = []
    for size in (exact.LARGE - 1, exact.LARGE):
        monkeypatch.setattr(heap, "trim", lambda size=size: trimmed.append(size))
        router = APIRouter()
        body = Response(b"a" * size)
        router.add_api_route("/x", lambda request, body=body: body, methods=["GET"])
        scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b"", "state": {}}
        assert asyncio.run(Exact([router], threads_only=False).in_thread(scope)) is body
    assert trimmed == [exact.LARGE]


def test_a_store_that_may_keep_it_waiting_is_never_asked_in_the_loop(clock: Clock) -> None:
    assert asked(clock, [QUICK / 2] * 3, threads_only=True) == "ttt"


def test_the_times_that_are_kept_are_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "KNOWN", 2)
    made, scope = Exact([], threads_only=False), {"type": "http", "query_string": b""}
    for name in "aab":
        made._timed((name, frozenset()), lambda request: Response(), scope)
    assert len(made._seconds) == 2
    made._timed(("c", frozenset()), lambda request: Response(), scope)
    assert list(made._seconds) == [("c", frozenset())]
