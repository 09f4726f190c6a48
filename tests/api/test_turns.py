"""What takes a while is worked out one at a time, each client in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.responses import Response

from graph_service.api import turns
from graph_service.api.cache import Cache
from graph_service.api.exact import Exact
from graph_service.api.metrics import Metrics
from graph_service.api.problems import Problem
from graph_service.api.turns import Turns
from graph_service.sparql.streaming import ClientGone


def scope(client: str, *, gone: bool = False) -> dict[str, Any]:
    return {"client": (client, 1), "state": {"gone": lambda: gone}}


class Work:
    """Requests that are worked on until they are let go.

    Attributes:
        begun: their names in the order in which they came to it.
    """

    def __init__(self, places: int = 1, **bounds: int) -> None:
        self.turns = Turns(places, **bounds)
        self.begun: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, name: str, *, gone: bool = False) -> asyncio.Task[None]:
        """Begin a request of the client that its name begins with."""
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.ensure_future(self._do(name, gone))
        await self.pause()
        return self._tasks[name]

    async def end(self, name: str) -> None:
        """Let a request be done."""
        self._ends[name].set()
        await self._tasks[name]
        await self.pause()

    async def pause(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def _do(self, name: str, gone: bool) -> None:
        done = await self.turns.come(scope(f"192.0.2.{ord(name[0])}", gone=gone))
        self.begun.append(name)
        try:
            await self._ends[name].wait()
        finally:
            done()

    @property
    def state(self) -> tuple[float, float]:
        """How many are at it, and how many wait."""
        figures = self.turns.figures()
        return figures['turns{state="running"}'], figures['turns{state="waiting"}']


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def test_one_after_the_other_and_each_client_in_turn() -> None:
    async def test() -> None:
        work = Work()
        for name in ("a1", "a2", "a3", "b1", "a4", "b2", "c1"):
            await work.ask(name)
        assert work.begun == ["a1"]
        assert work.state == (1, 6)
        for number in range(7):
            await work.end(work.begun[number])
        assert work.begun == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]
        assert work.state == (0, 0)
        assert work.turns.figures()["turns_waited_total"] == 6

    run(test)


def test_who_comes_again_at_once_is_not_taken_for_new() -> None:
    async def test() -> None:
        work = Work()
        for name in ("a1", "a2", "b1"):
            await work.ask(name)
        await work.end("a1")
        await work.ask("a3")
        await work.end("a2")
        await work.ask("a4")
        await work.ask("b2")
        await work.end("b1")
        assert work.begun == ["a1", "a2", "b1", "a3"]
        await work.ask("c1")
        await work.end("a3")
        await work.end("c1")
        await work.end("b2")
        assert work.begun == ["a1", "a2", "b1", "a3", "c1", "b2", "a4"]

    run(test)


def test_several_places_are_for_several() -> None:
    async def test() -> None:
        work = Work(2)
        for name in ("a1", "a2", "a3"):
            await work.ask(name)
        assert work.begun == ["a1", "a2"]

    run(test)


def test_what_takes_long_gives_up_its_place_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONG", 0.01)

    async def test() -> None:
        work = Work()
        await work.ask("a1")
        await work.ask("b1")
        await asyncio.sleep(0.05)
        await work.ask("c1")
        assert work.begun == ["a1", "b1", "c1"]
        await work.end("a1")
        assert work.state == (1, 0)
        for name in ("b1", "c1"):
            await work.end(name)
        assert work.state == (0, 0)

    run(test)


def test_few_who_take_long_are_at_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONG", 0.005)
    monkeypatch.setattr(turns, "LATE", 2)

    async def test() -> None:
        work = Work()
        for name in ("a1", "b1", "c1", "d1", "e1"):
            await work.ask(name)
        await asyncio.sleep(0.1)
        assert work.begun == ["a1", "b1", "c1"]
        await work.end("b1")
        await asyncio.sleep(0.05)
        assert work.begun == ["a1", "b1", "c1", "d1"]
        for name in ("a1", "c1", "d1"):
            await work.end(name)
        await work.end("e1")
        assert work.state == (0, 0)
        assert work.turns.late == 0

    run(test)


def test_who_is_cancelled_takes_no_place_with_him() -> None:
    async def test() -> None:
        work = Work()
        await work.ask("a1")
        waiting = await work.ask("b1")
        called = await work.ask("c1")
        waiting.cancel()
        await work.pause()
        assert work.state == (1, 1)
        # Its turn comes, and it is cancelled before it knows.
        ending = asyncio.ensure_future(work.end("a1"))
        while work.state[1]:
            await asyncio.sleep(0)
        called.cancel()
        await ending
        assert work.begun == ["a1"]
        assert work.state == (0, 0)

    run(test)


def test_nothing_is_worked_out_for_who_has_left() -> None:
    async def test() -> None:
        work = Work()
        await work.ask("a1")
        left = await work.ask("b1", gone=True)
        await work.ask("c1")
        await work.end("a1")
        assert work.begun == ["a1", "c1"]
        assert isinstance(left.exception(), ClientGone)

    run(test)


@pytest.mark.parametrize(("bound", "clients"), [("of_one", "aaa"), ("length", "abcd")])
def test_the_line_is_bounded(bound: str, clients: str) -> None:
    async def test() -> None:
        work = Work(**{bound: 2})
        asked = [await work.ask(client + str(n)) for n, client in enumerate(clients)]
        error = asked[-1].exception()
        assert isinstance(error, Problem)
        assert error.kind == "too-busy"
        assert work.state == (1, len(clients) - 2)

    run(test)


class Unchanging:
    """A service whose snapshot stays."""

    snapshot = "one"

    def __init__(self) -> None:
        self.on_swap: list[Callable[[], None]] = []


def test_the_application_works_one_answer_out_at_a_time() -> None:
    """Beside what is answered anew each time, as free SPARQL, which has its own line."""
    inside = most = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        for _ in range(5):
            await asyncio.sleep(0)
        await Response("ja")(scope, receive, send)
        inside -= 1

    async def ask(cache: Cache, path: str) -> bytes:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        asked = {
            **scope("192.0.2.1"),
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": [],
            "scheme": "http",
        }
        await cache(asked, None, send)  # type: ignore[arg-type]
        return b"".join(message.get("body", b"") for message in sent)

    async def all_of(path: str) -> int:
        nonlocal most
        most = 0
        exact = Exact((), threads_only=False)
        cache = Cache(app, Unchanging(), 0, Metrics(), exact, Turns())  # type: ignore[arg-type]
        assert await asyncio.gather(*(ask(cache, path) for _ in range(4))) == [b"ja"] * 4
        return most

    assert asyncio.run(all_of("/aktoerer")) == 1
    assert asyncio.run(all_of("/graph/default")) == 4
