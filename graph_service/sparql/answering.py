"""Answer from the pool over the snapshot in service: one pool for each application.

Source: RFC 9110, sections 13.1.2 (If-None-Match) and 8.8.3 (ETag).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import Response

from graph_service.api.cache import names
from graph_service.api.lists import service_of
from graph_service.connections import network
from graph_service.service import NoSnapshotError, Service
from graph_service.sparql.pool import Pool
from graph_service.sparql.streaming import ClientGone, ResultResponse, while_connected
from graph_service.sparql.worker import Job
from graph_service.store import StoreError

log = logging.getLogger("ansvarsgraf.sparql")

#: A client may keep an answer, and asks whether it still holds.
CACHE = {"Cache-Control": "no-cache", "Vary": "Accept"}


@asynccontextmanager
async def pool_for(app: FastAPI, service: Service) -> AsyncIterator[None]:
    """Start the pool over the snapshot in service, as ``app.state.pool``, and stop it at the end.

    Without a snapshot the service starts too, and the pool at the first query after publishing.
    """
    app.state.pool = None
    app.state.pool_starting = asyncio.Lock()
    app.state.writing = asyncio.Lock()
    try:
        await pool_over(app, service)
    except (NoSnapshotError, StoreError) as error:
        log.error("no SPARQL yet: %s", error)
    try:
        yield
    finally:
        if app.state.pool is not None:
            await app.state.pool.close()


async def pool_over(app: FastAPI, service: Service) -> Pool:
    """The pool, over the snapshot that is in service now.

    Raises:
        NoSnapshotError: nothing has been published.
        StoreError: the snapshot cannot be opened, and no other was in service.
    """
    folder: Path = service.folder
    pool: Pool | None = app.state.pool
    if pool is not None and pool.folder == folder:
        return pool
    async with app.state.pool_starting:
        pool = app.state.pool
        if pool is None:
            pool = Pool(service.settings, folder)
            await pool.start()
            app.state.pool = pool
        else:
            try:
                await pool.swap(folder)
            except StoreError as error:
                log.error("the former snapshot stays in service: %s", error)
    return pool


async def answer(request: Request, job: Job, content_type: str, *, lasting: bool) -> Response:
    """Run a job and answer with its bytes; 304 when the client has them.

    Args:
        lasting: whether the same job on the same snapshot gives the same answer.
    """
    pool = await pool_over(request.app, service_of(request))
    headers = dict(CACHE)
    if lasting:
        key = (pool.folder.name, content_type, job.text, job.base, job.graph, *job_dataset(job))
        headers["ETag"] = '"' + hashlib.sha256("\x00".join(key).encode()).hexdigest()[:32] + '"'
        if matches(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
    else:
        headers["Cache-Control"] = "no-store"
    try:
        result = await while_connected(request, pool.run(job, client_of(request)))
    except ClientGone:
        return Response(status_code=499)
    return ResultResponse(result, content_type, headers)


def client_of(request: Request) -> str:
    """Whom a request counts for: its address, as connections count it."""
    return network(request.client.host) if request.client else ""


def job_dataset(job: Job) -> tuple[str, str]:
    """The dataset of a job as text."""
    return repr(job.default_graphs), repr(job.named_graphs)


def matches(request: Request, etag: str) -> bool:
    """Whether If-None-Match names this ETag (RFC 9110, section 13.1.2)."""
    if request.method not in ("GET", "HEAD"):
        return False
    return names(request.headers.get("if-none-match", "").encode(), etag.encode())
