"""One free query for the command line, within the limits of the service."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from graph_service.settings import Settings
from graph_service.sparql.guard import look
from graph_service.sparql.media import OFFERS, SOLUTIONS, choose
from graph_service.sparql.pool import Pool
from graph_service.sparql.worker import Job


def run_once(folder: Path, settings: Settings, query: str, format: str) -> bytes:
    """Run one query in a worker of its own, for the command line; same limits, same problems.

    Args:
        folder: the snapshot's folder.
        format: name of a format of :mod:`graph_service.sparql.media`.

    Raises:
        Problem: as :meth:`Pool.run`, and what :func:`graph_service.sparql.guard.look` raises.
        StoreError: the snapshot cannot be opened.
    """
    seen = look(query, settings.allowed_hosts, variables=True)
    form, _ = choose("", format, OFFERS.get(seen.kind, SOLUTIONS))
    job = Job(
        text=query,
        format=form.name,
        seconds=settings.query_seconds,
        rows=settings.query_rows,
        size=settings.query_bytes,
        network=seen.outgoing,
        hosts=settings.allowed_hosts if seen.variable else (),
    )

    async def once() -> bytes:
        pool = Pool(replace(settings, workers=1), folder, spares=0)
        await pool.start()
        try:
            result = await pool.run(job)
            try:
                pieces = [piece async for piece in result.pieces()]
            finally:
                result.close()
            if result.failure:
                raise result.failure
            return b"".join(pieces)
        finally:
            await pool.close()

    return asyncio.run(once())
