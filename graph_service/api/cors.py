"""Which other sites' scripts may read the answers: a pure ASGI layer, off unless set.

Source: the Fetch standard, section 3.2 (CORS protocol). Only reading is opened; a request with a
key, or one that changes something, is never allowed from another site.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph_service.api import at_once
from graph_service.api.at_once import Whole

#: Addresses that are opened: data, not pages and not administration.
OPEN = ("/api/", "/id/", "/sparql", "/graph/", "/rdf-graph-store", "/.well-known/void")
CLOSED = "/api/v1/admin/"
PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
    (b"access-control-allow-headers", b"Accept, Content-Type, If-None-Match, X-Request-Id"),
    (b"access-control-max-age", b"86400"),
]
EXPOSED = (b"access-control-expose-headers", b"ETag, Link, X-Request-Id, X-Snapshot, Retry-After")


class Cors:
    """The layer.

    Args:
        app: what answers.
        origins: origins that may read, or ``*`` for all.
    """

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self.app = app
        self._app_at_once = at_once.of(app)
        self.everyone = "*" in origins
        self.origins = {origin.rstrip("/").encode() for origin in origins}

    def at_once(self, scope: Scope) -> Whole | None:
        """See :mod:`graph_service.api.at_once`."""
        whole = self._app_at_once(scope)
        if whole is None or not _is_open(scope["path"]):
            return whole
        origin = dict(scope["headers"]).get(b"origin", b"")
        return whole._replace(headers=[*whole.headers, *self._given(origin)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_open(scope["path"]):
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"")
        given = self._given(origin)
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await send(
                {
                    "type": "http.response.start",
                    "status": 204,
                    "headers": [*given, *(PREFLIGHT if self._allowed(origin) else ())],
                }
            )
            await send({"type": "http.response.body", "body": b""})
            return

        async def opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *given]}
            await send(message)

        await self.app(scope, receive, opened)

    def _allowed(self, origin: bytes) -> bool:
        return self.everyone or origin in self.origins

    def _given(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        if self.everyone:
            return [(b"access-control-allow-origin", b"*"), EXPOSED]
        vary = (b"vary", b"Origin")
        if origin and origin in self.origins:
            return [(b"access-control-allow-origin", origin), EXPOSED, vary]
        return [vary]


def _is_open(path: str) -> bool:
    return path.startswith(OPEN) and not path.startswith(CLOSED)
