"""Pages kept as bytes while their snapshot is in service, with ETag and 304.

A snapshot never changes, so a page of it never does: the first reader waits for the questions,
the others get the bytes.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import service_of
from graph_service.service import NoSnapshotError
from graph_service.store import StoreError

#: Most bytes of pages that are kept.
MOST_BYTES = 24 * 1024**2
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Key = tuple[object, ...]


@dataclass(frozen=True)
class Page:
    """A finished answer."""

    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    etag: str


class Pages:
    """The pages kept, the least recently read dropped first."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Page | None:
        """The page of a key, if it is still kept."""
        with self._lock:
            page = self._pages.get(key)
            if page:
                self._pages.move_to_end(key)
            return page

    def put(self, key: Key, page: Page) -> None:
        """Keep a page; one that is larger than a quarter of the room is not kept."""
        if len(page.body) > self._most // 4:
            return
        with self._lock:
            old = self._pages.pop(key, None)
            self._size += len(page.body) - (len(old.body) if old else 0)
            self._pages[key] = page
            while self._size > self._most:
                self._size -= len(self._pages.popitem(last=False)[1].body)


def stamp(request: Request) -> Key | None:
    """What an answer depends on beside its address: snapshot, corpus, host, encoding."""
    service = service_of(request)
    try:
        snapshot = service.answers.store.snapshot
        corpus = service.settings.corpus
        changed = corpus.stat().st_mtime_ns if corpus and corpus.is_dir() else 0
    except (NoSnapshotError, StoreError, OSError):
        return None
    packed = "gzip" in request.headers.get("accept-encoding", "")
    return (snapshot, changed, str(request.base_url), request.url.path, request.url.query, packed)


def prepare(answers: Answers) -> None:
    """Ask in the background for what many pages share, once for a snapshot."""
    if getattr(_prepared, "snapshot", "") == answers.store.snapshot:
        return
    _prepared.snapshot = answers.store.snapshot
    threading.Thread(target=_prepare, args=(answers,), daemon=True).start()


class _Prepared:
    snapshot = ""


_prepared = _Prepared()


def _prepare(answers: Answers) -> None:
    from graph_service.search import index_of
    from graph_service.web.items import of_type, things
    from graph_service.web.responsibilities import facet_values, situations

    facet_values(answers)
    situations(answers)
    for type_ in ("Initiative", "Event", "Contradiction", "ReviewFinding", "Remark"):
        of_type(answers, type_)
    for name in ("actors", "agreements", "legal-bases"):
        things(answers, name)
    index_of(answers)


class KeptRoute(APIRoute):
    """A route whose 200 answers to GET are kept."""

    def get_route_handler(self) -> Handler:
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            key = stamp(request)
            if key is None:
                return await inner(request)
            prepare(service_of(request).answers)
            pages: Pages = request.app.state.__dict__.setdefault("kept_pages", Pages(MOST_BYTES))
            page = pages.get(key)
            if page is None:
                response = await inner(request)
                if response.status_code != 200 or not isinstance(response.body, bytes):
                    return response
                etag = f'"{hashlib.sha256(response.body).hexdigest()[:20]}"'
                page = Page(response.body, tuple(response.raw_headers), etag)
                pages.put(key, page)
            if page.etag in request.headers.get("if-none-match", ""):
                return Response(None, 304, {"ETag": page.etag, "Cache-Control": "no-cache"})
            answer = Response(page.body)
            answer.raw_headers = [
                *page.headers,
                (b"etag", page.etag.encode()),
                (b"cache-control", b"no-cache"),
            ]
            return answer

        return handler
