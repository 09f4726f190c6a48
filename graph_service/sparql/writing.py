"""Changes over HTTP: who may make them, and how they come into service.

A change is made by a process of its own (:mod:`graph_service.sparql.writer`), one at a time; the
web process then serves the new snapshot. If anything fails, the snapshot in service stays; if the
writer is killed, it is that or the whole new one.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from dataclasses import asdict, dataclass
from signal import SIGKILL

from starlette.requests import Request

from graph_service.api.lists import service_of
from graph_service.api.operations import must_bear
from graph_service.api.problems import Problem
from graph_service.build.publish import current
from graph_service.settings import Settings
from graph_service.sparql.failures import of_change
from graph_service.sparql.preconditions import NONE, Preconditions
from graph_service.sparql.process import ALWAYS, ENVIRONMENT, cause_of_death
from graph_service.sparql.writer import Change

log = logging.getLogger("ansvarsgraf.sparql")


@dataclass(frozen=True)
class Update:
    """A SPARQL Update with its base IRI, the dataset that the protocol names, and whether it asks
    other hosts, which the guard has allowed; and what the request makes it depend on."""

    text: str
    base: str
    using: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()
    network: bool = False
    conditions: Preconditions = NONE


@dataclass(frozen=True)
class GraphChange:
    """A change of one graph: ``put``, ``post``, ``patch`` or ``delete``; ``target`` is the graph
    whose marks the conditions name, which is ``default`` for the merged one."""

    method: str
    graph: str
    content_type: str = ""
    body: bytes = b""
    base: str = ""
    target: str = ""
    conditions: Preconditions = NONE


def authorise(request: Request) -> None:
    """Let only the holder of the administrator's key pass.

    Raises:
        Problem: forbidden when the installation has no key, or its graph lies elsewhere;
            unauthorised otherwise.
    """
    settings = service_of(request).settings
    token = settings.admin_token
    if not token:
        raise Problem(
            "forbidden",
            "Her kan kun læses. Ændringer kræver, at ANSVARSGRAF_ADMIN_TOKEN er sat, hvor "
            "tjenesten kører.",
        )
    if not settings.changeable:
        raise Problem(
            "forbidden",
            "Her kan kun læses, for grafen ligger på et lager et andet sted (ANSVARSGRAF_STORE). "
            "Ret i data/, og kør `ansvarsgraf build --publish`.",
        )
    must_bear(request, token)


async def write(request: Request, wanted: Update | GraphChange) -> bool:
    """Make a change and take the new snapshot in service; gives whether a graph is new.

    Raises:
        Problem: nothing was changed; or, when the detail says so, it is not known whether it was.
    """
    service = service_of(request)
    project, snapshots = str(service.settings.project), str(service.settings.snapshots)
    if isinstance(wanted, Update):
        change = Change(
            "update",
            project,
            snapshots,
            base=wanted.base,
            using=wanted.using,
            using_named=wanted.using_named,
            if_match=wanted.conditions.match,
            if_none_match=wanted.conditions.none_match,
            network=wanted.network,
        )
        body = wanted.text.encode()
    else:
        change = Change(
            wanted.method,
            project,
            snapshots,
            graph=wanted.graph,
            content_type=wanted.content_type,
            base=wanted.base,
            target=wanted.target,
            if_match=wanted.conditions.match,
            if_none_match=wanted.conditions.none_match,
        )
        body = wanted.body
    async with request.app.state.writing:
        try:
            return await _run(change, body, service.settings)
        finally:
            await asyncio.to_thread(service.reload)


async def _run(change: Change, body: bytes, settings: Settings) -> bool:
    before = current(settings.snapshots)
    environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "graph_service.sparql.writer",
        str(settings.write_memory),
        str(os.getpid()),
        *(["network"] if change.network else []),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment, **ALWAYS},
    )
    cause, out, errors = "", b"", b""
    try:
        given = json.dumps(asdict(change)).encode() + b"\n" + body
        out, errors = await asyncio.wait_for(process.communicate(given), settings.write_seconds)
    except TimeoutError:
        cause = "time"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        if process.stdin:
            process.stdin.close()
    code, last_words = process.returncode or 0, errors.decode(errors="replace")
    if code or last_words:
        log.error("writer ended with %s: %s", code, last_words)
    if code or cause:
        cause = cause or ("killed" if code == -SIGKILL else cause_of_death(code, last_words))
        raise of_change(cause, settings, unchanged=current(settings.snapshots) == before)
    told = json.loads(out)
    if "kind" in told:
        raise Problem(told["kind"], told["detail"], **told["more"])
    return bool(told["created"])
