"""What the tests of the review rules share: the shapes, the rules, the real findings."""

from __future__ import annotations

from collections.abc import Callable

import pyoxigraph as ox
import pytest

from graph_service.build import assemble
from graph_service.build.findings import Rule, find, rules
from graph_service.build.load import Sources, load
from graph_service.settings import PROJECT
from graph_service.vocabulary import AG, PREFIXES


@pytest.fixture(scope="session")
def sources() -> Sources:
    return load(PROJECT)


@pytest.fixture(scope="session")
def review(sources: Sources) -> list[ox.Triple]:
    return sources.shapes["review"]


@pytest.fixture(scope="session")
def all_rules(review: list[ox.Triple]) -> list[Rule]:
    return rules(review)


@pytest.fixture(scope="session")
def real(sources: Sources) -> set[ox.Triple]:
    """The real graph, with what follows from it."""
    return {quad.triple for quad in assemble(sources)}


@pytest.fixture(scope="session")
def found(real: set[ox.Triple], review: list[ox.Triple]) -> set[ox.Triple]:
    """The findings in the real graph."""
    return {quad.triple for quad in find(real, review)}


@pytest.fixture(scope="session")
def turtle(sources: Sources) -> Callable[[str], set[ox.Triple]]:
    """Reads Turtle without prefixes."""
    head = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())

    def read(text: str) -> set[ox.Triple]:
        return {q.triple for q in ox.parse((head + text).encode(), format=ox.RdfFormat.TURTLE)}

    return read


@pytest.fixture(scope="session")
def concepts(sources: Sources) -> set[ox.Triple]:
    """The controlled lists, whose words the explanations use."""
    return {q.triple for q in sources.quads if str(q.subject).startswith(f"<{AG}")}
