"""For developers: the SPARQL editor and the API's reference, both served by us."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import base_url, service_of
from graph_service.api.openapi import file_answers
from graph_service.kept import kept
from graph_service.shaping import to_json
from graph_service.vocabulary import AG, PREFIXES
from graph_service.web.items import table
from graph_service.web.render import SECURITY, render

router = APIRouter(include_in_schema=False)
files = APIRouter(tags=["Filer"], default_response_class=Response)
FIRST_QUERY = """SELECT ?ansvar ?navn ?aktoer WHERE {
  ?ansvar a ag:Responsibility ;
    skos:prefLabel ?navn ;
    ag:legalBasis law:sul-140 ;
    ag:bearer/skos:prefLabel ?aktoer .
}
LIMIT 20"""


def sparql_page(request: Request) -> Response:
    """The SPARQL editor for a browser."""
    service = service_of(request)
    name = request.query_params.get("spoergsmaal", "")
    query = request.query_params.get("tekst", "") or request.query_params.get("query", "")
    question = service.questions.get(name)
    if question and not query:
        given = {k: v for k, v in request.query_params.items() if k in question.parameters}
        query = service.answers.sparql(name, given or dict(question.example)).strip()
    page = render(
        request,
        "sparql.html",
        questions=service.questions,
        query=query or FIRST_QUERY,
        prefixes=PREFIXES,
        data_links=[("API", "/api/v1/questions"), ("Turtle", "/sparql?format=turtle")],
    )
    page.headers.add_vary_header("Accept")
    return page


@kept()
def vocabulary(answers: Answers) -> list[dict[str, str]]:
    """The terms of the ontology, for completion: name, word and what it is."""
    return [
        {
            "name": "ag:" + str(row["term"]["iri"]).removeprefix(AG),
            "label": str(row["label"]),
            "type": str(row["type"]),
        }
        for row in table(answers, "terms")
    ]


@files.get(
    "/sparql/ord.json",
    summary="Ordforrådet, som SPARQL-editoren fuldfører med",
    description="Modellens begreber og de præfikser, der kendes uden PREFIX.",
    responses=file_answers("application/json"),
)
def completion(request: Request) -> Response:
    """The words that the editor completes: terms and prefixes."""
    service = service_of(request)
    body = {
        "terms": vocabulary(service.answers),
        "prefixes": dict(PREFIXES),
        "snapshot": service.manifest.id,
    }
    headers = {**SECURITY, "Cache-Control": "max-age=300"}
    return Response(to_json(body), 200, headers, "application/json")


@router.get("/api")
def reference(request: Request) -> Response:
    """The reference of the API, from its own OpenAPI description."""
    description: dict[str, Any] = request.app.openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            entry = {"path": path, "method": method.upper(), **operation}
            groups.setdefault((operation.get("tags") or ["Andet"])[0], []).append(entry)
    return render(
        request,
        "api.html",
        description=description["info"],
        groups=sorted(groups.items(), key=lambda g: g[0] != "API"),
        questions=service_of(request).questions,
        base=base_url(request),
        data_links=[("OpenAPI (JSON)", "/api/v1/openapi.json"), ("API", "/api/v1")],
    )
