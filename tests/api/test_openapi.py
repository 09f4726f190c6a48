"""The OpenAPI document: every operation's example is really called, every answer fits."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote, urlencode
from xml.etree import ElementTree
from zipfile import ZipFile

import jsonschema_rs
import pyoxigraph as ox
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx import Response
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.api.exact import Exact
from graph_service.api.resources import RESOURCES
from graph_service.api.schemas import SCHEMAS
from graph_service.questions import registry
from graph_service.vocabulary import PREFIXES
from tests.sparql.conftest import TOKEN, make

LISTS = [f"/api/v1/{name}" for name in RESOURCES]
DETAILS = [f"/api/v1/{name}/{{slug}}" for name in RESOURCES if name != "evidence"]
OTHERS = [
    "/api/v1",
    "/api/v1/openapi.json",
    "/api/v1/things/{kind}/{slug}",
    "/api/v1/evidence/{file}/{lines}",
    "/api/v1/search",
    "/api/v1/catalog",
    "/api/v1/questions",
    *(f"/api/v1/questions/{name}" for name in registry()),
    "/id/{kind}/{slug}",
    "/sparql",
    "/sparql/ord.json",
    "/rdf-graph-store",
    "/graph/{path}",
    "/.well-known/void",
    "/healthz",
    "/readyz",
    "/metrics",
    "/kalender/{slug}.ics",
    "/foelgegruppe/{slug}.docx",
    "/opensearch.xml",
]
#: Methods in the order in which their examples can follow each other.
METHODS = ("put", "head", "post", "patch", "options", "delete")
ENGLISH = re.compile(r"\b(the|of|with|and|what)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict:
    return client.get("/api/v1/openapi.json").json()


def test_every_operation_of_the_api_is_described(document: dict) -> None:
    assert set(document["paths"]) == {*LISTS, *DETAILS, *OTHERS, "/api/v1/admin/reload"}
    names = []
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["tags"]
            for text in (operation["summary"], operation.get("description", "")):
                assert not ENGLISH.search(text), text
            assert operation["summary"]
            names.append(operation["operationId"])
            parameters = [(p["in"], p["name"]) for p in operation.get("parameters", ())]
            assert len(set(parameters)) == len(parameters)
    assert len(set(names)) == len(names)


def test_every_route_that_is_no_page_is_described(
    document: dict, app: FastAPI, client: TestClient
) -> None:
    """HEAD is the twin of GET; a name that is no question has an error only; style sheets, scripts
    and pictures belong to the pages."""
    left_out = {"/api/v1/questions/{name}", "/static/{name}"}
    described = {(path, m) for path, told in document["paths"].items() for m in told}
    pages = 0
    for route in iter_route_contexts([r for r in app.routes if not isinstance(r, Exact)]):
        if route.path_format in left_out:
            continue
        for method in {m.lower() for m in route.methods} - {"head"}:
            if (route.path_format, method) in described:
                continue
            assert route.endpoint.__module__.startswith("graph_service.web."), route.path_format
            pages += 1
            if "{" not in route.path_format:
                answer = client.get(route.path_format)
                assert answer.headers["content-type"].startswith("text/html"), route.path_format
    assert pages > 20


def example_of(operation: dict) -> dict[str, str]:
    values = {}
    for parameter in operation.get("parameters", []):
        if "example" in parameter:
            value = parameter["example"]
            values[parameter["name"]] = ",".join(value) if isinstance(value, list) else str(value)
    return values


#: Media types whose syntax is another's.
SYNTAXES = {
    "application/x-turtle": "text/turtle",
    "application/xml": "text/xml",
    "application/opensearchdescription+xml": "text/xml",
}
RDF_MEDIA = {
    "text/turtle",
    "application/n-triples",
    "application/n-quads",
    "application/ld+json",
    "application/rdf+xml",
}
#: What only a graph, or a page, can be given as.
GRAPHS_ONLY = {"application/x-turtle", "text/plain", "text/html"}
RESULTS_MEDIA = {
    "application/sparql-results+json",
    "application/sparql-results+xml",
    "text/tab-separated-values",
}


def reads(body: bytes, media: str) -> None:
    """A body is what its media type says, and says something.

    Raises:
        AssertionError, ValueError, SyntaxError: it is not.
    """
    name = media.partition(";")[0]
    match SYNTAXES.get(name, name):
        case "application/json":
            assert json.loads(body)
        case rdf if rdf in RDF_MEDIA:
            form = ox.RdfFormat.from_media_type(rdf)
            assert form and list(ox.parse(body, form))
        case results if results in RESULTS_MEDIA:
            form = ox.QueryResultsFormat.from_media_type(results)
            assert form
            parsed = ox.parse_query_results(body, form)
            assert isinstance(parsed, ox.QueryBoolean) or list(parsed)
        case "application/sparql-query":
            # The service knows our prefixes, so they are not written out.
            ox.Store().query(body.decode(), prefixes=PREFIXES)
        case "text/csv":
            text = io.StringIO(body.decode("utf-8-sig"), newline="")
            rows = list(csv.reader(text, delimiter=";", strict=True))
            assert len(rows) > 1 and len({len(row) for row in rows}) == 1
        case "text/xml":
            assert len(ElementTree.fromstring(body))
        case "text/html":
            assert body.lower().startswith(b"<!doctype html>") and body.rstrip().endswith(
                b"</html>"
            )
        case "text/calendar":
            assert body.startswith(b"BEGIN:VCALENDAR\r\n") and body.endswith(b"END:VCALENDAR\r\n")
        case "text/plain":
            assert body.decode().strip()
        case other:
            assert other.startswith("application/vnd.openxmlformats"), f"nobody reads {other}"
            assert ZipFile(io.BytesIO(body)).testzip() is None


@cache
def validator(name: str) -> jsonschema_rs.Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    return jsonschema_rs.validator_for(schema, validate_formats=True)


def fits(answer: Response, operation: dict) -> None:
    """The status, the media type and the body are as described."""
    described = operation["responses"][str(answer.status_code)]
    assert bool(answer.content) == bool(described.get("content"))
    if answer.content:
        schema = described["content"][answer.headers["content-type"]]["schema"]
        if "$ref" in schema:
            validator(schema["$ref"].rpartition("/")[2]).validate(answer.json())


def example_at(path: str, operation: dict) -> tuple[str, dict[str, str]]:
    """The address of an operation's example, and the values in its query string."""
    values = example_of(operation)
    needed = [p["name"] for p in operation.get("parameters", []) if p["required"]]
    if path.endswith("findings/{slug}") and "slug" not in values:
        pytest.skip("no rule has found anything yet")
    assert set(needed) <= set(values), f"{path} has no example for {needed}"
    for name in re.findall(r"{(\w+)}", path):
        path = path.replace(f"{{{name}}}", quote(values.pop(name)))
    return path, values


@pytest.mark.parametrize("path", [*LISTS, *DETAILS, *OTHERS])
def test_the_example_of_each_operation_has_an_answer_that_fits(
    client: TestClient, document: dict, path: str
) -> None:
    operation = document["paths"][path]["get"]
    address, values = example_at(path, operation)
    answer = client.get(address, params=values, follow_redirects=False)
    assert answer.status_code in (200, 303), answer.text
    fits(answer, operation)
    if answer.headers.get("content-type") != "application/json":
        return
    body = answer.json()
    if isinstance(body, dict) and "total" in body and path != "/api/v1/findings":
        assert body["total"] != 0, "the example gives nothing"


@pytest.mark.parametrize("path", [*LISTS, *DETAILS, *OTHERS])
def test_the_example_of_each_operation_is_had_in_every_form(
    client: TestClient, document: dict, path: str
) -> None:
    """Each media type that is described, asked for by Accept, is given and can be read."""
    operation = document["paths"][path]["get"]
    address, values = example_at(path, operation)
    for media in operation["responses"].get("200", {}).get("content", ()):
        name = media.partition(";")[0]
        asked = dict(values)
        if name == "application/sparql-query":
            asked["show"] = "sparql"
        if path == "/sparql" and (name in RDF_MEDIA or name in GRAPHS_ONLY):
            # The example asks for rows, and what is told without a query is a graph, or a page.
            del asked["query"]
        answer = client.get(address, params=asked, headers={"Accept": name})
        assert answer.status_code == 200, (media, answer.text)
        assert answer.headers["content-type"] == media
        fits(answer, operation)
        graph = (
            name == "text/plain"
            and "application/n-triples" in operation["responses"]["200"]["content"]
        )
        reads(answer.content, "application/n-triples" if graph else media)


def test_the_example_of_each_change_is_done_as_described(document: dict, tmp_path: Path) -> None:
    """Over a small graph of its own, with the key; and the same is refused without it."""
    done = []
    with TestClient(create_app(make(tmp_path, admin_token=TOKEN))) as client:
        for path, operations in document["paths"].items():
            for method in sorted(operations.keys() - {"get"}, key=METHODS.index):
                operation = operations[method]
                values = example_of(operation)
                address = path.replace("{path}", values.pop("path", ""))
                contents = operation.get("requestBody", {}).get("content", {"": {}})
                examples = {m: c.get("example", "") for m, c in contents.items()}
                for media, example in examples.items():
                    if media and not example:
                        continue
                    body = urlencode(example) if isinstance(example, dict) else example
                    sent = partial(
                        client.request, method, address, params=values, content=body.encode()
                    )
                    headers = {"content-type": media} if media else {}
                    if {"key": []} in operation.get("security", ()) and "query" not in media:
                        refused = sent(headers=headers)
                        if "form" not in media:
                            assert refused.status_code == 401
                            fits(refused, operation)
                    answer = sent(headers={**headers, "authorization": f"Bearer {TOKEN}"})
                    assert answer.status_code < 300, (path, method, media, answer.text)
                    fits(answer, operation)
                    done.append((method, path, media))
    assert ("patch", "/rdf-graph-store", "application/sparql-update") in done
    assert len(done) == 18


def test_a_graph_that_lacks_the_examples_has_a_document_without_them(
    document: dict, tmp_path: Path
) -> None:
    with TestClient(create_app(make(tmp_path))) as client:
        answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["paths"].keys() == document["paths"].keys()
    assert "example" not in answer.json()["paths"]["/api/v1/actors/{slug}"]["get"]["parameters"][0]


def test_any_other_method_is_refused_and_allow_names_those_described(
    client: TestClient, document: dict
) -> None:
    for path, operations in document["paths"].items():
        values = dict.fromkeys(re.findall(r"{(\w+)}", path), "x")
        named = {m.upper() for m in operations} | ({"HEAD"} if "get" in operations else set())
        for method in {"GET", "PUT", "POST", "PATCH", "DELETE", "TRACE"} - named:
            answer = client.request(method, path.format(**values))
            assert answer.status_code == 405, (method, path)
            assert set(answer.headers["allow"].split(", ")) == named
            validator("Problem").validate(answer.json())


def test_errors_fit_their_schema(client: TestClient) -> None:
    for address in ("/api/v1/events?x=1", "/api/v1/events/nope", "/api/v1/events?format=pdf"):
        validator("Problem").validate(client.get(address).json())
    validator("Problem").validate(client.delete("/api/v1/events").json())


def test_what_a_change_may_depend_on_is_described(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    for path, methods in {
        "/rdf-graph-store": ("put", "post", "patch", "delete"),
        "/graph/{path}": ("put", "post", "patch", "delete"),
        "/sparql": ("post",),
    }.items():
        for method in methods:
            told = paths[path][method]
            assert "application/problem+json" in told["responses"]["412"]["content"]
            names = {parameter["name"] for parameter in told["parameters"]}
            assert {"If-Match", "If-None-Match"} <= names, (path, method)


def test_closed_sets_of_words_are_listed(client: TestClient) -> None:
    """By the OpenAPI document and by the list of questions, as the graph in service has them."""
    document = client.get("/api/v1/openapi.json").json()
    parameters = document["paths"]["/api/v1/responsibilities"]["get"]["parameters"]
    (schema,) = [p["schema"] for p in parameters if p["name"] == "not_stated"]
    ref = {"$ref": "#/components/schemas/GapOfResponsibility"}
    assert schema == {"type": "string", "anyOf": [ref, {"maxLength": 0}]}
    listed = document["components"]["schemas"]["GapOfResponsibility"]["enum"]
    assert "legalBasis" in listed and "modality" not in listed
    cards = client.get("/api/v1/questions").json()["questions"]
    (card,) = [card for card in cards if card["name"] == "responsibilities"]
    (told,) = [p for p in card["parameters"] if p["name"] == "not_stated"]
    assert (told["type"], told["values"]) == ("word", listed)
