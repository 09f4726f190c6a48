"""The graphs that a query is asked of: several as one default graph are their merge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.build.publish import publish
from graph_service.sparql.dataset import Dataset
from tests.sparql.conftest import EX, make

COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
A, B, C = EX + "a", EX + "b", EX + "c"
#: Which triples each graph has; 1 stands in all three.
TRIPLES = {A: (1, 2, 3), B: (1, 2, 4), C: (1, 5)}


def quads(triples: dict[str, tuple[int, ...]]) -> Iterator[ox.Quad]:
    says = ox.NamedNode(EX + "says")
    for name, numbers in triples.items():
        for number in numbers:
            node = ox.NamedNode(f"{EX}{number}") if number % 2 else ox.BlankNode(f"b{number}")
            yield ox.Quad(node, says, ox.Literal(number), ox.NamedNode(name))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a service over three graphs that have triples in common."""
    settings = make(tmp_path_factory.mktemp("dataset"))
    publish(quads(TRIPLES), settings.snapshots)
    with TestClient(create_app(settings)) as made:
        yield made


def bindings(client: TestClient, query: str, *pairs: tuple[str, str]) -> list[str]:
    """The values of the first variable."""
    answer = client.get("/sparql?" + urlencode([("query", query), *pairs]))
    assert answer.status_code == 200, answer.text
    [variable, *_] = answer.json()["head"]["vars"]
    return [row[variable]["value"] for row in answer.json()["results"]["bindings"]]


@pytest.mark.parametrize(
    ("default", "number"), [([A], 3), ([A, A], 3), ([A, B], 4), ([A, B, C, A], 5), ([A, EX], 3)]
)
def test_a_triple_stands_once_in_the_default_graph(
    client: TestClient, default: list[str], number: int
) -> None:
    named = [("default-graph-uri", each) for each in default]
    assert bindings(client, COUNT, *named) == [str(number)]
    written = " ".join(f"FROM <{each}>" for each in default)
    assert bindings(client, COUNT.replace("{", written + " {")) == [str(number)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT(COUNT(*)AS?n)FROM<http://example.org/a>FROM<http://example.org/b>{?s ?p ?o}",
        "PREFIX e: <http://example.org/> SELECT (COUNT(*) AS ?n) FROM e:a FROM e:b { ?s ?p ?o }",
        "BASE <http://example.org/> SELECT (COUNT(*) AS ?n) from <a> from <b> { ?s ?p ?o }",
        "PREFIX from: <http://example.org/> SELECT (COUNT(*) AS ?n) # FROM <x>\n"
        "FROM from:a FROM <http://example.org/\\u0062> WHERE { ?s ?p ?o FILTER(?o != 'FROM <c>') }",
    ],
)
def test_the_graphs_may_be_written_in_every_way(client: TestClient, query: str) -> None:
    assert bindings(client, query) == ["4"]


def test_thousands_of_graphs_are_a_dataset_too(client: TestClient) -> None:
    """The engine that is asked for all of them at once overflows its stack."""
    many = " ".join(f"FROM <urn:{n}>" for n in range(5000))
    query = f"PREFIX ex: <{EX}> {COUNT}".replace("{", f"FROM ex:a {many} FROM ex:b {{")
    answer = client.post("/sparql", data={"query": query})
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"]["bindings"][0]["n"]["value"] == "4"


def test_what_is_named_twice_is_found_once_by_graph(client: TestClient) -> None:
    inside = "SELECT ?g {{ GRAPH ?g {{ ?s ?p 1 }} }}"
    assert bindings(client, inside.format(), ("named-graph-uri", A), ("named-graph-uri", A)) == [A]
    written = f"SELECT ?g FROM NAMED <{A}> FROMNAMED <{A}> {{ GRAPH ?g {{ ?s ?p 1 }} }}"
    assert bindings(client, written) == [A]
    both = f"SELECT ?g FROM <{A}> FROM <{B}> FROM NAMED <{C}> {{ GRAPH ?g {{ ?s ?p 5 }} ?t ?q 2 }}"
    assert bindings(client, both) == [C]


def test_the_protocol_chooses_before_the_query(client: TestClient) -> None:
    written = COUNT.replace("{", f"FROM <{A}> FROM <{B}> {{")
    assert bindings(client, written, ("default-graph-uri", C)) == ["2"]
    assert bindings(client, written, ("named-graph-uri", C)) == ["0"]


def test_yes_or_no_and_graphs_have_the_dataset_too(client: TestClient) -> None:
    dataset = f"FROM <{A}> FROM <{B}>"
    for query, yes in (("{ ?s ?p 4 . ?t ?p 3 }", True), ("{ ?s ?p 5 }", False)):
        answer = client.get("/sparql", params={"query": f"ASK{dataset}{query}"})
        assert answer.json()["boolean"] is yes
    query = f"CONSTRUCT {{ ?s ?p ?o }} {dataset} WHERE {{ ?s ?p ?o }}"
    answer = client.get("/sparql", params={"query": query, "format": "ntriples"})
    assert answer.text.count("\n") == 4


def test_an_error_has_its_place_in_what_was_written(client: TestClient) -> None:
    for query in (f"SELECT * FROM <{A}> FROM no:b {{ }}", f"SELECT *\nFROM <{A}> FROM <{B}> {{ %"):
        problem = client.get("/sparql", params={"query": query}).json()
        assert problem["type"].endswith("/bad-query")
        assert 1 <= problem["line"] <= 2


@given(
    st.dictionaries(st.sampled_from("abcd"), st.sets(st.integers(0, 9)).map(tuple)),
    st.lists(st.sampled_from("abcde"), max_size=5),
    st.lists(st.sampled_from("abcde"), max_size=3),
)
def test_it_is_the_merge_whatever_the_graphs(
    triples: dict[str, tuple[int, ...]], default: list[str], named: list[str]
) -> None:
    store = ox.Store()
    store.extend(quads({EX + name: numbers for name, numbers in triples.items()}))
    over, graphs = Dataset.of([EX + g for g in default], [EX + g for g in named]).over(store)

    def numbers(query: str) -> Counter[int]:
        found = over.query(query, **graphs)
        assert isinstance(found, ox.QuerySolutions)
        values = [row["o"] for row in found]
        return Counter(int(value.value) for value in values if isinstance(value, ox.Literal))

    merge = {number for name in default for number in triples.get(name, ())}
    assert numbers("SELECT ?o { ?s ?p ?o }") == Counter(merge)
    each = [number for name in set(named) for number in triples.get(name, ())]
    assert numbers("SELECT ?o { GRAPH ?g { ?s ?p ?o } }") == Counter(each)
