"""The W3C SPARQL 1.1 suites for query, update, syntax and result formats, run on the engine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pyoxigraph as ox
import pytest

from tests.sparql import w3c
from tests.sparql.w3c import MF, QT, UT, Test
from tests.sparql.w3c_known_failures import KNOWN

pytestmark = pytest.mark.w3c


def query_evaluation(test: Test) -> None:
    manifest, action = test.manifest, test.manifest.value(test.node, MF + "action")
    store = w3c.dataset(manifest, action, QT)
    query = w3c.path_of(manifest.value(action, QT + "query"))
    result = store.query(query.read_text("utf-8"), base_iri=query.as_uri())
    expected = w3c.path_of(manifest.value(test.node, MF + "result"))
    if isinstance(result, ox.QueryTriples):
        wanted = w3c.Manifest(expected).store
        got = (ox.Quad(t.subject, t.predicate, t.object) for t in result)
        assert w3c.canonical(got) == w3c.canonical(wanted)
    elif expected.suffix == ".csv":
        written = result.serialize(format=ox.QueryResultsFormat.CSV)
        assert w3c.csv_rows(written or b"") == w3c.csv_rows(expected.read_bytes())
    else:
        rows = w3c.expected_rows(expected)
        for form in (ox.QueryResultsFormat.JSON, ox.QueryResultsFormat.XML):
            again = store.query(query.read_text("utf-8"), base_iri=query.as_uri())
            read = ox.parse_query_results(again.serialize(format=form), format=form)  # type: ignore[arg-type]
            if isinstance(read, ox.QueryBoolean):
                assert bool(read) == rows
            else:
                assert not isinstance(rows, bool)
                got_rows = w3c.canonical(w3c.as_quads(w3c.rows_of(read)))
                assert got_rows == w3c.canonical(w3c.as_quads(rows))


def update_evaluation(test: Test) -> None:
    manifest, action = test.manifest, test.manifest.value(test.node, MF + "action")
    store = w3c.dataset(manifest, action, UT)
    update = w3c.path_of(manifest.value(action, UT + "request"))
    store.update(update.read_text("utf-8"), base_iri=update.as_uri())
    wanted = w3c.dataset(manifest, manifest.value(test.node, MF + "result"), UT)
    assert w3c.canonical(store) == w3c.canonical(wanted)


def text_of(test: Test) -> tuple[str, str]:
    path = w3c.path_of(test.manifest.value(test.node, MF + "action"))
    return path.read_text("utf-8"), path.as_uri()


def parse_query(text: str, base: str) -> None:
    """Parse; what cannot be evaluated here (an unknown function) was parsed."""
    with contextlib.suppress(OSError, RuntimeError):
        ox.Store().query(text, base_iri=base)


def parse_update(text: str, base: str) -> None:
    """Parse; what cannot be done here (to fetch, to move a graph that is not there) was parsed."""
    with contextlib.suppress(OSError, RuntimeError):
        ox.Store().update(text, base_iri=base)


def positive(parse: Callable[[str, str], None]) -> Callable[[Test], None]:
    return lambda test: parse(*text_of(test))


def negative(parse: Callable[[str, str], None]) -> Callable[[Test], None]:
    def run(test: Test) -> None:
        with pytest.raises(SyntaxError):
            parse(*text_of(test))

    return run


RUNNERS: dict[str, Callable[[Test], None]] = {
    "QueryEvaluationTest": query_evaluation,
    "CSVResultFormatTest": query_evaluation,
    "UpdateEvaluationTest": update_evaluation,
    "PositiveSyntaxTest11": positive(parse_query),
    "NegativeSyntaxTest11": negative(parse_query),
    "PositiveUpdateSyntaxTest11": positive(parse_update),
    "NegativeUpdateSyntaxTest11": negative(parse_update),
}
TESTS = [test for test in w3c.all_tests() if test.kind in RUNNERS]


@pytest.mark.parametrize("test", TESTS or [None], ids=lambda t: t.id if t else "missing")
def test_engine(test: Test | None) -> None:
    assert test is not None, "the suites are not here"
    expect(test, RUNNERS[test.kind])


def expect(test: Test, run: Callable[[Test], None]) -> None:
    """Run a test; one on the list must fail, so that the list stays true."""
    if test.id not in KNOWN:
        run(test)
        return
    with pytest.raises((AssertionError, SyntaxError, OSError, ValueError, pytest.fail.Exception)):
        run(test)
    pytest.xfail(KNOWN[test.id])


def test_every_kind_of_test_is_run_somewhere() -> None:
    elsewhere = {"ProtocolTest", "GraphStoreProtocolTest", "ServiceDescriptionTest"}
    assert {test.kind for test in w3c.all_tests()} <= set(RUNNERS) | elsewhere


def test_the_list_names_only_tests_that_exist() -> None:
    assert set(KNOWN) <= {test.id for test in w3c.all_tests()}
