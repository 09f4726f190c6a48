"""The named questions: ``/api/v1/questions`` and ``/api/v1/questions/{name}``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.api.formats import SEPARATORS, choose, only
from graph_service.api.openapi import answers_as, described, openapi_parameters
from graph_service.api.problems import Problem
from graph_service.api.request import (
    FORMAT,
    PAGING,
    accept_of,
    base_url,
    one_of,
    parameter,
    query_of,
    read_values,
    service_of,
)
from graph_service.api.schemas import Schema
from graph_service.api.shape import Ready, forms, json_answer, rows_answer, table_answer
from graph_service.questions import Parameter, Question
from graph_service.questions.parameters import ENUMS
from graph_service.questions.words import words
from graph_service.similar import similar

OUR_FORMATS = only("json", "csv")
SHOW = parameter("show", "text", "answer, eller sparql for forespørgslen med parametrene sat ind")
OWN = {"format": FORMAT, "separator": PAGING["separator"], "show": SHOW}
SPARQL = "application/sparql-query"


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
                "values": values_of(request, p),
                "required": p.required,
                "label": p.label,
            }
            for p in question.parameters.values()
        ],
        "columns": dict(question.columns),
        "example": dict(question.example),
        "href": f"{base_url(request)}/api/v1/questions/{question.name}",
    }


def values_of(request: Request, parameter: Parameter) -> list[str] | None:
    """The values that a parameter can have, when they are a closed set."""
    match parameter.type:
        case "enum":
            return list(ENUMS[parameter.of[0]])
        case "word":
            return list(words(service_of(request).answers, parameter.of[0]).there)
        case _:
            return None


def all_questions(request: Request) -> Response:
    """Every named question with its parameters and an example."""
    read_values(request, {})
    service = service_of(request)
    cards = [question_card(request, q) for q in service.questions.values()]
    return json_answer({"questions": cards}, forms(request, "json", {}, page="/sparql"))


def unknown(request: Request, name: str) -> Response:
    """There is no such question."""
    names = service_of(request).questions
    near = similar(name, names, 0.4)
    hint = f" Mente du {', '.join(near)}?" if near else ""
    raise Problem("not-found", f"Spørgsmålet {name[:80]!r} findes ikke.{hint}", nearest=near)


def ask(request: Request, question: Question) -> Response:
    """Run a named question."""
    answers = service_of(request).answers
    values = read_values(request, {**question.parameters, **OWN})
    show = one_of(values, "show", ("answer", "sparql"), "answer")
    separator = one_of(values, "separator", SEPARATORS, "semicolon")
    asked = {k: v for k, v in values.items() if k in question.parameters}
    page = "/sparql?" + query_of({"spoergsmaal": question.name, **asked}.items())
    # The SPARQL has one form, which Accept need not name; a format that is none is wrong here too.
    accept = "" if show == "sparql" else accept_of(request)
    chosen = choose(accept, values.get("format", ""), OUR_FORMATS)
    if show == "sparql":
        text = answers.sparql(question.name, asked)
        return Ready(text.encode(), SPARQL, forms(request, "", {}, page=page))
    found = answers.solutions(question.name, asked)
    headers = forms(request, chosen, OUR_FORMATS, page=page)
    if chosen == "csv":
        shown = answers.table(found, labelled=question.gives_labels)
        return table_answer(question.columns, shown, separator, headers, question.name)
    rows = answers.table_as_json(found, labelled=question.gives_labels)
    body = {
        "question": question.title,
        "parameters": asked,
        "columns": dict(question.columns),
        "snapshot": answers.store.snapshot,
        "total": len(found.rows),
    }
    return rows_answer(body, rows, headers)


def _route(question: Question) -> Any:
    def endpoint(request: Request) -> Response:
        return ask(request, question)

    endpoint.__name__ = "ask_" + question.name.replace("-", "_")
    endpoint.__doc__ = question.title
    return endpoint


def _parameters(question: Question) -> list[Schema]:
    own = openapi_parameters(OWN)
    for shown in own:
        if shown["name"] == "format":
            shown["schema"] = {"enum": [*OUR_FORMATS, ""]}
        if shown["name"] == "show":
            shown["schema"] = {"enum": ["answer", "sparql", ""], "default": "answer"}
    return [*(described(p, question) for p in question.parameters.values()), *own]


def router(questions: dict[str, Question]) -> APIRouter:
    """The list of questions, and one route for each."""
    routes = APIRouter(prefix="/api/v1/questions", tags=["Spørgsmål"])
    routes.add_api_route(
        "",
        all_questions,
        methods=["GET"],
        summary="De navngivne spørgsmål",
        description="Hvert spørgsmål med parametre, kolonner og et eksempel.",
        response_class=Response,
        responses=answers_as("Questions", ("json",)),
    )
    for question in questions.values():
        responses = answers_as("Table", OUR_FORMATS)
        responses[200]["content"][SPARQL] = {"schema": {"type": "string"}}
        routes.add_api_route(
            f"/{question.name}",
            _route(question),
            methods=["GET"],
            summary=question.title,
            description=question.about or question.title,
            openapi_extra={"parameters": _parameters(question)},
            responses=responses,
            response_class=Response,
        )
    routes.add_api_route("/{name}", unknown, methods=["GET"], include_in_schema=False)
    return routes
