"""What OpenAPI says of the routes that speak SPARQL: parameters, bodies and answers.

Source: OpenAPI 3.1, section 4.8.10 (Operation Object).
"""

from __future__ import annotations

from typing import Any

from graph_service.api.openapi import in_header, in_path, in_query, problems
from graph_service.api.schemas import Schema
from graph_service.sparql.guard import MAX_LENGTH
from graph_service.sparql.media import GRAPHS, SOLUTIONS, SYNONYMS, Format, content_type
from graph_service.sparql.request import FORM, QUERY, UPDATE
from graph_service.vocabulary import graph

Responses = dict[int | str, dict[str, Any]]

STRING: Schema = {"type": "string"}
IRIS: Schema = {"type": "array", "items": STRING}
TEXT: Schema = {"type": "string", "maxLength": MAX_LENGTH}
ETAG = {"ETag": {"description": "Svarets mærke", "schema": STRING}}
SNAPSHOT = {"X-Snapshot": {"description": "Grafens nye udgave", "schema": STRING}}
LOCATION = {"Location": {"description": "Den nye grafs adresse", "schema": STRING}}
ALLOW = {"Allow": {"description": "Metoder, der kan bruges", "schema": STRING}}
#: Changes need the administrator's key.
KEY: Schema = {"security": [{"key": []}]}
KEY_FOR_UPDATES: Schema = {"security": [{}, {"key": []}]}

ASK_EXAMPLE = "SELECT ?navn WHERE { law:sul-140 skos:prefLabel ?navn }"
TURTLE_EXAMPLE = '<http://example.org/a> <http://example.org/b> "c" .'
UPDATE_EXAMPLE = f"INSERT DATA {{ {TURTLE_EXAMPLE} }}"


def contents(*formats: Format) -> Schema:
    """The media types of formats, each with a schema: JSON is data, the rest is text."""
    return {
        content_type(form, media): {"schema": {} if "json" in media else STRING}
        for form in formats
        for media in form.media
    }


def answer(content: Schema) -> Responses:
    """200 with a body in one of the media types, and 304 for a client that has it."""
    ok = {"description": "Svaret", "content": content, "headers": ETAG}
    return {200: ok, 304: {"description": "Svaret er det, som If-None-Match nævner"}}


def bodiless(responses: Responses) -> Responses:
    """The answers to HEAD: those to GET without their bodies."""
    return {
        status: {name: value for name, value in told.items() if name != "content"}
        for status, told in responses.items()
    }


def formats(*offered: Format) -> Schema:
    """The parameter ``format``."""
    names = [*(form.name for form in offered), *SYNONYMS, "json", "xml", ""]
    return in_query(
        "format", "Svarets format; går forud for Accept", {"enum": list(dict.fromkeys(names))}
    )


#: What may go wrong with any free query.
ASKING = (
    "bad-content",
    "bad-query",
    "cannot-be-done",
    "query-too-deep",
    "query-too-long",
    "outgoing-request",
    "row-limit",
    "size-limit",
    "not-acceptable",
    "other-service",
    "precondition-failed",
    "too-many",
    "time-limit",
    "memory-limit",
    "too-busy",
)
#: What may go wrong with any change, beside what its text may do wrong.
CHANGING = (
    "unauthorised",
    "forbidden",
    "bad-content",
    "query-too-long",
    "invalid-graph",
    "precondition-failed",
    "too-slow",
)
#: What a change may be made to depend on.
CONDITIONS = [
    in_header("If-Match", "Lav kun ændringen, hvis en af disse ETag gælder nu; * betyder enhver"),
    in_header("If-None-Match", "* betyder: lav kun ændringen, hvis grafen ikke findes endnu"),
]

DATASET = {
    "default-graph-uri": "Grafer, der tilsammen er standardgrafen",
    "named-graph-uri": "Grafer, der kan nævnes med GRAPH",
}
USING = {
    "using-graph-uri": "Grafer, som opdateringens WHERE læser som standardgraf",
    "using-named-graph-uri": "Grafer, som opdateringens WHERE kan nævne med GRAPH",
}
QUERY_PARAMETERS = [
    in_query(
        "query", "SPARQL-forespørgslen; uden den beskrives tjenesten", TEXT, example=ASK_EXAMPLE
    ),
    *(in_query(name, label, IRIS) for name, label in DATASET.items()),
    formats(*SOLUTIONS, *GRAPHS),
]
QUERY_ANSWERS: Responses = {
    **answer(contents(*GRAPHS, *SOLUTIONS) | {"text/html; charset=utf-8": {"schema": STRING}}),
    **problems(*ASKING),
}
POST_BODY: Schema = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "properties": {
                    "query": TEXT,
                    "update": TEXT,
                    "format": STRING,
                    **{n: {"description": label} for n, label in (DATASET | USING).items()},
                },
                "oneOf": [{"required": ["query"]}, {"required": ["update"]}],
            },
            "example": {"query": ASK_EXAMPLE},
        },
        QUERY: {"schema": TEXT, "example": ASK_EXAMPLE},
        UPDATE: {"schema": TEXT, "example": UPDATE_EXAMPLE},
    },
}
POST_ANSWERS: Responses = {
    **answer(contents(*SOLUTIONS, *GRAPHS)),
    204: {"description": "Opdateringen er sket", "headers": SNAPSHOT},
    **problems(*ASKING, *CHANGING, "unsupported-media-type"),
}

WHICH_GRAPH = [
    in_query(
        "graph", "Grafens IRI", {"type": "string", "format": "uri"}, example=graph("ontology")
    ),
    in_query(
        "default",
        "Standardgrafen, som er alle grafer lagt sammen; værdien læses ikke. Nævn enten graph "
        "eller default",
        STRING,
        allowEmptyValue=True,
    ),
]
#: As :data:`WHICH_GRAPH`; without a graph, POST makes a new one.
MAYBE_GRAPH = [{k: v for k, v in parameter.items() if k != "example"} for parameter in WHICH_GRAPH]
OWN_ADDRESS = [{**in_path("path", "Grafens navn", STRING), "example": "ontology"}]
GRAPH_FORMATS = formats(*GRAPHS)
DESCRIPTION_ANSWERS: Responses = {**answer(contents(*GRAPHS)), **problems("not-acceptable")}
GRAPH_ANSWERS: Responses = {
    **answer(contents(*GRAPHS)),
    **problems(
        *("not-found", "not-acceptable", "bad-content", "precondition-failed", "too-many"),
        *("time-limit", "memory-limit", "size-limit", "too-busy"),
    ),
}
GRAPH_BODY: Schema = {
    "required": True,
    "content": {
        form.media[0]: {"schema": STRING} | ({"example": TURTLE_EXAMPLE} if not place else {})
        for place, form in enumerate(GRAPHS)
    },
}
PATCH_BODY: Schema = {
    "required": True,
    "content": {UPDATE: {"schema": TEXT, "example": UPDATE_EXAMPLE}},
}
CHANGED: Responses = {204: {"description": "Grafen er ændret"}}
CREATED: Responses = {201: {"description": "Grafen er ny", "headers": LOCATION}}
#: Method of a change → summary, body, answers.
CHANGES: dict[str, tuple[str, Schema, Responses]] = {
    "PUT": (
        "Læg en graf ind i stedet for den, der er",
        GRAPH_BODY,
        {**CREATED, **problems(*CHANGING, "unsupported-media-type")},
    ),
    "POST": (
        "Føj til en graf",
        GRAPH_BODY,
        {**CREATED, **problems(*CHANGING, "unsupported-media-type")},
    ),
    "PATCH": (
        "Ret i en graf med SPARQL Update",
        PATCH_BODY,
        {
            **CREATED,
            **problems(
                *CHANGING,
                *(
                    "bad-query",
                    "cannot-be-done",
                    "query-too-deep",
                    "outgoing-request",
                    "other-graph",
                ),
                *("unsupported-media-type", "not-found"),
            ),
        },
    ),
    "DELETE": ("Fjern en graf", {}, problems(*CHANGING, "not-found")),
}
