"""What the API says about itself: schemas, parameters and answers, in OpenAPI 3.1.

The schemas are strict enough for a program to be generated from them, and tests hold every answer
against them. Names that depend on the graph (fields, an example of each kind) come from the
snapshot in service.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from graph_service.answers import MAX_PAGE, Answers
from graph_service.api.formats import CONTENT_TYPES, MEDIA_TYPES, SEPARATORS, SYNONYMS
from graph_service.api.problems import PROBLEMS
from graph_service.api.resources import RESOURCES
from graph_service.api.schemas import PASSAGE, SCHEMAS, SLUG, SLUG_FORM, TEXT, Schema, ref
from graph_service.kept import is_kept, kept
from graph_service.paging import CURSOR
from graph_service.questions import Parameter, Question
from graph_service.questions.parameters import ENUMS, UnknownValueError
from graph_service.questions.words import SOURCES, words
from graph_service.service import Service


def described(parameter: Parameter, question: Question | None = None) -> Schema:
    """A parameter as OpenAPI describes it.

    Args:
        question: the list whose sort keys and example apply.
    """
    schema: Schema = dict(TEXT)
    style: Schema = {}
    #: An optional parameter that is empty counts as left out.
    empty = [] if parameter.required else [""]
    match parameter.type:
        case "integer":
            schema = {"type": "integer", "minimum": -999_999_999, "maximum": 999_999_999}
        case "date":
            schema = {"type": "string", "format": "date"}
            if empty:
                schema = {"type": "string", "anyOf": [{"format": "date"}, {"maxLength": 0}]}
        case "enum":
            options = list(ENUMS[parameter.of[0]])
            if question and parameter.name in question.default:
                options.append("all")
            schema = {"type": "array", "items": {"enum": options + empty}}
        case "word":
            schema = ref(word_schema(parameter.of[0]))
            if empty:
                schema = {"type": "string", "anyOf": [schema, {"maxLength": 0}]}
        case "thing":
            slug = {"type": "string", "pattern": f"^({SLUG_FORM})?$"} if empty else dict(SLUG)
            schema = {"type": "array", "items": slug}
            if parameter.of == ("passage",):
                schema = {"type": "string", "pattern": PASSAGE}
    match parameter.name:
        case "limit":
            schema = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 50}
        case "format":
            schema = {"enum": [*MEDIA_TYPES, *SYNONYMS, *empty]}
        case "cursor":
            schema = {"type": "string", "pattern": f"^{CURSOR.pattern}$"}
        case "total":
            schema = {"enum": ["yes", "no", *empty], "default": "yes"}
        case "separator":
            schema = {"enum": [*SEPARATORS, *empty], "default": "semicolon"}
        case "fields":
            schema = {"type": "array", "items": ref("Field")}
        case "sort" if question:
            keys = ["label", *question.sorts]
            schema = {"enum": [*keys, *("-" + k for k in keys), *empty], "default": "label"}
    if schema.get("type") == "array":
        style = {"style": "form", "explode": False}
    text = parameter.label
    if parameter.type == "thing":
        text += f". Slug eller IRI; flere adskilles af komma. Slags: {', '.join(parameter.of)}"
    shown: Schema = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": text,
        "schema": schema,
        **style,
    }
    if question and parameter.name in question.example:
        value: Any = question.example[parameter.name]
        if schema.get("type") == "array":
            value = value.split(",")
        elif schema.get("type") == "integer":
            value = int(value)
        shown["example"] = value
    return shown


def word_schema(name: str) -> str:
    """The name of the schema of a set of words: ``ActorClass``."""
    return "".join(part.capitalize() for part in name.split("-"))


def openapi_parameters(
    known: dict[str, Parameter], question: Question | None = None
) -> list[Schema]:
    """The parameters of an operation as OpenAPI describes them."""
    return [described(parameter, question) for parameter in known.values()]


def in_path(name: str, label: str, schema: Schema | None = None) -> Schema:
    """A parameter in the path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": label,
        "schema": schema or dict(SLUG),
    }


def in_query(name: str, label: str, schema: Schema, **more: Any) -> Schema:
    """A parameter in the query string that may be left out."""
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": label,
        "schema": schema,
        **more,
    }


def in_header(name: str, label: str) -> Schema:
    """A header that may be left out."""
    return {**in_query(name, label, {"type": "string"}), "in": "header"}


def problems(*kinds: str) -> dict[int | str, Schema]:
    """The answers that are problems of these kinds, or of those that any address may have.

    Args:
        kinds: keys of :data:`PROBLEMS`.
    """
    titles: dict[int | str, list[str]] = {}
    for kind in (*kinds, "method-not-allowed", "store-unavailable", "no-snapshot"):
        status, title = PROBLEMS[kind]
        titles.setdefault(status, []).append(title)
    found = {
        status: _problem(status, "; ".join(dict.fromkeys(told))) for status, told in titles.items()
    }
    return {**found, 431: PROBLEM_RESPONSES[431]}


def answers_as(schema: str, formats: Iterable[str] = MEDIA_TYPES) -> dict[int | str, Schema]:
    """The answers of an operation: 200 in these formats, and the problems that any may have."""
    whole = {"json": ref(schema), "jsonld": ref("Graph")}
    content = {
        CONTENT_TYPES[name]: {"schema": whole.get(name, {"type": "string"})} for name in formats
    }
    headers = {
        "ETag": {"description": "Svarets mærke", "schema": {"type": "string"}},
        "Link": {"description": "Andre former af svaret (RFC 8288)", "schema": {"type": "string"}},
    }
    ok = {"description": "Svaret", "content": content, "headers": headers}
    unchanged = {"description": "Svaret er det, som If-None-Match nævner"}
    return {200: ok, 304: unchanged, **PROBLEM_RESPONSES}


def file_answers(media: str) -> dict[int | str, Schema]:
    """The answers of an operation that gives a file of one media type."""
    schema = {} if "json" in media else {"type": "string"}
    ok = {"description": "Filen", "content": {media: {"schema": schema}}}
    unchanged = {"description": "Filen er den, som If-None-Match nævner"}
    return {200: ok, 304: unchanged, **problems("not-found", "precondition-failed")}


def _problem(status: int | str, text: str) -> Schema:
    """An answer that is a problem. Some can be the server's own refusal, and 431 only that."""
    either = ref("Problem")
    if status in (408, 413, 503):
        either = {"anyOf": [either, ref("Refusal")]}
    schema = ref("Refusal") if status == 431 else either
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}


PROBLEM_RESPONSES: dict[int | str, Schema] = {
    code: _problem(code, text)
    for code, text in {
        400: "En parameter kan ikke bruges",
        404: "Findes ikke, eller en parameter nævner noget, der ikke findes",
        405: "Metoden kan ikke bruges her",
        406: "Formatet kan ikke leveres",
        412: "Svaret er et andet end det, som If-Match nævner",
        431: "Forespørgslens hoved er for langt",
        503: "Grafen kan ikke nås lige nu",
    }.items()
}


def describe(app: FastAPI, service: Service) -> None:
    """Make the application's OpenAPI document follow the snapshot in service."""

    @cache
    def routes() -> Schema:
        return _routes(app, service.settings.public_url)

    @kept()
    def document(answers: Answers) -> Schema:
        return _document(deepcopy(routes()), answers)

    app.openapi = lambda: document(service.answers)  # type: ignore[method-assign]
    service.in_use.append(lambda former: [document] if is_kept(former, document) else [])


def _routes(app: FastAPI, public_url: str) -> Schema:
    """What is the same for every snapshot."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        servers=[{"url": public_url or "/"}],
    )
    for operations in document["paths"].values():
        for operation in operations.values():
            _leave_out_fastapis_own(operation)
    return document


def _document(document: Schema, answers: Answers) -> Schema:
    schemas = {name: schema for name, schema in SCHEMAS.items() if name != "Field"}
    schemas["Field"] = {"enum": ["", *sorted(answers.fields)]}
    schemas |= {
        word_schema(name): {"type": "string", "enum": list(words(answers, name).there)}
        for name in SOURCES
    }
    components = document.setdefault("components", {})
    kept = components.get("schemas", {})
    components["schemas"] = {
        **{k: v for k, v in kept.items() if "Validation" not in k},
        **schemas,
    }
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    examples = {name: example_slug(answers, name) for name in RESOURCES}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                example = examples.get(path.split("/")[3] if path.count("/") > 2 else "")
                if parameter["name"] == "slug" and example:
                    parameter["example"] = example
    return document


def _leave_out_fastapis_own(operation: Schema) -> None:
    """Leave out what FastAPI adds from an endpoint's signature: a second description of a parameter
    in the path, and an answer to its own validation, which nothing here uses."""
    operation["parameters"] = list(
        {(p["in"], p["name"]): p for p in operation.get("parameters", ())}.values()
    )
    if "application/json" in operation["responses"].get("422", {}).get("content", {}):
        del operation["responses"]["422"]


def example_slug(answers: Answers, name: str) -> str:
    """The slug of the first thing that the example of a list gives; empty when there is none, or
    when this graph lacks what the example names."""
    question = RESOURCES[name].question or name
    if question not in answers.questions:
        return ""
    try:
        page = answers.page(question, dict(answers.questions[question].example), limit=1)
    except UnknownValueError:
        return ""
    return page.things[0].rpartition("/id/")[2].partition("/")[2] if page.things else ""
