"""Answer from the pool over the snapshot in service: one pool for each application.

Source: RFC 9110, sections 13.1.1 (If-Match), 13.1.2 (If-None-Match) and 8.8.3 (ETag).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.cache import names
from graph_service.api.lists import service_of
from graph_service.api.problems import Problem
from graph_service.connections import client_of
from graph_service.service import Make, NoSnapshotError, Service
from graph_service.sparql.pool import Pool
from graph_service.sparql.preconditions import NONE, OTHER_NOW, Preconditions, graph_mark, mark
from graph_service.sparql.streaming import ResultResponse, while_connected
from graph_service.sparql.worker import Job
from graph_service.store import StoreError

log = logging.getLogger("ansvarsgraf.sparql")
#: Seconds that a coming snapshot waits for workers that have opened it.
START = 20.0


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
    loop = asyncio.get_running_loop()

    def expect(coming: Answers) -> None:
        assert coming.folder is not None
        asyncio.run_coroutine_threadsafe(app.state.pool.expect(coming.folder), loop).result(START)

    def in_use(former: Answers) -> list[Make]:
        return [expect] if app.state.pool else []

    service.in_use.append(in_use)
    try:
        yield
    finally:
        service.in_use.remove(in_use)
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


async def answer(
    request: Request, job: Job, content_type: str, headers: Mapping[str, str], *, lasting: bool
) -> Response:
    """Run a job and answer with its bytes; 304 when the client has them.

    Args:
        headers: to send along.
        lasting: whether the same job on the same snapshot gives the same answer.

    Raises:
        Problem: precondition-failed when If-Match names another answer, and what
            :meth:`Pool.run` raises.
        ClientGone: the client left.
    """
    pool = await pool_over(request.app, service_of(request))
    headers = {**headers, "Cache-Control": "no-cache" if lasting else "no-store"}
    asked = Preconditions.of(request.headers) if request.method != "POST" else NONE
    match = asked.none_match or ""
    if lasting:
        headers["ETag"] = job_mark(pool.folder.name, job, content_type)
    if asked.match is not None and not asked.matches([headers.get("ETag", "")]):
        raise Problem("precondition-failed", OTHER_NOW)
    # Who says * has no answer yet: whether there is one, only the job can tell.
    if lasting and match.strip() != "*" and names(match.encode(), headers["ETag"].encode()):
        return Response(status_code=304, headers=headers)
    # It takes the end of the connection for the end of the answer, so nothing may break off.
    whole = request.scope.get("http_version", "1.1") < "1.1"
    run = pool.run(job, client_of(request.scope), whole=whole)
    result = await while_connected(request, run)
    if lasting:
        # Another snapshot may have come into service while the job stood in line.
        headers["ETag"] = job_mark(result.snapshot, job, content_type)
    if lasting and match.strip() == "*":
        result.close()
        return Response(status_code=304, headers=headers)
    return ResultResponse(result, content_type, headers)


def job_mark(snapshot: str, job: Job, content_type: str) -> str:
    """The ETag of the answer that a snapshot gives to a job."""
    if job.graph:
        return graph_mark(snapshot, job.graph, content_type)
    dataset = (repr(job.default_graphs), repr(job.named_graphs))
    return mark(snapshot, "query", content_type, job.text, job.base, *dataset)
