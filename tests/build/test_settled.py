"""What the store settles, the engine would not have found; what it cannot settle goes to the engine."""

from __future__ import annotations

import random

import pyoxigraph as ox
import pytest

from graph_service.build import validate
from graph_service.build.quads import store_of
from graph_service.build.settled import breaking, unsettled
from graph_service.build.shapes import ShapesGraph
from graph_service.build.validate import Validator
from graph_service.vocabulary import PREFIXES
from tests.build.test_validate import graph_and_shapes, mutated, verdict
from tests.shapes import w3c_suite

PREFIX = "".join(f"@prefix {p}: <{ns}> .\n" for p, ns in PREFIXES.items())
PREFIX += "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> .\n"


def read(text: str) -> list[ox.Triple]:
    return [q.triple for q in ox.parse(PREFIX + text, format=ox.RdfFormat.TURTLE)]


@pytest.mark.long
def test_every_shape_of_ours_can_be_settled() -> None:
    shapes = ShapesGraph(graph_and_shapes()[1])
    about = {target.subject for target in shapes.targets()}
    assert len(about) > 100
    assert [shape for shape in about if breaking(shapes, shape, {}) is None] == []


def test_the_sound_graph_leaves_the_engine_nothing_to_do() -> None:
    graph, shapes = graph_and_shapes()
    assert unsettled(ShapesGraph(shapes), store_of(graph), 2) == []


@pytest.mark.parametrize("seed", range(20, 26))
def test_mutated_cuts_break_the_same_shapes(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Violations are the same when the store settles what it can and when it settles nothing."""
    graph, shapes = graph_and_shapes()
    cut = mutated(random.Random(seed), graph)
    validator = Validator(ShapesGraph(shapes))
    engine_alone = verdict(validator.validate(cut))
    monkeypatch.setattr(validate, "LARGE", 0)
    assert verdict(validator.validate(cut)) == engine_alone
    assert len(engine_alone) > 20


@pytest.mark.parametrize(
    "constraint",
    [
        "sh:closed true",
        "sh:deactivated true",
        "sh:xone ( [ sh:nodeKind sh:IRI ] [ sh:class ex:U ] )",
        "sh:property [ sh:path ex:p ; sh:equals ex:q ]",
        "sh:property [ sh:path ex:p ; sh:minCount 9 ]",
        "sh:property [ sh:path ex:p ; sh:datatype ex:unknown ]",
        'sh:sparql [ sh:select "SELECT $this { $this ex:p ?x } GROUP BY $this" ]',
    ],
)
def test_what_is_not_known_is_left_to_the_engine(constraint: str) -> None:
    shapes = ShapesGraph(read(f"ex:S a sh:NodeShape ; sh:targetClass ex:T ; {constraint} ."))
    (target,) = shapes.targets()
    assert breaking(shapes, target.subject, {}) is None
    assert unsettled(shapes, store_of(read("ex:a a ex:T .")), 1) == [target]


def test_a_recursive_shape_is_left_to_the_engine() -> None:
    shapes = ShapesGraph(
        read(
            "ex:S a sh:NodeShape ; sh:targetClass ex:T ; sh:property [ sh:path ex:p ; sh:node ex:S ] ."
        )
    )
    assert unsettled(shapes, store_of(read("ex:a a ex:T .")), 1) == shapes.targets()


@pytest.mark.w3c
def test_no_test_of_the_w3c_suite_is_settled_wrongly() -> None:
    """Where a suite's graph breaks its shapes, the store says so, too."""
    whole = 0
    for case in w3c_suite.cases():
        if case.expected is None:
            continue
        data, triples = (
            [q.triple for q in ox.parse(text, format=ox.RdfFormat.N_TRIPLES)]
            for text in (case.data, case.shapes)
        )
        shapes = ShapesGraph(triples)
        store = store_of(data)
        left = unsettled(shapes, store, 1)
        assert left or not case.expected, case.name
        about = {target.subject for target in shapes.targets()}
        whole += all(breaking(shapes, shape, {}) is not None for shape in about)
    print(f"{whole} tests of the suite can be settled as a whole")
    assert whole >= 80
