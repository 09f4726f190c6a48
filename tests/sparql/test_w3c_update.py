"""The W3C SPARQL 1.1 suites for updates and their syntax, done by the writer.

Each update goes through the guard and :func:`graph_service.sparql.writer.run`, over the dataset of
its test. Then again as a client's does, where the default graph merges all graphs and has a graph
of its own for what is written to it; and one of each folder over HTTP, published by the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

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
from tests.sparql.w3c import MF, UT, Test
from tests.sparql.w3c_known_failures import MERGED, REFUSED, expect

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


def done(store: ox.Store, test: Test) -> None:
    """Do the update of a test on a store."""
    text, base = w3c.text_of(test)
    look(text)
    run(store, Change("update", "", "", base=base), text)


def evaluate(test: Test) -> None:
    store = before(test)
    done(store, test)
    assert w3c.canonical(store) == w3c.canonical(after(test))


#: An update that was parsed, and did not find what it is about.
PARSED = "Opdateringen kan ikke udføres"


def positive(test: Test) -> None:
    try:
        done(ox.Store(), test)
    except Problem as problem:
        assert problem.detail.startswith(PARSED), problem


def negative(test: Test) -> None:
    with pytest.raises(Problem) as caught:
        done(ox.Store(), test)
    assert caught.value.kind == "bad-query", caught.value
    assert not caught.value.detail.startswith(PARSED)


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
    expect(test, RUNNERS[test.kind], REFUSED)


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
    expect(test, merged, REFUSED | MERGED)


def merged(test: Test) -> None:
    store, (text, base) = before(test), w3c.text_of(test)
    look(text)
    named = Named(set(moved(store, OWN)), names(store))
    got = changed(named, Change("update", "", "", base=base), text.encode())
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


FIRST = {
    test.id.partition("/")[0]: test
    for test in reversed(EVALUATION)
    if test.id not in REFUSED | MERGED
}


@pytest.mark.parametrize("test", FIRST.values() or [None], ids=lambda t: t.id if t else "missing")
def test_update_over_http(test: Test | None, tmp_path: Path) -> None:
    assert test is not None, "the suites are not here"
    store, (text, base) = before(test), w3c.text_of(test)
    snapshots = tmp_path / "snapshots"
    publish(moved(store, OWN), snapshots, names=names(store))
    settings = Settings(tmp_path, snapshots, None, admin_token=TOKEN, workers=1)
    with TestClient(create_app(settings)) as client:
        answer = client.post(
            "/sparql",
            data={"update": f"BASE <{base}>\n{text}"},
            headers={"authorization": f"Bearer {TOKEN}"},
        )
    assert answer.status_code == 204, answer.text
    got = ox.Store.read_only(str(current(snapshots) / "store"))
    assert triples(got) == triples(moved(after(test), OWN))
    assert in_graphs(got) == in_graphs(after(test))
