"""The W3C SPARQL 1.1 suites for query, update, syntax and result formats, through what a request
goes through: the guard, then the worker's own function and its frames, or the writer's.

Every answer is written in each format that carries it, and read back from the bytes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pyoxigraph as ox
import pytest

from graph_service.api.problems import Problem
from graph_service.sparql import writer
from graph_service.sparql.guard import Seen, look
from graph_service.sparql.worker import HEADER, SOLUTION_FORMATS, Job, answer
from tests.sparql import w3c
from tests.sparql.w3c import MF, QT, UT, Test
from tests.sparql.w3c_known_failures import KNOWN

pytestmark = pytest.mark.w3c

#: Formats in which the rows of an answer are read back as they were; CSV loses the kind of a term.
LOSSLESS = ("json", "xml", "tsv")
#: Tests with SERVICE or LOAD.
OUTGOING = frozenset(
    (
        *(f"syntax-fed/test_{number}" for number in (1, 2, 3)),
        *(f"syntax-update-1/test_{number}" for number in (1, 2, 3, 4, 37, 41, 47, 48, 49)),
        "update-silent/load-silent",
        "update-silent/load-into-silent",
    )
)


def guarded(test: Test, text: str) -> Seen:
    """What the guard says of a query or an update.

    ``SERVICE`` and ``LOAD`` are refused, by policy, until their host is allowed; the suites name
    none in full, so that these tests go on after the refusal, without the guard.

    Raises:
        Problem: the guard refused it otherwise.
    """
    if test.id not in OUTGOING:
        return look(text)
    with pytest.raises(Problem) as refused:
        look(text)
    assert refused.value.kind == "outgoing-request"
    return Seen("", "update" in test.id, False)


def told(store: ox.Store, text: str, form: str, base: str) -> tuple[bytes, dict[str, object]]:
    """The bytes of an answer, and what the worker says at its end: rows, or a kind of problem."""
    out = io.BytesIO()
    answer(store, Job(text, form, seconds=10, rows=0, size=10**8, base=base), out)
    body, end = b"", {}
    out.seek(0)
    while header := out.read(HEADER.size):
        kind, size = HEADER.unpack(header)
        payload = out.read(size)
        if kind == b"D":
            body += payload
        else:
            end = json.loads(payload)
    return body, end


def answered(store: ox.Store, text: str, form: str, base: str) -> tuple[bytes, int]:
    """The bytes of an answer and the number of its rows, as the worker counts them."""
    body, end = told(store, text, form, base)
    assert "rows" in end, end
    return body, int(str(end["rows"]))


def query_evaluation(test: Test) -> None:
    manifest, action = test.manifest, test.manifest.value(test.node, MF + "action")
    store = w3c.dataset(manifest, action, QT)
    path = w3c.path_of(manifest.value(action, QT + "query"))
    text, base = path.read_text("utf-8"), path.as_uri()
    expected = w3c.path_of(manifest.value(test.node, MF + "result"))
    if guarded(test, text).kind in ("CONSTRUCT", "DESCRIBE"):
        wanted = w3c.canonical(w3c.Manifest(expected).store)
        for form, syntax in (
            ("turtle", ox.RdfFormat.TURTLE),
            ("ntriples", ox.RdfFormat.N_TRIPLES),
            ("jsonld", ox.RdfFormat.JSON_LD),
            ("rdfxml", ox.RdfFormat.RDF_XML),
        ):
            body, count = answered(store, text, form, base)
            assert w3c.canonical(ox.parse(body, format=syntax)) == wanted
            assert count == sum(wanted.values())
        return
    in_csv, _ = answered(store, text, "csv", base)
    if expected.suffix == ".csv":
        assert w3c.csv_rows(in_csv) == w3c.csv_rows(expected.read_bytes())
        return
    rows = w3c.expected_rows(expected)
    for form in LOSSLESS:
        body, count = answered(store, text, form, base)
        read = ox.parse_query_results(body, format=SOLUTION_FORMATS[form])
        if isinstance(read, ox.QueryBoolean):
            assert bool(read) == rows == (in_csv == b"true")
            continue
        assert not isinstance(rows, bool)
        names = [variable.value for variable in read.variables]
        got = w3c.rows_of(read)
        assert w3c.canonical(w3c.as_quads(got)) == w3c.canonical(w3c.as_quads(rows))
        assert count == len(got)
        assert w3c.csv_rows(in_csv) == w3c.csv_rows(w3c.as_csv(names, got))


def update_evaluation(test: Test) -> None:
    manifest, action = test.manifest, test.manifest.value(test.node, MF + "action")
    store = w3c.dataset(manifest, action, UT)
    path = w3c.path_of(manifest.value(action, UT + "request"))
    text = path.read_text("utf-8")
    assert guarded(test, text).update
    writer.run(store, writer.Change("update", "", "", base=path.as_uri()), text)
    wanted = w3c.dataset(manifest, manifest.value(test.node, MF + "result"), UT)
    assert w3c.canonical(store) == w3c.canonical(wanted)


def text_of(test: Test) -> tuple[str, str]:
    path = w3c.path_of(test.manifest.value(test.node, MF + "action"))
    return path.read_text("utf-8"), path.as_uri()


def parse_query(test: Test) -> None:
    """Ask; what cannot be evaluated here (an unknown function) was parsed.

    Raises:
        Problem: the guard or the parser refused it.
    """
    text, base = text_of(test)
    guarded(test, text)
    _, end = told(ox.Store(), text, "json", base)
    if end.get("kind") == "not-acceptable":  # a CONSTRUCT
        _, end = told(ox.Store(), text, "turtle", base)
    if "rows" not in end and end["kind"] != "evaluation":
        raise Problem(str(end["kind"]), str(end))


def parse_update(test: Test) -> None:
    """Update; what cannot be done here (to move a graph that is not there) was parsed.

    Raises:
        Problem: the guard or the parser refused it.
    """
    text, base = text_of(test)
    guarded(test, text)
    try:
        writer.run(ox.Store(), writer.Change("update", "", "", base=base), text)
    except Problem as problem:
        if "line" in problem.more:
            raise


def negative(parse: Callable[[Test], None]) -> Callable[[Test], None]:
    def run(test: Test) -> None:
        with pytest.raises(Problem) as refused:
            parse(test)
        assert (refused.value.kind, refused.value.status) == ("bad-query", 400)

    return run


RUNNERS: dict[str, Callable[[Test], None]] = {
    "QueryEvaluationTest": query_evaluation,
    "CSVResultFormatTest": query_evaluation,
    "UpdateEvaluationTest": update_evaluation,
    "PositiveSyntaxTest11": parse_query,
    "NegativeSyntaxTest11": negative(parse_query),
    "PositiveUpdateSyntaxTest11": parse_update,
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
    with pytest.raises((AssertionError, ValueError)):
        run(test)
    pytest.xfail(KNOWN[test.id])


def test_the_outgoing_ones_exist() -> None:
    assert {test.id for test in TESTS} >= OUTGOING


def test_every_kind_of_test_is_run_somewhere() -> None:
    elsewhere = {"ProtocolTest", "GraphStoreProtocolTest", "ServiceDescriptionTest"}
    assert {test.kind for test in w3c.all_tests()} <= set(RUNNERS) | elsewhere


def test_the_list_names_only_tests_that_exist() -> None:
    assert set(KNOWN) <= {test.id for test in w3c.all_tests()}
