"""Give up what is asked of a store elsewhere when the client leaves. A pure ASGI layer.

Only where the store is elsewhere: a question of the embedded store cannot be stopped, and is short.
Free SPARQL has its own way, :func:`graph_service.sparql.streaming.while_connected`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph_service.api.cache import LIVE
from graph_service.store.asking import ASKING, Asking


class Leaving:
    """The layer.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] not in ("GET", "HEAD")
            or scope["path"].startswith((*LIVE, "/sparql"))
        ):
            await self.app(scope, receive, send)
            return
        asking, left = Asking(), asyncio.Event()
        begun = False

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            asking.gone = True
            left.set()

        async def replay() -> Message:
            """What the application reads of a request without a body."""
            nonlocal begun
            if not begun:
                begun = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await left.wait()
            return {"type": "http.disconnect"}

        token = ASKING.set(asking)
        watching = asyncio.ensure_future(watch())
        try:
            await self.app(scope, replay, send)
        finally:
            watching.cancel()
            ASKING.reset(token)


class Threads(ThreadPoolExecutor):
    """Threads that know who waits: those of the event loop do, and others do not by themselves."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(copy_context().run, fn, *args, **kwargs)
