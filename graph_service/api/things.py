"""Addresses that are not lists: the index, things by kind and slug, passages with their text."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from graph_service.answers import Answers
from graph_service.api.formats import MEDIA_TYPES, SEPARATORS, choose, negotiate
from graph_service.api.lists import thing_response
from graph_service.api.openapi import answers_as, in_path, openapi_parameters, problems
from graph_service.api.problems import Problem
from graph_service.api.request import (
    FORMAT,
    PAGING,
    accept_of,
    base_url,
    one_of,
    read_values,
    service_of,
)
from graph_service.api.resources import RESOURCES, data_of, page_of
from graph_service.api.shape import forms, json_answer, with_links
from graph_service.evidence import passage
from graph_service.questions.parameters import nearest
from graph_service.vocabulary import KINDS, thing

router = APIRouter()
KNOWN = {"format": FORMAT, "separator": PAGING["separator"]}
OF_ANY_KIND = [
    {**in_path("kind", "Slags", {"enum": list(KINDS)}), "example": "message"},
    {**in_path("slug", "Slug"), "example": "xref15"},
]


@router.get(
    "/api/v1",
    summary="Hvad API'et rummer",
    description="Hver liste i API'et med sin adresse og sin titel.",
    tags=["API"],
    response_class=Response,
    responses=answers_as("Index", ("json",)),
)
def index(request: Request) -> Response:
    """Every list of the API with its address and its title."""
    read_values(request, {})
    base = base_url(request)
    body = {
        "snapshot": service_of(request).manifest.id,
        "lists": {r.title: f"{base}/api/v1/{r.name}" for r in RESOURCES.values()},
        "search": f"{base}/api/v1/search",
        "questions": f"{base}/api/v1/questions",
        "sparql": f"{base}/sparql",
        "openapi": f"{base}/api/v1/openapi.json",
    }
    return json_answer(body, forms(request, "json", {}, page="/api"))


@router.get(
    "/api/v1/openapi.json",
    summary="Denne beskrivelse",
    description="API'et beskrevet for programmer (OpenAPI 3.1).",
    tags=["API"],
    response_class=Response,
    responses=answers_as("Description", ("json",)),
)
def description(request: Request) -> Response:
    """What the application says about itself."""
    return json_answer(request.app.openapi(), {})


@router.get(
    "/api/v1/things/{kind}/{slug:path}",
    summary="Alt om én ting, efter slags og slug",
    description="Det samme for enhver slags ting.",
    tags=["API"],
    response_class=Response,
    responses=answers_as("Thing"),
    openapi_extra={"parameters": [*OF_ANY_KIND, *openapi_parameters(KNOWN)]},
)
def any_thing(request: Request, kind: str, slug: str) -> Response:
    """Everything about one thing of any kind."""
    answers = service_of(request).answers
    values = read_values(request, KNOWN)
    chosen = choose(accept_of(request), values.get("format", ""))
    separator = one_of(values, "separator", SEPARATORS, "semicolon")
    return thing_response(request, existing(answers, kind, slug), chosen, "", separator)


def existing(answers: Answers, kind: str, slug: str) -> str:
    """The IRI of a thing that the graph knows.

    Raises:
        Problem: not-found, with the nearest.
    """
    iri = thing(kind, slug)
    sound = slug.isprintable() and all(c not in slug for c in ' <>"{}|\\^`#?')
    if kind in KINDS and sound and answers.exists(iri):
        return iri
    near = nearest(slug, (kind,), answers) if kind in KINDS else []
    hint = f" Mente du {', '.join(near)}?" if near else ""
    raise Problem("not-found", f"{kind[:80]}/{slug[:200]} findes ikke.{hint}", nearest=near)


@router.get(
    "/id/{kind}/{slug:path}",
    status_code=303,
    summary="Fra en tings IRI til dens side eller dens data",
    description="Accept vælger: text/html giver siden, andre formater dataene.",
    tags=["API"],
    response_class=Response,
    openapi_extra={"parameters": OF_ANY_KIND},
    responses={
        303: {
            "description": "Videre til siden eller dataene",
            "headers": {"Location": {"description": "Hvor", "schema": {"type": "string"}}},
        },
        **problems("not-found"),
    },
)
def dereference(request: Request, kind: str, slug: str) -> Response:
    """303 to the page or to the data of a thing, by Accept (Cool URIs for the Semantic Web)."""
    existing(service_of(request).answers, kind, slug)
    offers = {"html": "text/html", "xhtml": "application/xhtml+xml", **MEDIA_TYPES}
    chosen = negotiate(accept_of(request), offers, "html") or "html"
    page, data = page_of(kind, slug), data_of(kind, slug)
    as_page = chosen in ("html", "xhtml")
    suffix = "" if as_page or chosen == "json" else f"?format={chosen}"
    target = base_url(request) + (page if as_page else data) + suffix
    return see_other(target, forms(request, chosen, page=page, data=data))


def see_other(target: str, headers: Mapping[str, str] | None = None) -> Response:
    """A 303, to be asked for again each time.

    It has no ETag: a precondition holds for what would be 200 alone (RFC 9110, section 13.2.1).
    """
    return RedirectResponse(target, 303, {"Cache-Control": "no-cache", **(headers or {})})


@router.get(
    "/api/v1/evidence/{file}/{lines}",
    summary="En citeret passage med tekst, når kilden er ved hånden",
    description="Dokument og linjer, og teksten, når kildens kontrolsum passer.",
    tags=[RESOURCES["evidence"].title],
    response_class=Response,
    responses=answers_as("Passage"),
    openapi_extra={
        "parameters": [
            {
                **in_path(
                    "file", "Kildefilens navn", {"type": "string", "pattern": "^[0-9a-f_]+$"}
                ),
                "example": "004_576de8b26970a828",
            },
            {
                **in_path("lines", "Linjer", {"type": "string", "pattern": "^[0-9]+-[0-9]+$"}),
                "example": "5703-5716",
            },
            *openapi_parameters(KNOWN),
        ]
    },
)
def evidence(request: Request, file: str, lines: str) -> Response:
    """A cited passage: document, lines, and the text when the corpus is there and its hash fits."""
    service = service_of(request)
    answers = service.answers
    values = read_values(request, KNOWN)
    chosen = choose(accept_of(request), values.get("format", ""))
    separator = one_of(values, "separator", SEPARATORS, "semicolon")
    stem = file.removeprefix("passage:").removesuffix(".txt")
    iri = existing(answers, "passage", f"{stem}/{lines}")
    first, _, last = lines.partition("-")
    found = passage(answers.store, service.settings.corpus, stem, int(first), int(last))
    if found is None:
        raise Problem("not-found", f"Intet i grafen henviser til {file}, linje {lines}.")
    if chosen != "json":
        return thing_response(request, iri, chosen, "", separator)
    item = with_links(request, answers.describe([iri])[0])
    item |= {
        "text": [
            {"line": x.number, "text": x.text, "cited": x.cited, "withheld": x.withheld or None}
            for x in found.lines
        ]
        or None,
        "no_text_because": found.reason or None,
        "snapshot": answers.store.snapshot,
    }
    return json_answer(item, forms(request, chosen, page=page_of("passage", f"{stem}/{lines}")))
