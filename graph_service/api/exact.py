"""Addresses without a variable: found by a look-up, not by trying each route in turn.

FastAPI tries its routes one after another, and goes through half a dozen layers to reach one; both
take longer than a small question. Here an endpoint that takes the request and nothing else is
called at once. What it raises is answered by the application, as for any other route; so is what a
layer leaves in the scope as ``raised``. FastAPI's own routes stay, for the description and for
other methods.

To hand a request to a thread and back takes 0.6 ms, more than a small question, and in a thread it
shares the process with all that goes on there. So a question that was quick whenever it was asked
with these parameters lately is answered, or refused, in the event loop itself, if its store is in
this process and cannot keep it waiting. All others take turns (:mod:`graph_service.api.turns`).
What a parameter says may make a quick question slow, or slow to refuse; then its address goes to
threads for long enough that all who wait for the loop lose no more than a thousandth of their time
by it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound, request_response
from starlette.types import ASGIApp, Receive, Scope, Send

from graph_service import heap

Endpoint = Callable[[Request], Response]
#: Requests that are answered at once, beside those of other routes.
THREADS = 40
#: Seconds of work within which an answer is quick: for so long other requests may wait for it.
QUICK = 0.020
#: What is left of a former time after each later answer that was quicker.
FADES = 0.9
#: Seconds of an answer in the event loop that hold up the others, and how many times as long no
#: answer at this address is given there, whatever its parameters.
HOLDS_UP, BARS = 0.040, 1000
#: Bytes of an answer that leaves much behind which nobody uses.
LARGE = 1024**2
#: Combinations of address and parameters whose times are kept; one more, and all are learnt anew.
KNOWN = 10_000
#: Bytes of a query string of whose time something is learnt; what is longer goes to threads.
LONG = 1000
#: An address, and the names of the parameters given with how many values each may have.
Asked = tuple[str, frozenset[tuple[bytes, int]]]


class Exact(BaseRoute):
    """The GET routes of routers whose endpoints take the request and nothing else.

    Args:
        threads_only: answer nothing in the event loop.
        threads: where all else is answered, when not in threads of its own.
    """

    def __init__(
        self,
        routers: Iterable[APIRouter],
        *,
        threads_only: bool,
        threads: ThreadPoolExecutor | None = None,
    ) -> None:
        self._threads_only = threads_only
        self._seconds: dict[Asked, float] = {}
        self._barred: dict[str, float] = {}
        self._endpoints: Mapping[str, Endpoint] = {
            route.path: route.endpoint
            for router in routers
            for route in router.routes
            if isinstance(route, APIRoute) and route.methods == {"GET"} and "{" not in route.path
        }
        self._apps: Mapping[str, ASGIApp] = {
            path: request_response(endpoint) for path, endpoint in self._endpoints.items()
        }
        self._threads = threads or ThreadPoolExecutor(THREADS, "exact")

    def at_once(self, scope: Scope) -> Response | None:
        """The answer to a GET request that is quick; None for all others.

        An error of the endpoint is left in the scope for :meth:`handle` to raise.
        """
        endpoint = self._endpoints.get(scope["path"])
        if endpoint is None or self._threads_only or scope.get("root_path"):
            return None
        if len(scope["query_string"]) > LONG:
            return None
        asked = _asked(scope)
        if self._seconds.get(asked, QUICK) >= QUICK or self._is_barred(asked[0]):
            return None
        try:
            return self._timed(asked, endpoint, scope)
        except Exception as error:
            scope["state"]["raised"] = error
            return None
        finally:
            if (seconds := self._seconds.get(asked, 0.0)) >= HOLDS_UP:
                self._barred[asked[0]] = time.monotonic() + seconds * BARS

    def _is_barred(self, path: str) -> bool:
        until = self._barred.get(path)
        if until is None:
            return False
        if time.monotonic() < until:
            return True
        del self._barred[path]
        return False

    async def in_thread(self, scope: Scope) -> Response | None:
        """The answer to any GET request; None where the application must give it.

        As for :meth:`at_once`.
        """
        endpoint = self._endpoints.get(scope["path"])
        if endpoint is None or scope.get("root_path"):
            return None
        run = asyncio.get_running_loop().run_in_executor
        try:
            return await run(self._threads, self._made, _asked(scope), endpoint, scope)
        except Exception as error:
            scope["state"]["raised"] = error
            return None

    def _made(self, asked: Asked, endpoint: Endpoint, scope: Scope) -> Response:
        response = self._timed(asked, endpoint, scope)
        if len(getattr(response, "body", b"")) >= LARGE:
            heap.trim()
        return response

    def _timed(self, asked: Asked, endpoint: Endpoint, scope: Scope) -> Response:
        begun, worked, refused = time.perf_counter(), time.thread_time(), True
        try:
            response = endpoint(Request(scope))
            refused = False
        finally:
            # Of the time that passed, another thread may have had half: that makes nothing slow.
            passed, worked = time.perf_counter() - begun, time.thread_time() - worked
            if len(scope["query_string"]) <= LONG:
                self._learn(asked, max(worked, passed / 2), refused=refused)
        return response

    def _learn(self, asked: Asked, seconds: float, *, refused: bool) -> None:
        # What is refused soon says nothing of how long an answer takes.
        if refused and seconds < QUICK:
            return
        before = self._seconds.get(asked, 0.0)
        if not before and len(self._seconds) >= KNOWN:
            self._seconds.clear()
        self._seconds[asked] = max(seconds, before * FADES)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http":
            return Match.NONE, {}
        exact = (
            scope["method"] == "GET" and not scope.get("root_path") and scope["path"] in self._apps
        )
        if exact or "raised" in scope["state"]:
            return Match.FULL, {}
        return Match.NONE, {}

    def url_path_for(self, name: str, /, **path_params: object) -> object:  # type: ignore[override]
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        raised: Exception | None = scope["state"].pop("raised", None)
        if raised is not None:
            raise raised
        await self._apps[scope["path"]](scope, receive, send)


def _asked(scope: Scope) -> Asked:
    parts = scope["query_string"].split(b"&")
    # Another number of values is another program, which is made first.
    return scope["path"], frozenset(
        (part.partition(b"=")[0], part.count(b",") + part.count(b"%2")) for part in parts
    )
