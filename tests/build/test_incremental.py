"""What is validated again after a change is what a full validation would find."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from incremental_cases import ONTOLOGY, SHAPES, pool, triples

from graph_service.build.incremental import (
    Change,
    Incremental,
    UnjoinedConstraintError,
    affected,
    revalidate,
)
from graph_service.build.infer import infer
from graph_service.build.quads import in_graph
from graph_service.build.shapes import ShapesGraph
from graph_service.build.validate import Validator, Violation

POOL = pool()
FIXED = set(triples(ONTOLOGY))
SHAPE_TRIPLES = triples(SHAPES)
ALL = ox.NamedNode("https://w3id.org/ansvarsgraf/graph/test")

some = st.lists(st.sampled_from(POOL), max_size=60, unique=True)
few = st.lists(st.sampled_from(POOL), max_size=3, unique=True)
changes = st.lists(st.tuples(few, few), min_size=10, max_size=25)
thorough = settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


FULL = Validator(ShapesGraph(SHAPE_TRIPLES))


def in_full(graph: set[ox.Triple]) -> list[Violation]:
    """Every violation, by a validation of the whole graph."""
    return FULL.validate(graph)


@pytest.fixture(scope="module")
def prepared() -> Incremental:
    return Incremental(SHAPE_TRIPLES)


def published(asserted: set[ox.Triple]) -> tuple[ox.Store, set[ox.Triple]]:
    """A graph as a snapshot has it, and all its triples."""
    inferred = infer(in_graph(asserted, ALL))
    every = asserted | {quad.triple for quad in inferred}
    store = ox.Store()
    store.extend(in_graph(every))
    store.extend(inferred)
    return store, every


@pytest.mark.long
@thorough
@given(some, changes)
def test_a_change_gives_what_a_full_build_and_a_full_validation_give(
    prepared: Incremental, start: list[ox.Triple], steps: list[tuple[list[ox.Triple], ...]]
) -> None:
    """Some two thousand changes of graphs of up to some two hundred triples."""
    asserted = FIXED | set(start)
    store, before = published(asserted)
    known = in_full(before)
    for added, removed in steps:
        asserted = (asserted - set(removed)) | (set(added) - set(removed))
        change = Change(frozenset(added), frozenset(removed))
        whole = prepared.whole(store, change)
        known = prepared.revalidate(store, change, known)
        store, after = published(asserted)
        assert (whole.added, whole.removed) == (after - before, before - after)
        assert known == in_full(after)
        before = after


def test_a_change_elsewhere_affects_only_its_own_subject() -> None:
    """That much it does, because a closed shape reads every property of its target."""
    store, _ = published(FIXED | set(triples("actor:a ag:unitOfActor actor:b .")))
    change = Change(frozenset(triples("actor:z ag:purpose 'x' .")))
    (triple,) = change.added
    assert affected(store, change, SHAPE_TRIPLES) == {triple.subject}
    assert revalidate(store, change, SHAPE_TRIPLES, []) == []


def test_a_violation_found_again_names_its_file() -> None:
    store, _ = published(FIXED)
    change = Change(frozenset(triples("actor:a a ag:GenericActor .")))
    actor = "https://w3id.org/ansvarsgraf/id/actor/a"
    found = revalidate(store, change, SHAPE_TRIPLES, [], {actor: "data/actors.ttl"})
    assert [(v.focus, v.file) for v in found] == [(actor, "data/actors.ttl")]


UNJOINED = {
    "another thing": "SELECT $this WHERE { $this ag:bearer ?a . ?x ag:task ?y }",
    "within NOT EXISTS": "SELECT $this WHERE { $this ag:task ?t FILTER NOT EXISTS { ?x ag:phase ?y } }",
    "only by a constant": "SELECT $this WHERE { $this a ag:Task . ?x a ag:Task }",
    "only by a property": "SELECT $this WHERE { $this ?p ?o . ?p rdfs:label ?l }",
    "hidden by a sub-SELECT": "SELECT $this WHERE { $this ag:bearer ?a . "
    "{ SELECT ?t WHERE { ?a ag:task ?t } } ?t ag:order ?n }",
    "in one of two": "SELECT $this WHERE { { $this ag:task ?t } UNION { ?x ag:task ?t } }",
    "in another graph": "SELECT $this WHERE { GRAPH ?g { $this ag:task ?t } }",
    "MINUS": "SELECT $this WHERE { $this ag:task ?t MINUS { $this ag:phase ?p } }",
}
JOINED = {
    "one pattern": "SELECT $this WHERE { $this ag:task ?t }",
    "backwards": "SELECT $this WHERE { ?x ag:task $this . ?x ag:bearer ?y }",
    "through a path": "SELECT $this WHERE { $this ag:statement/^ag:statement+ ?x . ?x ?p ?y }",
    "optional": "SELECT $this WHERE { $this ag:task ?t OPTIONAL { ?t skos:broader ?b } }",
    "sub-SELECT that shows it": "SELECT $this WHERE { { SELECT $this ?t "
    "WHERE { $this ag:bearer ?a . ?a ag:task ?t } } ?t ag:order ?n }",
}


def with_constraint(select: str) -> list[ox.Triple]:
    prefixes = "".join(
        f'[ sh:prefix "{p}" ; sh:namespace "{n}" ] , '
        for p, n in (
            ("ag", "https://w3id.org/ansvarsgraf/def#"),
            ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
        )
    )
    return triples(
        "@prefix sh: <http://www.w3.org/ns/shacl#> .\n"
        f"<urn:p> sh:declare {prefixes} [ sh:prefix 'skos' ; "
        "sh:namespace 'http://www.w3.org/2004/02/skos/core#' ] .\n"
        "<urn:s> a sh:NodeShape ; sh:targetClass ag:Responsibility ; "
        f'sh:sparql [ sh:prefixes <urn:p> ; sh:select "{select}" ] .'
    )


@pytest.mark.parametrize("name", UNJOINED)
def test_a_constraint_that_does_not_join_to_this_is_refused(name: str) -> None:
    with pytest.raises(UnjoinedConstraintError):
        Incremental(with_constraint(UNJOINED[name]))


@pytest.mark.parametrize("name", JOINED)
def test_a_constraint_that_joins_to_this_is_taken(name: str) -> None:
    Incremental(with_constraint(JOINED[name]))
