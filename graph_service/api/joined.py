"""Several ``Accept`` lines of one request as one, for all that looks at it. A pure ASGI layer.

Source: RFC 9110, section 5.3: the lines of a list are one list, in their order.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class Joined:
    """The layer.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            lines = [value for name, value in scope["headers"] if name == b"accept"]
            if len(lines) > 1:
                kept = [header for header in scope["headers"] if header[0] != b"accept"]
                scope = {**scope, "headers": [*kept, (b"accept", b", ".join(lines))]}
        await self.app(scope, receive, send)
