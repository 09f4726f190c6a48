"""The engine of the build passes the W3C SHACL suite, and the reader of reports reads it right."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
import w3c_suite

from graph_service.build import validate
from graph_service.build.shapes import ShapesGraph
from graph_service.build.validate import Validator

pytestmark = pytest.mark.w3c


def outcome(case: w3c_suite.Case) -> str:
    """Why the engine does not pass a test; empty when it does."""
    from pyshacl_turbo import ValidationFailure, compile_shapes
    from pyshacl_turbo.rdf import Input

    data = Input(case.data, "nt", None, {}, {}, preserve_ids=True)
    try:
        with w3c_suite.literals_as_written():
            shapes = compile_shapes(case.shapes.encode(), shacl_graph_format="nt", advanced=True)
            _, report, _ = shapes.validate(data)
    except (RuntimeError, ValidationFailure) as error:
        return "" if case.expected is None else str(error)
    if case.expected is None:
        return "no failure"
    return "" if w3c_suite.of_report(report) == case.expected else "another report"


@pytest.mark.parametrize(("part", "tests"), [("core", 98), ("sparql", 22)])
def test_the_engine_passes_every_test_of_the_suite(part: str, tests: int) -> None:
    wrong = {case.name: outcome(case) for case in w3c_suite.cases((part,))}
    assert len(wrong) == tests
    assert {name: why for name, why in wrong.items() if why} == {}


@pytest.mark.parametrize("large", [0, validate.LARGE])
def test_our_reader_finds_what_the_suite_expects(
    large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Focus nodes, components and values survive that our shapes are given names, and that the
    store is asked first."""
    monkeypatch.setattr(validate, "LARGE", large)
    for case in w3c_suite.cases(("core",)):
        if case.expected is None:
            continue
        data, shapes = (
            [q.triple for q in ox.parse(text, format=ox.RdfFormat.N_TRIPLES)]
            for text in (case.data, case.shapes)
        )
        with w3c_suite.literals_as_written():
            found = Validator(ShapesGraph(shapes)).validate(data)
        expected = {(r[0], r[4]) for r in case.expected if r[0].startswith("<http")}
        assert {
            (f"<{v.focus}>", f"<{v.component}>") for v in found if v.focus.startswith("http")
        } == expected, case.name
