"""The SPARQL 1.1 Graph Store HTTP Protocol at ``/rdf-graph-store``, and graphs at ``/graph/...``.

Source: SPARQL 1.1 Graph Store HTTP Protocol, sections 4 and 5.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote, unquote
from uuid import uuid4

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.api.problems import Problem
from graph_service.api.request import accept_of, base_url, service_of
from graph_service.api.schemas import Schema
from graph_service.api.shape import forms
from graph_service.sparql import documented, guard, writing
from graph_service.sparql.answering import answer, pool_over
from graph_service.sparql.media import GRAPHS, choose, media_types
from graph_service.sparql.preconditions import Preconditions
from graph_service.sparql.request import MAX_BODY, UPDATE, fields, iri, media_type, read_body, utf8
from graph_service.sparql.worker import Job
from graph_service.sparql.writer import DEFAULT, DEFAULT_GRAPH
from graph_service.vocabulary import GRAPH, graph

router = APIRouter(tags=["Grafer"], default_response_class=Response)

STORE = "/rdf-graph-store"
DIRECT = "/graph/{path:path}"
#: Bytes of a graph that a client may send.
MAX_GRAPH = 64 * 1024**2
#: What may stand in a path as it is, beside letters and digits (RFC 3986, section 3.3).
IN_PATHS = "/:@!$&'()*+,;="
READS = ("GET", "HEAD")
CHANGES = tuple(documented.CHANGES)

Endpoint = Callable[..., Awaitable[Response]]
Declare = Callable[[Endpoint], Endpoint]


def reading(path: str, which: list[Schema]) -> Declare:
    """Declare an endpoint that gives a graph, by GET and HEAD.

    Args:
        which: the parameters that say which graph.
    """
    shown = {"parameters": [*which, documented.GRAPH_FORMATS]}
    answers = documented.GRAPH_ANSWERS

    def declare(endpoint: Endpoint) -> Endpoint:
        router.get(
            path,
            summary="Hent en hel graf",
            description="SPARQL 1.1 Graph Store HTTP Protocol.",
            openapi_extra=shown,
            responses=answers,
        )(endpoint)
        return router.head(
            path,
            summary="Se, om en graf findes",
            description="Som GET, uden indhold.",
            openapi_extra=shown,
            responses=documented.bodiless(answers),
        )(endpoint)

    return declare


def changing(path: str, which: list[Schema]) -> Declare:
    """Declare an endpoint that changes a graph, by every method that does.

    Args:
        which: the parameters that say which graph.
    """

    def declare(endpoint: Endpoint) -> Endpoint:
        for method, (summary, body, answers) in documented.CHANGES.items():
            new = method == "POST" and which is documented.WHICH_GRAPH
            router.add_api_route(
                path,
                endpoint,
                methods=[method],
                status_code=204,
                summary=summary,
                description="Uden graph og default bliver det en ny graf." if new else summary,
                openapi_extra={
                    "parameters": [
                        *(documented.MAYBE_GRAPH if new else which),
                        *documented.CONDITIONS,
                    ],
                    **({"requestBody": body} if body else {}),
                    **documented.KEY,
                },
                responses={**documented.CHANGED, **answers},
            )
        return endpoint

    return declare


def capable(path: str, which: list[Schema]) -> Declare:
    """Declare an endpoint that says what can be done."""
    return router.options(
        path,
        status_code=204,
        summary="Hvad der kan gøres her",
        description="Allow nævner metoderne.",
        openapi_extra={"parameters": which},
        responses={204: {"description": "Metoderne", "headers": documented.ALLOW}},
    )


def named(request: Request, *, required: bool = True) -> str:
    """The graph that ``?graph=`` or ``?default`` names (section 4.2); our address of a graph of
    ours means that graph.

    Raises:
        Problem: bad-content.
    """
    given = fields(request.scope.get("query_string", b""), ("graph", DEFAULT))
    if not given and not required:
        return ""
    if len(given) != 1:
        raise Problem(
            "bad-content",
            f"Vælg én graf: {STORE}?default eller {STORE}?graph=IRI. Graferne står i "
            "/.well-known/void.",
        )
    name, value = given[0]
    if name == DEFAULT:
        return DEFAULT
    if ":" not in value:
        raise Problem("bad-content", "graph skal være en fuld IRI.")
    address = base_url(request) + "/graph/"
    if value.startswith(address):
        value = graph(unquote(value.removeprefix(address)))
    return iri(value)


@reading(STORE, documented.WHICH_GRAPH)
async def read(request: Request) -> Response:
    """A graph, whole."""
    return await graph_answer(request, named(request))


@reading(DIRECT, documented.OWN_ADDRESS)
async def read_directly(request: Request, path: str) -> Response:
    """A graph at its own address (section 4.1)."""
    return await graph_answer(request, graph(path))


@changing(STORE, documented.WHICH_GRAPH)
async def change(request: Request) -> Response:
    """Replace, add to, patch, or remove a graph; POST without a graph makes a new one."""
    writing.authorise(request)
    return await changed(request, named(request, required=request.method != "POST"))


@changing(DIRECT, documented.OWN_ADDRESS)
async def change_directly(request: Request, path: str) -> Response:
    """As :func:`change`, at the graph's own address."""
    writing.authorise(request)
    return await changed(request, iri(graph(path)))


@capable(STORE, [])
@capable(DIRECT, documented.OWN_ADDRESS)
async def options(request: Request) -> Response:
    """What can be done here: nothing is changed where the installation has no key for it."""
    writable = service_of(request).settings.changeable
    headers = {"Allow": ", ".join([*READS, *(CHANGES if writable else ()), "OPTIONS"])}
    if writable:
        headers["Accept-Patch"] = UPDATE
    return Response(status_code=204, headers=headers)


async def graph_answer(request: Request, name: str) -> Response:
    """The triples of a graph in the format that the client asks for.

    Raises:
        Problem: not-found, not-acceptable, and what :meth:`Pool.run` raises.
    """
    service = service_of(request)
    form, content_type = choose(accept_of(request), request.query_params.get("format", ""), GRAPHS)
    if name != DEFAULT and name not in service.manifest.graphs:
        raise Problem("not-found", f"Grafen {name} findes ikke.")
    settings = service.settings
    job = Job("", form.name, settings.query_seconds, 0, settings.graph_bytes, graph=name)
    headers = forms(request, form.name, media_types(GRAPHS))
    return await answer(request, job, content_type, headers, lasting=True)


async def changed(request: Request, name: str) -> Response:
    """Make the change that the method says; 201 for a new graph, else 204 (section 5).

    The default graph merges all graphs; what is written to it lies in a graph of its own.

    Raises:
        Problem: bad-content for a part of a graph (RFC 9110, section 14.5),
            unsupported-media-type for text that is not UTF-8, and see
            :func:`graph_service.sparql.writing.write`.
    """
    if "content-range" in request.headers:
        raise Problem("bad-content", "Send hele grafen, uden Content-Range.")
    conditions = Preconditions.of(request.headers)
    target = name or graph(f"added/{uuid4()}")
    name = DEFAULT_GRAPH if name == DEFAULT else target
    if request.method == "PATCH":
        body = await read_patch(request)
    elif request.method == "DELETE":
        body = b""
    else:
        media_type(request)
        body = await read_body(request, MAX_GRAPH)
    created = await writing.write(
        request,
        writing.GraphChange(
            request.method.lower(),
            name,
            request.headers.get("content-type", ""),
            body,
            base=name,
            target=target,
            conditions=conditions,
        ),
    )
    await pool_over(request.app, service_of(request))
    headers = {}
    if created and name.startswith(GRAPH):
        path = quote(name.removeprefix(GRAPH), safe=IN_PATHS)
        headers["Location"] = f"{base_url(request)}/graph/{path}"
    return Response(status_code=201 if created else 204, headers=headers)


async def read_patch(request: Request) -> bytes:
    """The body of a PATCH: a SPARQL Update, looked at (section 5.7).

    Raises:
        Problem: unsupported-media-type, bad-query, and what :func:`guard.look` raises.
    """
    if media_type(request) != UPDATE:
        raise Problem(
            "unsupported-media-type",
            f"Send ændringen som {UPDATE}.",
            headers={"Accept-Patch": UPDATE},
        )
    body = await read_body(request, MAX_BODY)
    seen = guard.look(utf8(body))
    if seen.kind and not seen.update:
        raise Problem("bad-query", f"{seen.kind} er et spørgsmål og ændrer intet.")
    return body
