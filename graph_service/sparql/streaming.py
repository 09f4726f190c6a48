"""Hand an answer to a client, notice when the client is gone, and break off what broke off.

An answer that fails after its sending has begun is cut short: its last chunk is never sent, so
that no client takes it for complete (RFC 9112, section 8).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from graph_service.sparql.result import Result

log = logging.getLogger("ansvarsgraf.sparql")

#: Longest time in seconds that a client may take for one piece of an answer.
CLIENT_SECONDS = 30.0

T = TypeVar("T")


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_connected(request: Request, work: Coroutine[object, object, T]) -> T:
    """The value of ``work``, which is cancelled when the client leaves; read the body before.

    Raises:
        ClientGone: the client left.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request.receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGone
    finally:
        gone.cancel()
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


class ResultResponse(Response):
    """An answer as an HTTP response; says Content-Length when the answer is complete already.

    Args:
        result: the answer; closed when everything was sent or the client is gone.
        content_type: its Content-Type.
        headers: further headers.
    """

    def __init__(self, result: Result, content_type: str, headers: dict[str, str]) -> None:
        self.status_code, self.background, self.result = 200, None, result
        length = {"content-length": str(result.size)} if result.done else {}
        self.init_headers({"content-type": content_type, **headers, **length})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_gone(receive))
        gone.add_done_callback(lambda _: self.result.close())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                async for piece in self.result.pieces():
                    message = {"type": "http.response.body", "body": piece, "more_body": True}
                    await asyncio.wait_for(send(message), CLIENT_SECONDS)
                if self.result.failure:
                    log.warning("answer broken off: %s", self.result.failure)
                    return
                if gone.done():
                    return  # its end is not that of the answer: the client left before that
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (TimeoutError, OSError) as error:
            log.info("client does not take the answer: %r", error)
        finally:
            gone.cancel()
            self.result.close()
