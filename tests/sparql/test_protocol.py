"""The protocol at /sparql: parameters, negotiation, formats, errors, caching."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.vocabulary import graph
from tests.sparql.conftest import EX

ALL = "SELECT ?s ?o { ?s <http://example.org/label> ?o } ORDER BY ?s LIMIT 3"
CONSTRUCT = "CONSTRUCT { ?s a ag:Thing } WHERE { ?s <http://example.org/label> ?o } LIMIT 3"
SPARQL_JSON = "application/sparql-results+json"


def problem(answer: Any, status: int, kind: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told: dict[str, Any] = answer.json()
    assert (answer.status_code, told["type"].rpartition("/")[2]) == (status, kind), told
    assert told["detail"]
    return told


def test_get_form_and_direct_post_say_the_same(client: TestClient) -> None:
    got = client.get("/sparql", params={"query": ALL})
    form = client.post("/sparql", data={"query": ALL})
    direct = client.post(
        "/sparql", content=ALL, headers={"content-type": "application/sparql-query; charset=UTF-8"}
    )
    assert got.status_code == form.status_code == direct.status_code == 200
    assert got.content == form.content == direct.content
    assert len(got.json()["results"]["bindings"]) == 3
    assert got.headers["content-length"] == str(len(got.content))


@pytest.mark.parametrize(
    ("query", "accept", "given"),
    [
        (ALL, "", SPARQL_JSON),
        (ALL, "*/*", SPARQL_JSON),
        (ALL, "application/json", "application/json"),
        (ALL, "application/sparql-results+xml", "application/sparql-results+xml"),
        (ALL, "text/csv;q=0.5, text/tab-separated-values", "text/tab-separated-values"),
        (ALL, "text/csv", "text/csv; charset=utf-8"),
        (ALL, "image/png, */*;q=0.1", SPARQL_JSON),
        (ALL, "text/*", "text/csv"),
        (ALL, "application/*", SPARQL_JSON),
        (ALL, "text/csv;q=0, text/tab-separated-values;q=0.001", "text/tab-separated-values"),
        (CONSTRUCT, "application/*", "application/n-triples"),
        (CONSTRUCT, "*/*", "text/turtle; charset=utf-8"),
        (
            "ASK {}",
            "application/sparql-results+xml;q=0.9, text/csv",
            "application/sparql-results+xml",
        ),
        (CONSTRUCT, "", "text/turtle; charset=utf-8"),
        (CONSTRUCT, "application/n-triples", "application/n-triples"),
        (CONSTRUCT, "application/ld+json", "application/ld+json"),
        (CONSTRUCT, "application/rdf+xml", "application/rdf+xml"),
        (CONSTRUCT, "application/n-quads", "application/n-quads"),
        ("DESCRIBE <http://example.org/1>", "text/turtle", "text/turtle; charset=utf-8"),
    ],
)
def test_the_accept_header_chooses(client: TestClient, query: str, accept: str, given: str) -> None:
    answer = client.get("/sparql", params={"query": query}, headers={"accept": accept})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(given)
    assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("query", "name", "given"),
    [
        (ALL, "json", SPARQL_JSON),
        (ALL, "xml", "application/sparql-results+xml"),
        (ALL, "csv", "text/csv"),
        (ALL, "tsv", "text/tab-separated-values"),
        (CONSTRUCT, "turtle", "text/turtle"),
        (CONSTRUCT, "ntriples", "application/n-triples"),
        (CONSTRUCT, "jsonld", "application/ld+json"),
        (CONSTRUCT, "json", "application/ld+json"),
        (CONSTRUCT, "rdfxml", "application/rdf+xml"),
    ],
)
def test_the_format_parameter_wins(client: TestClient, query: str, name: str, given: str) -> None:
    answer = client.get(
        "/sparql", params={"query": query, "format": name}, headers={"accept": "image/png"}
    )
    assert answer.headers["content-type"].startswith(given), answer.text


@pytest.mark.parametrize(
    ("query", "headers", "params"),
    [
        (ALL, {"accept": "image/png"}, {}),
        (ALL, {}, {"format": "turtle"}),
        ("ASK {}", {"accept": "text/csv"}, {}),
        ("ASK {}", {}, {"format": "tsv"}),
        (CONSTRUCT, {"accept": SPARQL_JSON}, {}),
    ],
)
def test_what_cannot_be_given_is_406(
    client: TestClient, query: str, headers: dict[str, str], params: dict[str, str]
) -> None:
    answer = client.get("/sparql", params={"query": query, **params}, headers=headers)
    problem(answer, 406, "not-acceptable")


@pytest.mark.parametrize(
    ("query", "format"),
    [
        ("CONSTRUCT { <urn:a> <http://e/1> 1 } WHERE {}", "rdfxml"),
        ("CONSTRUCT { <urn:a> <http://e/p/> 1 } WHERE {}", "rdfxml"),
        ('CONSTRUCT { <urn:a> <urn:b> "x\\u0001" } WHERE {}', "rdfxml"),
        ('SELECT ("\\u0008" AS ?x) {}', "xml"),
        ('SELECT ("\\uFFFE" AS ?x) {}', "xml"),
    ],
)
def test_what_xml_has_no_way_to_say_is_406(client: TestClient, query: str, format: str) -> None:
    asked = {"query": query, "format": format}
    problem(client.get("/sparql", params=asked), 406, "not-acceptable")
    other = {"query": query, "format": "turtle" if format == "rdfxml" else "json"}
    assert client.get("/sparql", params=other).status_code == 200


@pytest.mark.parametrize("name", ["a1", "æ", "x.y", "a-1", "_", "e/b", "e#b1"])
def test_every_property_with_a_name_can_stand_in_xml(client: TestClient, name: str) -> None:
    query = f'CONSTRUCT {{ <urn:a> <http://e/{name}> "\\t\\n\\r\\uFFFD" }} WHERE {{}}'
    answer = client.get("/sparql", params={"query": query, "format": "rdfxml"})
    (quad,) = ox.parse(answer.content, format=ox.RdfFormat.RDF_XML)
    assert quad.predicate.value == f"http://e/{name}"


def test_csv_and_tsv_carry_awkward_values(client: TestClient) -> None:
    text = 'værdi 1, "citat"\n<tag> },{ \\ ;'
    query = "SELECT ?o ?none { <http://example.org/1> <http://example.org/label> ?o }"
    table = client.get("/sparql", params={"query": query, "format": "csv"}).text
    assert list(csv.reader(io.StringIO(table, newline=""))) == [["o", "none"], [text, ""]]
    lines = client.get("/sparql", params={"query": query, "format": "tsv"}).text.split("\n")
    assert lines[0] == "?o\t?none"
    assert lines[1] == '"værdi 1, \\"citat\\"\\n<tag> },{ \\\\ ;"@da\t'


def test_graphs_are_the_same_in_every_format(client: TestClient) -> None:
    formats = {
        "turtle": ox.RdfFormat.TURTLE,
        "ntriples": ox.RdfFormat.N_TRIPLES,
        "jsonld": ox.RdfFormat.JSON_LD,
        "rdfxml": ox.RdfFormat.RDF_XML,
        "nquads": ox.RdfFormat.N_QUADS,
    }
    seen = []
    for name, form in formats.items():
        body = client.get("/sparql", params={"query": CONSTRUCT, "format": name}).content
        seen.append({str(quad.triple) for quad in ox.parse(body, format=form)})
    assert len(seen[0]) == 3
    assert all(triples == seen[0] for triples in seen)


def test_the_projects_prefixes_hold_until_the_query_says_otherwise(client: TestClient) -> None:
    query = "ASK { ?r ag:bearer actor:kommune }"
    assert client.get("/sparql", params={"query": query}).json()["boolean"] is True
    query = "PREFIX ag: <http://other/> " + query
    assert client.get("/sparql", params={"query": query}).json()["boolean"] is False


def test_the_dataset_can_be_chosen(client: TestClient) -> None:
    def count(query: str, *pairs: tuple[str, str]) -> int:
        answer = client.get("/sparql?" + urlencode([("query", query), *pairs]))
        return int(answer.json()["results"]["bindings"][0]["n"]["value"])

    default = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    named = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"
    items, one = graph("items"), graph("doc/one")
    assert count(default) == count(named) == 401
    assert count(default, ("default-graph-uri", one)) == 1
    assert count(default, ("default-graph-uri", one), ("default-graph-uri", items)) == 401
    assert count(default, ("named-graph-uri", items)) == 0
    assert count(named, ("named-graph-uri", items)) == 400
    assert count(named, ("default-graph-uri", items)) == 0
    assert count("SELECT (COUNT(*) AS ?n) FROM <http://no/> { ?s ?p ?o }") == 0
    assert (
        count("SELECT (COUNT(*) AS ?n) FROM <http://no/> { ?s ?p ?o }", ("default-graph-uri", one))
        == 1
    )


def test_unknown_parameters_are_left_alone(client: TestClient) -> None:
    assert client.get("/sparql", params={"query": "ASK {}", "debug": "on"}).status_code == 200


def test_a_syntax_error_says_where(client: TestClient) -> None:
    answer = client.get("/sparql", params={"query": "SELECT *\nWHERE { ?s ?p "})
    told = problem(answer, 400, "bad-query")
    assert (told["line"], told["column"]) == (2, 15)


@pytest.mark.parametrize(
    ("text", "status", "kind"),
    [
        ("", 400, "bad-query"),
        ("hej", 400, "bad-query"),
        ("SELECT * " + "{" * 3000 + "}" * 3000, 400, "query-too-deep"),
        ("SELECT * { FILTER(" + "!" * 60_000 + "1) }", 400, "query-too-deep"),
        ("SELECT * { ?s ?p 'a\x00b' }", 400, "bad-content"),
        ("SELECT * { ?s ?p '" + "x" * 200_000 + "' }", 413, "query-too-long"),
        ("SELECT * { SERVICE <http://localhost/> {} }", 403, "outgoing-request"),
        ("INSERT DATA { <http://a> <http://b> 1 }", 400, "bad-query"),
        ("SELECT * { ?s ?p 'x }", 400, "bad-query"),
        ("SELECT * { ?s unknown:p ?o }", 400, "bad-query"),
    ],
)
def test_hostile_and_broken_queries_get_a_problem(
    client: TestClient, text: str, status: int, kind: str
) -> None:
    answer = client.post(
        "/sparql", content=text.encode(), headers={"content-type": "application/sparql-query"}
    )
    problem(answer, status, kind)
    assert client.get("/sparql", params={"query": "ASK {}"}).json()["boolean"] is True


def test_a_query_that_overflows_the_engine_costs_only_its_worker(client: TestClient) -> None:
    """It passes the guard, for nothing in it is nested; the engine makes it so."""
    text = "SELECT * { " + "{} UNION " * 10_000 + "{} }"
    pool = client.app.state.pool  # type: ignore[attr-defined]
    before = pool.figures().get("died_stack", 0)
    problem(client.post("/sparql", data={"query": text}), 400, "query-too-deep")
    assert pool.figures()["died_stack"] == before + 1
    assert client.get("/sparql", params={"query": "ASK {}"}).json()["boolean"] is True


@pytest.mark.parametrize(
    ("content", "media", "status", "kind"),
    [
        (b"ASK { ?s ?p '\xff' }", "application/sparql-query", 400, "bad-content"),
        (b"query=ASK%20%7B%20%3Fs%20%3Fp%20'%FF'%7D", "application/x-www-form-urlencoded", 400,
         "bad-content"),
        (b"query=%00", "application/x-www-form-urlencoded", 400, "bad-content"),
        (b"ASK {}", "text/plain", 415, "unsupported-media-type"),
        (b"ASK {}", None, 415, "unsupported-media-type"),
        ("ASK {}".encode("utf-16"), "application/sparql-query; charset=UTF-16", 415,
         "unsupported-media-type"),
        (b"query=ASK{}&query=ASK{}", "application/x-www-form-urlencoded", 400, "bad-content"),
        (b"query=ASK{}&update=CLEAR+ALL", "application/x-www-form-urlencoded", 400, "bad-content"),
        (b"a=b", "application/x-www-form-urlencoded", 400, "bad-content"),
        (b"&a=b" * 500, "application/x-www-form-urlencoded", 400, "bad-content"),
        (b"x" * 3_000_000, "application/sparql-query", 413, "query-too-long"),
    ],
)  # fmt: skip
def test_malformed_requests_get_a_problem(
    client: TestClient, content: bytes, media: str | None, status: int, kind: str
) -> None:
    headers = {"content-type": media} if media else {}
    problem(client.post("/sparql", content=content, headers=headers), status, kind)


def test_bad_utf8_in_the_address_is_a_problem(client: TestClient) -> None:
    problem(client.get("/sparql?query=ASK%20%7B%20%3Fs%20%3Fp%20'%FF'%7D"), 400, "bad-content")


def test_a_graph_that_is_no_iri_is_a_problem(client: TestClient) -> None:
    answer = client.get("/sparql", params={"query": "ASK {}", "default-graph-uri": "not an iri"})
    problem(answer, 400, "bad-content")


@pytest.mark.parametrize(
    "address",
    [
        "/sparql?query=ASK{}&query=ASK{}",
        "/sparql?query=ASK{}&update=CLEAR+ALL",
        "/sparql?query=ASK{}&using-graph-uri=http://a/",
        "/sparql?update=CLEAR+ALL",
        "/sparql?query=ASK{}&default-graph-uri=relative",
    ],
)
def test_parameters_that_do_not_go_together(client: TestClient, address: str) -> None:
    problem(client.get(address), 400, "bad-content")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(client: TestClient, method: str) -> None:
    problem(client.request(method, "/sparql"), 405, "method-not-allowed")


@pytest.mark.parametrize(
    "address",
    ["/sparql", "/sparql?query=ASK{}", "/rdf-graph-store?default", "/graph/items", "/graph/none"],
)
def test_head_says_what_get_says(client: TestClient, address: str) -> None:
    head, get = client.head(address), client.get(address)
    assert (head.status_code, head.content) == (get.status_code, b"")
    own = "x-request-id"
    assert [h for h in head.headers.items() if h[0] != own] == [
        h for h in get.headers.items() if h[0] != own
    ]


def test_options_names_the_methods(client: TestClient) -> None:
    assert "POST" in client.options("/sparql").headers["allow"]


def test_updates_are_forbidden_without_a_key(client: TestClient) -> None:
    text = "INSERT DATA { GRAPH <http://g> { <http://a> <http://b> 1 } }"
    problem(client.post("/sparql", data={"update": text}), 403, "forbidden")
    direct = client.post(
        "/sparql", content=text, headers={"content-type": "application/sparql-update"}
    )
    problem(direct, 403, "forbidden")
    problem(client.get("/sparql", params={"update": text}), 400, "bad-content")


def test_an_answer_that_is_still_good_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/sparql", params={"query": ALL})
    etag = first.headers["etag"]
    again = client.get("/sparql", params={"query": ALL}, headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/sparql", params={"query": ALL, "format": "csv"})
    assert other.headers["etag"] != etag
    for query in ("SELECT (RAND() AS ?x) {}", "CONSTRUCT { [] ?p ?o } { ?s ?p ?o }"):
        volatile = client.get("/sparql", params={"query": query})
        assert "etag" not in volatile.headers
        assert volatile.headers["cache-control"] == "no-store"


def test_the_page_of_a_query_is_named_where_it_shows_the_same(client: TestClient) -> None:
    page = '<http://testserver/sparql?tekst=ASK+%7B%7D>; rel="alternate"; type="text/html"'
    assert page in client.get("/sparql", params={"query": "ASK {}"}).headers["link"]
    other = client.get("/sparql", params={"query": "ASK {}", "default-graph-uri": graph("items")})
    assert 'rel="alternate"; type="text/html"' not in other.headers["link"]


def test_too_many_rows_is_told_before_the_answer_begins(client: TestClient) -> None:
    query = "SELECT ?a { ?a ?b ?c . ?d ?e ?f }"
    told = problem(client.get("/sparql", params={"query": query}), 403, "row-limit")
    assert "LIMIT" in told["detail"]
    assert told["limit"] == 5000


def test_a_browser_gets_the_form(client: TestClient) -> None:
    answer = client.get("/sparql", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.headers["content-type"].startswith("text/html")
    assert "<textarea" in answer.text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/turtle, text/html;q=0.5", "text/turtle"),
        ("text/html;q=0.3, application/ld+json", "application/ld+json"),
        ("text/html, application/json", "text/html"),
        ("application/rdf+xml;q=0.2, text/html;q=0.8", "text/html"),
        ("text/html;q=0, */*", "text/turtle"),
        ("*/*", "text/turtle"),
    ],
)
def test_a_client_of_data_gets_no_form_because_it_could_read_one(
    client: TestClient, accept: str, kind: str
) -> None:
    answer = client.get("/sparql", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)


def test_blank_nodes_and_relative_iris(client: TestClient) -> None:
    query = "SELECT ?x { BIND(<#a> AS ?x) }"
    bound = client.get("/sparql", params={"query": query}).json()["results"]["bindings"]
    assert bound[0]["x"]["value"] == "http://testserver/sparql#a"
    query = "CONSTRUCT { [] a <http://e/A> } {}"
    body = client.get("/sparql", params={"query": query, "format": "ntriples"}).text
    assert body.startswith("_:")


def test_long_queries_fit_in_a_post(client: TestClient) -> None:
    values = " ".join(f"<{EX}{number}>" for number in range(3000))
    query = f"SELECT (COUNT(*) AS ?n) {{ VALUES ?s {{ {values} }} ?s <{EX}label> ?o }}"
    answer = client.post("/sparql", content="query=" + quote(query), headers={
        "content-type": "application/x-www-form-urlencoded"})  # fmt: skip
    assert json.loads(answer.content)["results"]["bindings"][0]["n"]["value"] == "400"


class NoLine:
    """A pool that nobody may stand in line for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def run(self, *_: object, **__: object) -> None:
        raise AssertionError("it stood in line")


@pytest.mark.parametrize(
    ("params", "status", "kind"),
    [
        ({"query": "x" * 100_001}, 413, "query-too-long"),
        ({"query": "SELECT * " + "{" * 65}, 400, "query-too-deep"),
        ({"query": "ASK { FILTER(" + "!" * 65 + "true) }"}, 400, "query-too-deep"),
        ({"query": "ASK { ?s ?p 'a"}, 400, "bad-query"),
        ({"query": "ASK { ?s ?p 'a\x00' }"}, 400, "bad-content"),
        ({"query": "ASK { SERVICE <http://a/> {} }"}, 403, "outgoing-request"),
        ({"query": "CLEAR ALL"}, 400, "bad-query"),
        ({"query": "ASK {}", "format": "csv"}, 406, "not-acceptable"),
        ({"query": "ASK {}", "default-graph-uri": "no iri"}, 400, "bad-content"),
        ({"query": "ASK {}", "named-graph-uri": "relative"}, 400, "bad-content"),
        ({"query": "ASK {}", "using-graph-uri": "http://a"}, 400, "bad-content"),
    ],
)
def test_what_is_seen_without_parsing_is_refused_before_the_line(
    client: TestClient, params: dict[str, str], status: int, kind: str
) -> None:
    pool = client.app.state.pool
    client.app.state.pool = NoLine(pool.folder)
    try:
        problem(client.post("/sparql", data=params), status, kind)
        assert client.get("/graph/none").status_code == 404
        assert client.get("/graph/items?format=csv").status_code == 406
    finally:
        client.app.state.pool = pool
