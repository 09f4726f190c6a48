"""Addresses that are not lists: things by IRI, passages with text, the named questions."""

from __future__ import annotations

import difflib
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from graph_service.answers import Answers, plain
from graph_service.api.formats import MEDIA_TYPES, choose, negotiate, to_csv, to_json
from graph_service.api.lists import (
    PAGING,
    PROBLEM_RESPONSES,
    base_url,
    read_values,
    service_of,
    thing_response,
    with_links,
)
from graph_service.api.problems import Problem
from graph_service.api.resources import RESOURCES, data_of, page_of
from graph_service.evidence import passage
from graph_service.questions import Question
from graph_service.questions.parameters import ENUMS, nearest
from graph_service.vocabulary import KINDS, thing

router = APIRouter()
OK: dict[int | str, dict[str, Any]] = {
    200: {"description": "Svaret", "content": {m: {} for m in MEDIA_TYPES.values()}}
}


@router.get("/api/v1", summary="Hvad API'et rummer", tags=["API"], response_class=Response)
def index(request: Request) -> Response:
    """Every list of the API with its address and its title."""
    base = base_url(request)
    body = {
        "snapshot": service_of(request).manifest.id,
        "lists": {r.title: f"{base}/api/v1/{r.name}" for r in RESOURCES.values()},
        "questions": f"{base}/api/v1/questions",
        "sparql": f"{base}/sparql",
        "openapi": f"{base}/api/v1/openapi.json",
    }
    return Response(to_json(body), media_type="application/json")


@router.get(
    "/api/v1/things/{kind}/{slug:path}",
    summary="Alt om én ting, efter slags og slug",
    tags=["API"],
    response_class=Response,
    responses={**OK, **PROBLEM_RESPONSES},
)
def any_thing(request: Request, kind: str, slug: str) -> Response:
    """Everything about one thing of any kind."""
    answers = service_of(request).answers
    values = read_values(request, {"format": PAGING["format"]})
    chosen = choose(request.headers.get("accept", ""), values.get("format", ""))
    return thing_response(request, existing(answers, kind, slug), chosen)


def existing(answers: Answers, kind: str, slug: str) -> str:
    """The IRI of a thing that the graph knows.

    Raises:
        Problem: not-found, with the nearest.
    """
    iri = thing(kind, slug)
    if kind in KINDS and all(c not in slug for c in ' <>"{}|\\^`#?') and answers.exists(iri):
        return iri
    near = nearest(slug, [kind], answers) if kind in KINDS else []
    hint = f" Mente du {', '.join(near)}?" if near else ""
    raise Problem("not-found", f"{kind}/{slug} findes ikke.{hint}", nearest=near)


@router.get("/id/{kind}/{slug:path}", include_in_schema=False)
def dereference(request: Request, kind: str, slug: str) -> Response:
    """303 to the page or to the data of a thing, by Accept (Cool URIs for the Semantic Web)."""
    existing(service_of(request).answers, kind, slug)
    offers = {"html": "text/html", "xhtml": "application/xhtml+xml", **MEDIA_TYPES}
    chosen = negotiate(request.headers.get("accept", ""), offers, "html") or "html"
    base = base_url(request)
    if chosen in ("html", "xhtml"):
        target = base + page_of(kind, slug)
    else:
        suffix = "" if chosen == "json" else f"?format={chosen}"
        target = base + data_of(kind, slug) + suffix
    return RedirectResponse(target, 303, {"Vary": "Accept"})


@router.get(
    "/api/v1/evidence/{file}/{lines}",
    summary="En citeret passage med tekst, når kilden er ved hånden",
    tags=["Passager"],
    response_class=Response,
    responses={**OK, **PROBLEM_RESPONSES},
)
def evidence(request: Request, file: str, lines: str) -> Response:
    """A cited passage: document, lines, and the text when the corpus is there and its hash fits."""
    service = service_of(request)
    answers = service.answers
    values = read_values(request, {"format": PAGING["format"]})
    chosen = choose(request.headers.get("accept", ""), values.get("format", ""))
    stem = file.removesuffix(".txt")
    iri = existing(answers, "passage", f"{stem}/{lines}")
    first, _, last = lines.partition("-")
    found = passage(answers.store, service.settings.corpus, stem, int(first), int(last))
    if found is None:
        raise Problem("not-found", f"Intet i grafen henviser til {file}, linje {lines}.")
    if chosen != "json":
        return thing_response(request, iri, chosen)
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
    return Response(to_json(item), media_type="application/json")


def question_card(request: Request, question: Question) -> dict[str, object]:
    """What the list of questions says about one."""
    return {
        "name": question.name,
        "title": question.title,
        "title_en": question.title_en,
        "about": question.about or None,
        "persona": question.persona,
        "kind": question.kind,
        "parameters": [
            {
                "name": p.name,
                "type": p.type,
                "of": [o for o in p.of if o],
                "values": list(ENUMS[p.of[0]]) if p.type == "enum" else None,
                "required": p.required,
                "label": p.label,
            }
            for p in question.parameters.values()
        ],
        "columns": dict(question.columns),
        "example": dict(question.example),
        "href": f"{base_url(request)}/api/v1/questions/{question.name}",
    }


@router.get(
    "/api/v1/questions",
    summary="De navngivne spørgsmål",
    tags=["Spørgsmål"],
    response_class=Response,
)
def questions(request: Request) -> Response:
    """Every named question with its parameters and an example."""
    read_values(request, {})
    service = service_of(request)
    cards = [question_card(request, q) for q in service.questions.values()]
    return Response(to_json({"questions": cards}), media_type="application/json")


@router.get(
    "/api/v1/questions/{name}",
    summary="Stil et navngivet spørgsmål",
    tags=["Spørgsmål"],
    response_class=Response,
    responses={**OK, **PROBLEM_RESPONSES},
)
def ask(request: Request, name: str) -> Response:
    """Run a named question; ``show=sparql`` gives its SPARQL with the parameters bound."""
    service = service_of(request)
    answers = service.answers
    question = service.questions.get(name)
    if question is None:
        near = difflib.get_close_matches(name, service.questions, 3, 0.4)
        hint = f" Mente du {', '.join(near)}?" if near else ""
        raise Problem("not-found", f"Spørgsmålet {name!r} findes ikke.{hint}", nearest=near)
    known = {**question.parameters, "format": PAGING["format"], "show": PAGING["format"]}
    values = read_values(request, known)
    show = values.pop("show", "")
    chosen = choose(request.headers.get("accept", ""), values.pop("format", ""), ("json", "csv"))
    if show == "sparql":
        return Response(answers.sparql(name, values), media_type="application/sparql-query")
    rows = answers.rows(name, values)
    labels = answers.labels(
        v.value for row in rows for v in row.values() if v.value.startswith("http")
    )
    table = [
        {
            column: (
                answers.reference(row[column].value, labels)
                if row[column].value.startswith("http")
                else plain(row[column])
            )
            for column in question.columns
            if column in row
        }
        for row in rows
    ]
    if chosen == "csv":
        return Response(to_csv(question.columns, table), media_type="text/csv; charset=utf-8")
    body = {
        "question": question.title,
        "parameters": values,
        "columns": dict(question.columns),
        "snapshot": answers.store.snapshot,
        "total": len(table),
        "rows": table,
    }
    return Response(to_json(body), media_type="application/json")
