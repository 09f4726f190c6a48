"""Cached bytes before routing: what a snapshot determines is made once, then sent as it is.

A pure ASGI layer. For GET and HEAD of addresses whose answer depends on nothing but the snapshot
and the request, it looks the answer up under (snapshot, address, query, Accept, host, whether gzip
is taken) before any routing, gives it an ETag, and answers If-None-Match with 304, and an If-Match
that does not hold with 412. A swap of the snapshot empties it. Range is left alone, as a server
may, and so is a key, for no answer here depends on it. Sources: RFC 9110, sections 8.8.3 (ETag),
13.1.1 (If-Match), 13.1.2 (If-None-Match), 14.2 (Range), 15.4.5 (304), 9.3.2 (HEAD); RFC 9111,
section 5.2 (Cache-Control).
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from itertools import chain
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph_service.api.at_once import Header, Whole
from graph_service.api.exact import Exact
from graph_service.api.metrics import Metrics
from graph_service.api.problems import Problem
from graph_service.api.request import MOST_PARAMETERS, takes_gzip
from graph_service.api.shape import Ready
from graph_service.api.turns import Turns
from graph_service.service import Service
from graph_service.sparql.preconditions import OTHER_NOW, Preconditions
from graph_service.sparql.streaming import ClientGone

Key = tuple[object, ...]
#: Addresses that are answered anew each time, as free SPARQL is: their own rules hold.
LIVE = ("/rdf-graph-store", "/graph/", "/healthz", "/readyz", "/metrics", "/api/v1/admin/")
#: A client may keep an answer, and asks each time whether it still holds.
KEEP = (b"cache-control", b"no-cache")
#: Share of the cache that one answer may take.
LARGEST = 8
#: Headers that can say that an answer is for one client, or one time.
FOR_ONE = frozenset((b"set-cookie", b"cache-control"))
#: Headers that a 304 repeats.
TOLD = (b"etag", b"cache-control", b"vary", b"link", b"content-location", b"date", b"expires")
#: What an entry costs beside its bytes.
OVERHEAD = 1000


class Stored(NamedTuple):
    """An answer as it is sent.

    Attributes:
        headers: those of the 200.
        body: its bytes.
        etag: the mark of the bytes.
        size: bytes it takes, about.
    """

    headers: list[Header]
    body: bytes
    etag: bytes
    size: int


class Looked(NamedTuple):
    """What was found out about a request before anything is waited for.

    Attributes:
        key: under which its answer is kept.
        needs: its If-Match.
        match: its If-None-Match.
        stored: the answer, when it is there or was made at once.
        made: what was made at once, if it is not to be kept.
    """

    key: Key
    needs: bytes
    match: bytes
    stored: Stored | None
    made: Response | None


#: Bytes of a long body that are sent in one piece: a slow client holds up no more than one.
PIECE = 128 * 1024


class Cache:
    """The layer.

    Args:
        app: what answers when the cache does not.
        service: whose snapshot determines the answers.
        room: most bytes that it may hold; 0 stores nothing and still gives ETag and 304.
        metrics: where it tells its figures.
        exact: what is asked before the application.
        turns: what must be waited for where an answer is not quick.
    """

    def __init__(
        self,
        app: ASGIApp,
        service: Service,
        room: int,
        metrics: Metrics,
        exact: Exact,
        turns: Turns,
    ) -> None:
        self.app, self.service, self.room = app, service, room
        self.exact, self.turns = exact, turns
        self.hits = self.misses = self.evicted = self.held = 0
        self._stored: OrderedDict[Key, Stored] = OrderedDict()
        service.on_swap.append(self.clear)
        metrics.gauges.append(self.figures)

    def figures(self) -> dict[str, float]:
        """How well it does, for the metrics."""
        return {
            "cache_hits_total": self.hits,
            "cache_misses_total": self.misses,
            "cache_evicted_total": self.evicted,
            "cache_bytes": self.held,
            "cache_answers": len(self._stored),
        }

    def clear(self) -> None:
        """Let go of everything."""
        self._stored = OrderedDict()
        self.held = 0

    def at_once(self, scope: Scope) -> Whole | None:
        """See :mod:`graph_service.api.at_once`; what is long is sent in pieces, the common way."""
        look = self._look(scope)
        if look and look.stored and not look.needs:
            whole = _whole(scope, look, look.stored)
            if len(whole.body) <= PIECE:
                return whole
        scope["state"]["looked"] = look
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        look: Looked | None = state.pop("looked") if "looked" in state else self._look(scope)
        if look is None:
            await self.app(scope, receive, send)
            return
        stored = look.stored
        if stored is None:
            stored = await self._make(look.made, scope, receive, send)
            if stored is None:
                return
            self._keep(look.key, stored)
        if look.needs and not Preconditions(look.needs.decode("latin-1")).matches(
            {stored.etag.decode()}
        ):
            asked = _as_get(scope)
            asked["state"]["raised"] = Problem("precondition-failed", OTHER_NOW)
            await _taken(self.app, asked, receive, send, head=asked is not scope)
            return
        whole = _whole(scope, look, stored)
        start = {"status": whole.status, "headers": whole.headers}
        await send({"type": "http.response.start", **start})
        for begin in range(0, len(whole.body) or 1, PIECE):
            piece = whole.body[begin : begin + PIECE]
            more = begin + PIECE < len(whole.body)
            await send({"type": "http.response.body", "body": piece, "more_body": more})

    def _look(self, scope: Scope) -> Looked | None:
        """What is asked for and what is there at once; None where a snapshot does not settle it."""
        if scope["query_string"].count(b"&") >= MOST_PARAMETERS:
            told = f"Højst {MOST_PARAMETERS} parametre kan stå i adressen."
            scope["state"]["raised"] = Problem("bad-content", told)
            return None
        if (
            scope["method"] not in ("GET", "HEAD")
            or scope["path"].startswith(LIVE)
            or (scope["path"] == "/sparql" and _asks(scope["query_string"]))
        ):
            return None
        accept = host = match = needs = b""
        gzip = False
        for name, value in scope["headers"]:
            if name == b"accept":
                accept = value
            elif name == b"host":
                host = host or value
            elif name == b"if-none-match":
                match = match + b"," + value if match else value
            elif name == b"if-match":
                needs = needs + b"," + value if needs else value
            elif name == b"accept-encoding":
                gzip = gzip or takes_gzip(value)
        key = (
            self.service.snapshot,
            scope["path"],
            scope["query_string"],
            accept,
            host,
            gzip,
            scope["scheme"],
            scope.get("root_path"),
        )
        stored, made = self._stored.get(key), None
        if stored is None:
            self.misses += 1
            scope["state"]["cache"] = "miss"
            made = self.exact.at_once(_as_get(scope))
            stored = _to_store(made)
            if stored:
                made = None
                self._keep(key, stored)
        else:
            self.hits += 1
            scope["state"]["cache"] = "hit"
            with contextlib.suppress(KeyError):
                self._stored.move_to_end(key)
        return Looked(key, needs, match, stored, made)

    def _keep(self, key: Key, stored: Stored) -> None:
        current = self.service.snapshot
        if not current or key[0] != current:
            return
        size = _size(key, stored)
        if size > self.room // LARGEST or key in self._stored:
            return
        self._stored[key] = stored
        self.held += size
        while self.held > self.room and self._stored:
            self.held -= _size(*self._stored.popitem(last=False))
            self.evicted += 1

    async def _make(
        self, made: Response | None, scope: Scope, receive: Receive, send: Send
    ) -> Stored | None:
        """The application's answer, held back; None when it was sent on as it came.

        What is not 200, or comes in pieces, or says ``no-store`` or ``private``, is sent on.
        """
        asked = _as_get(scope)
        head = asked is not scope
        if made or "raised" in asked["state"]:
            return await _taken(made or self.app, asked, receive, send, head=head)
        try:
            done = await self.turns.come(asked)
        except (ClientGone, Problem) as error:
            asked["state"]["raised"] = error
            return await _taken(self.app, asked, receive, send, head=head)
        try:
            made = await self.exact.in_thread(asked)
            stored = _to_store(made)
            return stored or await _taken(
                made or self.app, asked, receive, send, head=head, passes=done
            )
        finally:
            done()


def _asks(query_string: bytes) -> bool:
    """Whether there is a parameter ``query``, however its name is written."""
    names = {part.partition(b"=")[0] for part in query_string.split(b"&")}
    return any(
        name == b"query" or (b"%" in name and unquote_to_bytes(name) == b"query")
        for name in names
        if len(name) <= len(b"query") * len(b"%XX")
    )


def _size(key: Key, stored: Stored) -> int:
    """Bytes that an entry takes, about."""
    return stored.size + sum(len(part) for part in key if isinstance(part, (bytes, str)))


def _as_get(scope: Scope) -> Scope:
    """A request as GET; the same one when it is."""
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope


def _to_store(made: Response | None) -> Stored | None:
    """The answer of an endpoint, when it may be sent again."""
    if isinstance(made, Ready) and not _is_live(made.raw_headers):
        return store(made.raw_headers, made.body)
    return None


async def _taken(
    app: ASGIApp,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    head: bool,
    passes: Callable[[], None] = lambda: None,
) -> Stored | None:
    """What an application answers to GET, or None when it was sent on; without body for HEAD.

    Args:
        passes: is called before anything is sent on, which takes as long as its client likes.
    """
    held: list[Message] = []
    passed = False

    async def hold(message: Message) -> None:
        nonlocal passed
        if passed:
            await send(_without_body(message) if head else message)
            return
        held.append(message)
        if message["type"] == "http.response.start":
            passed = message["status"] != 200 or _is_live(message["headers"])
        elif message.get("more_body"):
            passed = True
        if passed:
            passes()
            for each in held:
                await send(_without_body(each) if head else each)

    await app(scope, receive, hold)
    if passed or len(held) != 2:
        return None
    return store(held[0]["headers"], held[1].get("body", b""))


def _whole(scope: Scope, look: Looked, stored: Stored) -> Whole:
    """What is sent of an answer to who asks for it."""
    if look.match and names(look.match, stored.etag):
        return Whole(304, [header for header in stored.headers if header[0] in TOLD], b"")
    return Whole(200, stored.headers, b"" if scope["method"] == "HEAD" else stored.body)


def _without_body(message: Message) -> Message:
    if message["type"] != "http.response.body":
        return message
    return {**message, "body": b""}


def _is_live(headers: list[Header]) -> bool:
    if FOR_ONE.isdisjoint(dict(headers)):
        return False
    for name, value in headers:
        if name == b"set-cookie":
            return True
        if name == b"cache-control" and (b"no-store" in value or b"private" in value):
            return True
    return False


def store(said: list[Header], data: bytes) -> Stored:
    """Make an answer ready to be sent again, with its length, ETag and Cache-Control.

    Args:
        said: its headers.
        data: its body.
    """
    etag = b'"' + hashlib.sha256(data).hexdigest()[:32].encode() + b'"'
    headers: list[Header] = [*said, (b"etag", etag)]
    there = dict(said)
    if b"cache-control" not in there:
        headers.append(KEEP)
    if b"content-length" not in there:
        headers.append((b"content-length", b"%d" % len(data)))
    size = len(data) + sum(map(len, chain.from_iterable(headers))) + OVERHEAD
    return Stored(headers, data, etag, size)


def names(match: bytes, etag: bytes) -> bool:
    """Whether If-None-Match names this ETag, by weak comparison (RFC 9110, section 13.1.2)."""
    if match.strip() == b"*":
        return True
    wanted = etag.removeprefix(b"W/")
    return any(part.strip().removeprefix(b"W/") == wanted for part in match.split(b","))
