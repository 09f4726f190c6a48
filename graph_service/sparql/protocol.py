"""The SPARQL 1.1 Protocol at ``/sparql``, and the descriptions of the service.

Sources: SPARQL 1.1 Protocol; SPARQL 1.1 Service Description; RFC 9110, section 12.
"""

from __future__ import annotations

import logging
from functools import partial
from urllib.parse import urlencode

import pyoxigraph as ox
from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.api.cache import store
from graph_service.api.problems import Problem, wants_html
from graph_service.api.request import accept_of, base_url, service_of
from graph_service.api.shape import forms
from graph_service.sparql import description, documented, graph_store, guard, writing
from graph_service.sparql.answering import answer, pool_for, pool_over
from graph_service.sparql.media import GRAPHS, OFFERS, SOLUTIONS, Format, choose, media_types
from graph_service.sparql.preconditions import NONE, Preconditions
from graph_service.sparql.request import Call, in_turn, read_call
from graph_service.sparql.worker import GRAPH_FORMATS, Job
from graph_service.vocabulary import PREFIXES

__all__ = ["pool_for", "router"]

log = logging.getLogger("ansvarsgraf.sparql")
router = APIRouter(tags=["SPARQL"], default_response_class=Response)
router.include_router(graph_store.router)

METHODS = "GET, HEAD, POST, OPTIONS"
ASKING = {"parameters": documented.QUERY_PARAMETERS}
DESCRIBING = {"parameters": [documented.GRAPH_FORMATS]}


@router.get(
    "/sparql",
    summary="Stil et spørgsmål i SPARQL, eller få tjenesten beskrevet",
    description="SPARQL 1.1 Protocol. Projektets præfikser kendes uden PREFIX.",
    openapi_extra=ASKING,
    responses=documented.QUERY_ANSWERS,
)
@router.head(
    "/sparql",
    summary="Se, om et spørgsmål kan stilles",
    description="Som GET, uden indhold.",
    openapi_extra=ASKING,
    responses=documented.bodiless(documented.QUERY_ANSWERS),
)
@router.post(
    "/sparql",
    summary="Stil et spørgsmål i SPARQL, eller ret med SPARQL Update",
    description="SPARQL 1.1 Protocol. Spørgsmål kræver ingen nøgle; opdateringer gør.",
    openapi_extra={
        "requestBody": documented.POST_BODY,
        "parameters": documented.CONDITIONS,
        **documented.KEY_FOR_UPDATES,
    },
    responses=documented.POST_ANSWERS,
)
async def sparql(request: Request) -> Response:
    """Answer a query, do an update, or describe the service."""
    call = await read_call(request)
    if call.update is not None:
        return await update(request, call)
    if call.query is None:
        if request.method == "POST":
            raise Problem("bad-content", "Parameteren query mangler.")
        data = [media for form in GRAPHS for media in form.media]
        if not call.format and wants_html(request, data):
            from graph_service.web.pages import sparql_page

            return sparql_page(request)
        return described(request, "service", call.format)
    return await query(request, call, call.query)


@router.options(
    "/sparql",
    status_code=204,
    summary="Hvad der kan gøres her",
    description="Allow nævner metoderne.",
    responses={204: {"description": "Metoderne", "headers": documented.ALLOW}},
)
async def options() -> Response:
    """What can be done here."""
    return Response(status_code=204, headers={"Allow": METHODS})


async def query(request: Request, call: Call, text: str) -> Response:
    """Answer a query.

    Raises:
        Problem: see :meth:`graph_service.sparql.pool.Pool.run` and :func:`guard.look`.
    """
    settings = service_of(request).settings
    hosts = settings.allowed_hosts
    judge = partial(guard.look, text, hosts, variables=True)
    seen = await in_turn(request, len(text), judge)
    if seen.update:
        raise Problem(
            "bad-query",
            f"{seen.kind} er en opdatering. Her kan kun spørges (SELECT, ASK, CONSTRUCT, "
            "DESCRIBE); opdateringer sendes som update.",
        )
    accept = accept_of(request) if seen.kind else ""
    offers = OFFERS.get(seen.kind, SOLUTIONS)
    form, content_type = choose(accept, call.format if seen.kind else "", offers)
    default_graphs, named_graphs = call.dataset
    # The page asks of the whole graph only.
    page = "" if default_graphs is not None else "/sparql?" + urlencode({"tekst": text})
    if request.method == "POST":
        headers = {"Vary": "Accept"}
    else:
        headers = forms(request, form.name, media_types(offers), page=page)
    job = Job(
        text=text,
        format=form.name,
        seconds=settings.query_seconds,
        rows=settings.query_rows,
        size=settings.query_bytes,
        base=base_url(request) + "/sparql",
        default_graphs=default_graphs,
        named_graphs=named_graphs,
        network=seen.outgoing,
        hosts=hosts if seen.variable else (),
    )
    if settings.log_queries:
        log.info("query: %s", text)
    return await answer(request, job, content_type, headers, lasting=not seen.volatile)


async def update(request: Request, call: Call) -> Response:
    """Do an update, as far as this installation and the client's key allow, and what the request
    makes it depend on: the snapshot that gave the marks, or the description of the service."""
    writing.authorise(request)
    assert call.update is not None
    seen = guard.look(call.update, service_of(request).settings.allowed_hosts)
    if seen.kind and not seen.update:
        raise Problem("bad-query", f"{seen.kind} er et spørgsmål; send det som query.")
    change = writing.Update(
        call.update,
        base_url(request) + "/sparql",
        tuple(call.using_graphs),
        tuple(call.using_named_graphs),
        seen.outgoing,
        conditions(request),
    )
    await writing.write(request, change)
    pool = await pool_over(request.app, service_of(request))
    return Response(status_code=204, headers={"X-Snapshot": pool.folder.name})


def conditions(request: Request) -> Preconditions:
    """The preconditions of an update. For a mark of the description, which is what stands at this
    address, the snapshot that it describes is put."""
    asked = Preconditions.of(request.headers)
    if asked == NONE:
        return asked
    snapshot = service_of(request).manifest.id
    bodies = (description_in(request, "service", form) for form in GRAPHS)
    marks = [store([], body).etag.decode() for body in bodies]
    return asked.translated(dict.fromkeys(marks, f'"{snapshot}"'))


@router.get(
    "/.well-known/void",
    summary="VoID-beskrivelsen af grafen",
    description="Hvilke grafer og ordforråd der er, og hvor meget de rummer.",
    openapi_extra=DESCRIBING,
    responses=documented.DESCRIPTION_ANSWERS,
)
@router.head("/.well-known/void", include_in_schema=False)
async def void(request: Request) -> Response:
    """The VoID description of the dataset."""
    return described(request, "void", request.query_params.get("format", ""))


@router.get(
    "/api/v1/catalog",
    summary="DCAT-beskrivelsen af grafen",
    description="Grafen som datasæt i et katalog, med dens formater og tjenester.",
    openapi_extra=DESCRIBING,
    responses=documented.DESCRIPTION_ANSWERS,
)
@router.head("/api/v1/catalog", include_in_schema=False)
async def catalog(request: Request) -> Response:
    """The DCAT description of the dataset."""
    return described(request, "catalog", request.query_params.get("format", ""))


def described(request: Request, what: str, format_parameter: str) -> Response:
    """A description of the service as RDF."""
    form, content_type = choose(accept_of(request), format_parameter, GRAPHS)
    body = description_in(request, what, form)
    page = "/sparql" if what == "service" else "/"
    headers = forms(request, form.name, media_types(GRAPHS), page=page)
    return Response(body, headers=headers, media_type=content_type)


def description_in(request: Request, what: str, form: Format) -> bytes:
    """The bytes of a description in a format."""
    service = service_of(request)
    triples = description.DESCRIPTIONS[what](base_url(request), service.manifest, service.settings)
    items = [ox.Quad(*t) for t in triples] if form.name == "nquads" else list(triples)
    used = {name: space for name, space in PREFIXES.items() if any(space in str(t) for t in items)}
    return ox.serialize(items, format=GRAPH_FORMATS[form.name], prefixes=used) or b""
