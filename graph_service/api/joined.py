"""Several ``Accept`` lines of one request as one, for all that looks at it. A pure ASGI layer.

Source: RFC 9110, section 5.3: the lines of a list are one list, in their order.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from graph_service.api import at_once
from graph_service.api.at_once import Whole


class Joined:
    """The layer.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._app_at_once = at_once.of(app)

    def at_once(self, scope: Scope) -> Whole | None:
        """See :mod:`graph_service.api.at_once`."""
        return self._app_at_once(joined(scope))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(joined(scope) if scope["type"] == "http" else scope, receive, send)


def joined(scope: Scope) -> Scope:
    """A request with one ``Accept`` line."""
    lines = [value for name, value in scope["headers"] if name == b"accept"]
    if len(lines) < 2:
        return scope
    kept = [header for header in scope["headers"] if header[0] != b"accept"]
    return {**scope, "headers": [*kept, (b"accept", b", ".join(lines))]}
