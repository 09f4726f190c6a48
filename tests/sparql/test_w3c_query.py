"""The W3C SPARQL 1.1 suites for queries, their syntax and result formats, asked at ``/sparql``.

One service holds the data of all tests, each file as a graph, and each query names the dataset of
its test as the protocol has it. So every query goes the way of a client's: parameters, guard,
worker, and the bytes of each format. The service may ask one host, where nobody answers, so that
``SERVICE`` is parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import httpx
import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.build.publish import publish
from graph_service.settings import Settings
from graph_service.sparql.guard import tokens
from graph_service.sparql.worker import GRAPH_FORMATS, SOLUTION_FORMATS
from graph_service.vocabulary import RDFS
from tests.sparql import w3c
from tests.sparql.w3c import CLOSED, MF, QT, Node, Test
from tests.sparql.w3c_known_failures import ENGINE, KNOWN, expect

pytestmark = pytest.mark.w3c

#: A graph that is not there: the default graph of a test without data.
NOTHING = "urn:nothing"


def graphs(test: Test, kind: str) -> dict[str, Node]:
    """Names of the graphs of a test (``data`` or ``graphData``) → their files."""
    manifest, action = test.manifest, test.manifest.value(test.node, MF + "action")
    found = {}
    for given in manifest.values(action, QT + kind) if action else []:
        name = manifest.text(given, RDFS + "label") or given.value
        found[name] = manifest.value(given, QT + "graph") or given
    return found


def settings_over(
    tests: list[Test], folder: Path, put: Mapping[str, str] = MappingProxyType({})
) -> Settings:
    """Publish the data of tests in a folder; no two mean different data by one name.

    Args:
        put: address in the data → what is put in its place.
    """
    files: dict[str, Node] = {}
    for test in tests:
        for name, file in {**graphs(test, "data"), **graphs(test, "graphData")}.items():
            assert files.setdefault(name, file) == file
    store = ox.Store()
    for name, file in files.items():
        w3c.load(store, file, ox.NamedNode(name))
    for quad in store:
        if isinstance(quad.object, ox.NamedNode) and quad.object.value in put:
            here = ox.NamedNode(put[quad.object.value])
            store.add(ox.Quad(quad.subject, quad.predicate, here, quad.graph_name))
            store.remove(quad)
    publish(store, folder / "snapshots", names=files)
    return Settings(folder, folder / "snapshots", None, workers=1)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = settings_over(TESTS, tmp_path_factory.mktemp("w3c"))
    with TestClient(create_app(replace(settings, allowed_hosts=(CLOSED,)))) as made:
        yield made


def ask(client: TestClient, test: Test, form: str = "", text: str = "") -> httpx.Response:
    """Ask the query of a test about its dataset. A ``FROM`` of its own says the same.

    Args:
        form: name of a format.
        text: the query, when it is not as the test has it.
    """
    own, base = w3c.syntax_of(test) if "Syntax" in test.kind else w3c.text_of(test)
    text = text or own
    default, named = list(graphs(test, "data")), list(graphs(test, "graphData"))
    fields: dict[str, str | list[str]] = {"query": f"BASE <{base}>\n{text}", "format": form}
    if not any(token.text.upper() == "FROM" for token in tokens(text)):
        fields |= {"default-graph-uri": default or [NOTHING], "named-graph-uri": named}
    answer: httpx.Response = client.post("/sparql", data=fields)
    return answer


def query_evaluation(client: TestClient, test: Test) -> None:
    must_answer(test, lambda form: ask(client, test, form))


def must_answer(test: Test, ask: Callable[[str], httpx.Response]) -> None:
    """What is answered in every format, read back, must be what the test expects.

    Args:
        ask: gives the answer in a format, by default in the usual one.
    """
    expected = w3c.path_of(test.manifest.value(test.node, MF + "result"))
    if ask("").headers["content-type"].startswith("text/turtle"):
        graph = w3c.canonical(w3c.Manifest(expected).store)
        for name, form in GRAPH_FORMATS.items():
            triples = (ox.Quad(*quad.triple) for quad in ox.parse(body(ask(name)), format=form))
            assert w3c.canonical(triples) == graph, name
        return
    wanted = None if expected.suffix == ".csv" else w3c.expected_rows(expected)
    read = [w3c.results(body(ask(name)), SOLUTION_FORMATS[name]) for name in ("json", "xml")]
    if isinstance(wanted, bool):
        assert read == [wanted, wanted]
        assert [ask(name).status_code for name in ("csv", "tsv")] == [406, 406]
        return
    read.append(w3c.results(body(ask("tsv")), SOLUTION_FORMATS["tsv"]))
    for rows in read:
        assert w3c.same(rows, read[0] if wanted is None else wanted)
    table = w3c.csv_rows(body(ask("csv")))
    assert table == w3c.as_csv(read[0])
    assert wanted is not None or table == w3c.csv_rows(expected.read_bytes())


def body(answer: httpx.Response) -> bytes:
    assert answer.status_code == 200, answer.text
    content: bytes = answer.content
    return content


#: A query that was parsed, and whose function the engine does not have.
PARSED = "Forespørgslen kan ikke regnes ud"


def positive(client: TestClient, test: Test) -> None:
    answer = ask(client, test)
    if answer.status_code == 502:
        assert answer.json()["type"].endswith("/other-service")
        return
    assert answer.status_code == 200 or PARSED in answer.text, answer.text


def negative(client: TestClient, test: Test) -> None:
    answer = ask(client, test)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/bad-query")
    assert PARSED not in answer.text


RUNNERS: dict[str, Callable[[TestClient, Test], None]] = {
    "QueryEvaluationTest": query_evaluation,
    "CSVResultFormatTest": query_evaluation,
    "PositiveSyntaxTest11": positive,
    "NegativeSyntaxTest11": negative,
}
TESTS = w3c.tests_of(*RUNNERS, suffix=".rq", without=("service",))


@pytest.mark.parametrize("test", TESTS or [None], ids=lambda t: t.id if t else "missing")
def test_query(test: Test | None, client: TestClient) -> None:
    assert test is not None, "the suites are not here"
    expect(test, lambda test: RUNNERS[test.kind](client, test), ENGINE)


@pytest.mark.parametrize("id", sorted(ENGINE))
def test_what_the_list_calls_the_engines_fails_in_the_engine_alone(id: str) -> None:
    test = next(test for test in TESTS if test.id == id)
    action = test.manifest.value(test.node, MF + "action")
    text, base = w3c.text_of(test)
    result = w3c.dataset(test.manifest, action, QT).query(text, base_iri=base)
    assert not isinstance(result, ox.QueryTriples)
    expected = w3c.expected_rows(w3c.path_of(test.manifest.value(test.node, MF + "result")))
    assert not w3c.same(w3c.value_of(result), expected)


def test_every_kind_of_test_is_run_somewhere() -> None:
    updates = {"UpdateEvaluationTest", "PositiveUpdateSyntaxTest11", "NegativeUpdateSyntaxTest11"}
    protocols = {"ProtocolTest", "GraphStoreProtocolTest", "ServiceDescriptionTest"}
    assert {test.kind for test in w3c.all_tests()} <= set(RUNNERS) | updates | protocols


def test_the_lists_name_only_tests_that_exist() -> None:
    assert set(KNOWN) <= {test.id for test in w3c.all_tests()}
