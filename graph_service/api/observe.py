"""What operators see of each request: an id, a line in the log, and figures. A pure ASGI layer.

A log line is one JSON object. It holds no more than the first characters of the query string, so
that no long SPARQL ends in the log, unless the installation asks for it. Lines of requests are
gathered for a moment and written together: Python's logging took a quarter of the time of an answer
from the cache.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Callable
from typing import IO, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph_service.api import at_once
from graph_service.api.at_once import Whole
from graph_service.api.metrics import Metrics, Sample, sample

#: A text as JSON, in which nothing ends a line or steers a terminal.
quote = json.encoder.encode_basestring_ascii
#: Seconds for which lines are gathered, and how many at most.
GATHER, GATHERED = 0.25, 500
#: Characters of a query string that are logged.
QUERY_CHARACTERS = 200
#: Addresses of which it is kept what they count as, and the most characters of one.
KEPT, LONGEST = 5000, 200
SOUND_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
#: What is noted, as nginx does, of a request whose client left before it had the answer.
CLIENT_LEFT = 499
#: Seconds after which a request is worth a warning.
SLOW = 5.0


def never() -> bool:
    """Of a server that does not tell whether the client has left."""
    return False


class JsonLines(logging.Formatter):
    """Log records as JSON, one a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        line["message"] = record.getMessage()
        if record.exc_info:
            line["error"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up_logging(stream: IO[str] = sys.stderr, level: int = logging.INFO) -> None:
    """Send all logs as JSON lines to a stream."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("ansvarsgraf").setLevel(level)


class RequestLog:
    """Lines about requests, written together a few times a second.

    Args:
        stream: where they go.
    """

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream
        self._lines: list[str] = []
        self._second, self._stamp = 0, ""

    def add(self, members: str, level: str) -> None:
        """Keep a line; ``members`` is the inside of a JSON object."""
        now = time.time()
        if int(now) != self._second:
            self._second = int(now)
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        if not self._lines:
            asyncio.get_running_loop().call_later(GATHER, self.flush)
        self._lines.append(
            f'{{"time":"{self._stamp}.{int(now % 1 * 1000):03d}Z","level":"{level}",'
            f'"logger":"ansvarsgraf.access",{members}}}\n'
        )
        if len(self._lines) >= GATHERED:
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        lines, self._lines = self._lines, []
        if lines:
            with contextlib.suppress(OSError, ValueError):
                self.stream.write("".join(lines))
                self.stream.flush()


class Observe:
    """The layer.

    Args:
        app: what answers.
        metrics: where the figures go.
        log_requests: write a line for each request.
        log_queries: with the whole query string.
        stream: where the lines go.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        *,
        log_requests: bool,
        log_queries: bool,
        stream: IO[str] | None = None,
    ) -> None:
        self.app, self.metrics = app, metrics
        self._app_at_once = at_once.of(app)
        self.lines = RequestLog(stream or sys.stderr)
        self.log_requests, self.log_queries = log_requests, log_queries
        self._prefix = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._kept: dict[tuple[str, str, int], tuple[str, Sample]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            self.lines.flush()
            return
        state, name, begun = self._begin(scope)
        status, size, whole, left = 0, 0, False, False
        gone: Callable[[], bool] = state.get("gone", never)

        async def watched(message: Message) -> None:
            nonlocal status, size, whole, left
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", name)]
                message = {"type": "http.response.start", "status": status, "headers": headers}
            else:
                # What is sent to a client that has left goes nowhere, and says nothing of it.
                if not left and not gone():
                    size += len(message.get("body", b""))
                elif message.get("body"):
                    left = True
                whole = not message.get("more_body", False)
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            left = left or (not whole and gone())
            # It knows the request, and the request knows it: neither would go before a search.
            state.pop("gone", None)
            broken = status != 0 and not whole and not left
            # Where nothing was sent, it ends in an error, of which the server makes an answer.
            told = CLIENT_LEFT if left else status or 500
            self._note(scope, state, told, size, time.perf_counter() - begun, broken)

    def at_once(self, scope: Scope) -> Whole | None:
        """See :mod:`graph_service.api.at_once`."""
        state, name, begun = self._begin(scope)
        whole = self._app_at_once(scope)
        if whole is None:
            return None
        state.pop("gone", None)
        passed = time.perf_counter() - begun
        self._note(scope, state, whole.status, len(whole.body), passed, False)
        return Whole(whole.status, [*whole.headers, (b"x-request-id", name)], whole.body)

    def _begin(self, scope: Scope) -> tuple[dict[str, Any], bytes, float]:
        """The state of a request, its id, and when it began."""
        state: dict[str, Any] = scope.setdefault("state", {})
        begun = state.get("begun")
        if begun is None:
            name = self._name()
            for header, given in scope["headers"]:
                if header == b"x-request-id":
                    if SOUND_ID.fullmatch(given):
                        name = given
                    break
            state["request_id"] = name.decode()
            begun = state["begun"] = time.perf_counter()
        else:
            name = state["request_id"].encode()
        return state, name, begun

    def _name(self) -> bytes:
        return f"{self._prefix}-{next(self._numbers):x}".encode()

    def _note(
        self,
        scope: Scope,
        state: dict[str, str],
        status: int,
        size: int,
        seconds: float,
        broken: bool,
    ) -> None:
        path, method = scope["path"], scope["method"]
        kept = self._kept.get((path, method, status))
        if kept is None:
            what = kind_of(path)
            named = method if method in METHODS else "other"
            kept = what, sample("requests_total", what=what, method=named, status=str(status))
            if len(self._kept) < KEPT and len(path) + len(method) < LONGEST:
                self._kept[path, method, status] = kept
        what, counted = kept
        self.metrics.answered(counted, size, what, seconds)
        if broken:
            self.metrics.count(sample("broken_total", what=what))
        if not self.log_requests:
            return
        query = scope.get("query_string", b"").decode("latin-1")
        if not self.log_queries and len(query) > QUERY_CHARACTERS:
            query = query[:QUERY_CHARACTERS] + "…"
        client = scope.get("client")
        cache = state.get("cache", "")
        self.lines.add(
            f'"request_id":"{state["request_id"]}","method":{quote(scope["method"])},'
            f'"path":{quote(scope["path"][:500])},"query":{quote(query)},"status":{status},'
            f'"bytes":{size},"ms":{seconds * 1000:.2f},"cache":"{cache}",'
            f'"client":"{client[0] if client else ""}"' + (',"broken":true' if broken else ""),
            "error" if status >= 500 or broken else "warning" if seconds > SLOW else "info",
        )


METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"))
#: Kinds of address, from the first parts of the path; all else is a page.
DATA = ("sparql", "graph", "rdf-graph-store", ".well-known")
PLAIN = frozenset(("healthz", "readyz", "metrics", "static", "id", *DATA))


def kind_of(path: str) -> str:
    """The kind of address, or the list or question asked: few, whatever a client writes."""
    parts = path.split("/", 5)
    first = parts[1] if len(parts) > 1 else ""
    if first == "api" and len(parts) > 3:
        name = parts[3]
        if name == "questions" and len(parts) > 4:
            return "question " + parts[4] if parts[4] in KNOWN else "question unknown"
        if name in KNOWN:
            return f"{name} one" if len(parts) > 4 else name
        return "api"
    if first in PLAIN:
        return first
    return "page"


#: Names of lists and questions, filled in when the application is made.
KNOWN: set[str] = set()
