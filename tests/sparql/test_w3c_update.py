"""The W3C SPARQL 1.1 suites for updates and their syntax, done by the writer.

Each update goes through the guard and :func:`graph_service.sparql.writer.run`, over the dataset of
its test. Then again as a client's does, where the default graph merges all graphs and has a graph
of its own for what is written to it; and one of each folder over HTTP, published by the process,
and all with ``LOAD``. One host may be asked, where nobody answers, so that ``LOAD`` is parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.api.problems import Problem
from graph_service.build.publish import current, publish
from graph_service.settings import Settings
from graph_service.sparql.guard import look
from graph_service.sparql.writer import DEFAULT_GRAPH, Change, Named, changed, run
from tests.sparql import w3c
from tests.sparql.conftest import TOKEN
from tests.sparql.w3c import CLOSED, MF, UT, Test
from tests.sparql.w3c_known_failures import MERGED, expect

pytestmark = pytest.mark.w3c

EVALUATION = w3c.tests_of("UpdateEvaluationTest")
#: The default graph of a test, and where it lies here.
DEFAULT, OWN = ox.DefaultGraph(), ox.NamedNode(DEFAULT_GRAPH)


def before(test: Test) -> ox.Store:
    """The dataset that a test begins with."""
    return w3c.dataset(test.manifest, test.manifest.value(test.node, MF + "action"), UT)


def after(test: Test) -> ox.Store:
    """The dataset that a test expects."""
    return w3c.dataset(test.manifest, test.manifest.value(test.node, MF + "result"), UT)


def done(store: ox.Store, text: str, base: str) -> None:
    """Do an update on a store."""
    text = f"BASE <{base}>\n{text}"
    look(text, (CLOSED,))
    run(store, Change("update", "", ""), text)


def evaluate(test: Test) -> None:
    store = before(test)
    done(store, *w3c.text_of(test))
    assert w3c.canonical(store) == w3c.canonical(after(test))


#: What is told of an update that was parsed, and did not find what it is about.
PARSED = "cannot-be-done"


def positive(test: Test) -> None:
    try:
        done(ox.Store(), *w3c.syntax_of(test))
    except Problem as problem:
        assert problem.kind == PARSED, problem


def negative(test: Test) -> None:
    with pytest.raises(Problem) as caught:
        done(ox.Store(), *w3c.syntax_of(test))
    assert caught.value.kind == "bad-query", caught.value


RUNNERS: dict[str, Callable[[Test], None]] = {
    "UpdateEvaluationTest": evaluate,
    "PositiveUpdateSyntaxTest11": positive,
    "NegativeUpdateSyntaxTest11": negative,
    "NegativeSyntaxTest11": negative,
}
TESTS = w3c.tests_of(*RUNNERS, suffix=".ru")


@pytest.mark.parametrize("test", TESTS or [None], ids=lambda t: t.id if t else "missing")
def test_update(test: Test | None) -> None:
    assert test is not None, "the suites are not here"
    RUNNERS[test.kind](test)


def moved(quads: Iterable[ox.Quad], there: ox.NamedNode | ox.DefaultGraph) -> list[ox.Quad]:
    """The quads, those of the default graph or of its own graph in another."""
    own = (DEFAULT, OWN)
    return [
        ox.Quad(q.subject, q.predicate, q.object, there if q.graph_name in own else q.graph_name)
        for q in quads
    ]


def names(store: ox.Store) -> set[str]:
    return {name.value for name in store.named_graphs()}  # type: ignore[union-attr]


@pytest.mark.parametrize("test", EVALUATION or [None], ids=lambda t: t.id if t else "missing")
def test_update_where_the_default_graph_merges_all(test: Test | None) -> None:
    assert test is not None, "the suites are not here"
    expect(test, merged, MERGED)


@pytest.mark.parametrize("id", sorted(MERGED))
def test_what_cannot_be_there_is_not_there_in_a_dataset_of_the_protocol_either(id: str) -> None:
    """Where a test can name its own default graph and its named graphs, it fails as well."""
    test = next(test for test in EVALUATION if test.id == id)
    evaluate(test)
    own, others = (DEFAULT_GRAPH,), tuple(names(before(test)))
    with pytest.raises((AssertionError, Problem)):
        merged(test, own, others)


def merged(test: Test, using: tuple[str, ...] = (), using_named: tuple[str, ...] = ()) -> None:
    store, (text, base) = before(test), w3c.text_of(test)
    look(text, (CLOSED,))
    named = Named(set(moved(store, OWN)), names(store))
    change = Change("update", "", "", base=base, using=using, using_named=using_named)
    got = changed(named, change, text.encode())
    wanted = after(test)
    assert triples(got.quads) == triples(moved(wanted, OWN))
    assert in_graphs(got.quads) == in_graphs(wanted)
    assert names(wanted) <= got.names


def triples(quads: Iterable[ox.Quad]) -> object:
    """What a client sees in the merged default graph."""
    return w3c.canonical(ox.Quad(*quad.triple) for quad in quads)


def in_graphs(quads: Iterable[ox.Quad]) -> object:
    """What a client sees in the named graphs of a test."""
    return w3c.canonical(quad for quad in quads if quad.graph_name not in (DEFAULT, OWN))


FIRST = {test.id.partition("/")[0]: test for test in reversed(EVALUATION) if test.id not in MERGED}


def posted(folder: Path, store: ox.Store, text: str, base: str) -> httpx.Response:
    """What a service over a store says to an update."""
    publish(moved(store, OWN), folder / "snapshots", names=names(store))
    settings = Settings(
        folder, folder / "snapshots", None, admin_token=TOKEN, workers=1, allowed_hosts=(CLOSED,)
    )
    with TestClient(create_app(settings)) as client:
        return client.post(
            "/sparql",
            data={"update": f"BASE <{base}>\n{text}"},
            headers={"authorization": f"Bearer {TOKEN}"},
        )


@pytest.mark.parametrize("test", FIRST.values() or [None], ids=lambda t: t.id if t else "missing")
def test_update_over_http(test: Test | None, tmp_path: Path) -> None:
    assert test is not None, "the suites are not here"
    must_be_done(test, tmp_path)


def must_be_done(test: Test, folder: Path) -> None:
    """The update of a test over HTTP must come out as the test expects."""
    answer = posted(folder, before(test), *w3c.text_of(test))
    assert answer.status_code == 204, answer.text
    got = ox.Store.read_only(str(current(folder / "snapshots") / "store"))
    assert triples(got) == triples(moved(after(test), OWN))
    assert in_graphs(got) == in_graphs(after(test))


LOADS = [test for test in TESTS if "LOAD" in w3c.text_of(test)[0]]


@pytest.mark.parametrize("test", LOADS or [None], ids=lambda t: t.id if t else "missing")
def test_load_over_http(test: Test | None, tmp_path: Path) -> None:
    assert test is not None, "the suites are not here"
    if test.kind == "UpdateEvaluationTest":
        must_be_done(test, tmp_path)
        return
    answer = posted(tmp_path, ox.Store(), *w3c.syntax_of(test))
    told = answer.json()
    parsed = test.kind.startswith("Positive")
    expected = (502, "other-service") if parsed else (400, "bad-query")
    assert (answer.status_code, told["type"].rpartition("/")[2]) == expected, told
