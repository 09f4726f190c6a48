"""For those who run the service: is it alive, is it ready, its figures, and take a new snapshot."""

from __future__ import annotations

import asyncio
import hmac
import time
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from graph_service.api.openapi import PROBLEM_RESPONSES, problems
from graph_service.api.problems import Problem
from graph_service.api.request import service_of
from graph_service.api.schemas import ref
from graph_service.api.shape import json_answer
from graph_service.service import NoSnapshotError, Service
from graph_service.store import StoreError
from graph_service.store.exchange import until

router = APIRouter()
#: Longest time in which the graph must show that it answers.
LOOK_SECONDS = 2.0
NO_STORE = {"Cache-Control": "no-store"}
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text_answers(media: str, *kinds: str) -> dict[int | str, Any]:
    """The answers of an operation that gives text, and problems of these kinds."""
    text = {"content": {media: {"schema": {"type": "string"}}}}
    return {200: {"description": "Svaret", **text}, **problems(*kinds)}


@router.get(
    "/healthz",
    summary="Svarer processen?",
    description="200, når en graf er i drift.",
    tags=["Drift"],
    response_class=Response,
    responses=text_answers("text/plain; charset=utf-8"),
)
@router.head("/healthz", include_in_schema=False)
async def healthz(request: Request) -> Response:
    """200 when a snapshot is served."""
    return PlainTextResponse(f"ok {service_of(request).manifest.id}\n", headers=NO_STORE)


@router.get(
    "/readyz",
    summary="Svarer grafen?",
    description="503, når den ikke gør, og mens tjenesten lukker.",
    tags=["Drift"],
    response_class=Response,
    responses=text_answers("text/plain; charset=utf-8", "too-busy"),
)
@router.head("/readyz", include_in_schema=False)
async def readyz(request: Request) -> Response:
    """200 when the graph answers; 503 when it cannot, or from when the service is told to close."""
    state, service = request.app.state, service_of(request)
    if state.closing:
        raise Problem("too-busy", "Tjenesten er ved at lukke.")
    # All who ask at the same time share one look: a store that hangs holds one thread.
    if state.looking is None or state.looking.done():
        # In a context of its own, for who asked first may leave before the others.
        state.looking = asyncio.get_running_loop().run_in_executor(None, amiss, service)
    if why := await asyncio.shield(state.looking):
        raise Problem("store-unavailable", why)
    return PlainTextResponse(f"ready {service.manifest.id}\n", headers=NO_STORE)


def amiss(service: Service) -> str:
    """Why the graph cannot be asked, in Danish, after :data:`LOOK_SECONDS` at most; empty when it
    can."""
    try:
        with until(time.monotonic() + LOOK_SECONDS):
            service.answers.store.ask("ASK { ?s ?p ?o }")
            there = service.folder.is_dir()
    except (NoSnapshotError, StoreError):
        return "Grafen svarer ikke."
    # What is open still answers, but search and free SPARQL open it anew.
    return "" if there else "Grafens mappe er ikke længere på disken."


@router.get(
    "/metrics",
    summary="Tjenestens tal",
    description="I Prometheus' tekstformat, for alle processer tilsammen.",
    tags=["Drift"],
    response_class=Response,
    responses=text_answers(METRICS_TYPE),
)
@router.head("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Figures in the Prometheus text format, over all processes."""
    # Not among the threads of pages, which may all wait for a store.
    text = await asyncio.to_thread(request.app.state.metrics.text)
    return Response(text, media_type=METRICS_TYPE, headers=NO_STORE)


@router.post(
    "/api/v1/admin/reload",
    summary="Tag den senest udgivne graf i drift",
    description="Forespørgsler, der er i gang, bliver færdige på den graf, de begyndte på.",
    tags=["Drift"],
    response_class=Response,
    openapi_extra={"security": [{"key": []}]},
    responses={
        200: {
            "description": "Grafen i drift",
            "content": {"application/json": {"schema": ref("Snapshot")}},
        },
        **{code: PROBLEM_RESPONSES[code] for code in (405, 503)},
        401: {**PROBLEM_RESPONSES[400], "description": "Nøglen mangler eller er forkert"},
        403: {**PROBLEM_RESPONSES[400], "description": "Der er ingen nøgle i denne installation"},
    },
)
async def reload(request: Request) -> Response:
    """Swap to the newest snapshot; requests under way end on the one they began with."""
    authorise(request)
    service = service_of(request)
    manifest = await asyncio.to_thread(service.reload)
    body = {"snapshot": manifest.id, "created": manifest.created, "triples": manifest.triples}
    return json_answer(body, NO_STORE)


def authorise(request: Request) -> None:
    """Let only the holder of the administrator's key pass.

    Raises:
        Problem: forbidden when the installation has no key; unauthorised otherwise.
    """
    token = service_of(request).settings.admin_token
    if not token:
        raise Problem(
            "forbidden",
            "Ændringer kræver, at ANSVARSGRAF_ADMIN_TOKEN er sat, hvor tjenesten kører.",
        )
    must_bear(request, token)


def must_bear(request: Request, token: str) -> None:
    """Let only a request pass that bears a key (RFC 6750); compared in constant time.

    Raises:
        Problem: unauthorised.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    # Header values come as Latin-1, whatever their bytes mean.
    right = hmac.compare_digest(given.strip().encode("latin-1"), token.encode())
    if scheme.lower() != "bearer" or not right:
        raise Problem(
            "unauthorised",
            "Send administratorens nøgle som Authorization: Bearer ….",
            headers={"WWW-Authenticate": 'Bearer realm="ansvarsgraf"'},
        )
