"""From the project's Turtle to a published snapshot: load → infer → validate → publish."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox

from graph_service.build.findings import find
from graph_service.build.infer import infer
from graph_service.build.load import GUARDS, Sources, TurtleError, load
from graph_service.build.passages import describe
from graph_service.build.publish import (
    Manifest,
    NoSnapshotError,
    alone,
    current,
    manifest_of,
    publish,
)
from graph_service.build.quads import store_of
from graph_service.build.validate import Violation, check
from graph_service.settings import Settings

__all__ = [
    "GUARDS",
    "InvalidGraphError",
    "Manifest",
    "NoSnapshotError",
    "Sources",
    "TurtleError",
    "Violation",
    "assemble",
    "build",
    "check",
    "current",
    "examine",
    "manifest_of",
]


class InvalidGraphError(Exception):
    """The graph breaks shapes that must hold.

    Attributes:
        violations: each thing that breaks one.
    """

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(f"{len(violations)} violations")
        self.violations = violations


def assemble(
    sources: Sources, *, reasoner: str = "rules", tell: Callable[[str], None] = lambda _: None
) -> set[ox.Quad]:
    """What is asserted, the description of the cited passages, and what follows from both."""
    asserted = sources.quads | describe(sources.quads)
    return asserted | infer(asserted, reasoner=reasoner, tell=tell)


def examine(
    store: ox.Store, sources: Sources, engine: str = "turbo"
) -> tuple[list[Violation], set[ox.Quad]]:
    """What breaks the shapes that must hold, and what the review rules find, side by side.

    Args:
        store: a store whose default graph holds the whole graph.
        sources: the shapes, and the file that each thing comes from.
        engine: SHACL engine, see :mod:`graph_service.build.validate`.

    Returns:
        The violations, each of the thing to be mended, and the findings in ``graph/findings``.

    Raises:
        ValueError: unknown engine, or the shapes themselves are malformed.
    """
    with ThreadPoolExecutor(1) as aside:
        findings = aside.submit(find, (), sources.shapes.get("review", []), store=store)
        return check(store, sources.guards, sources.origin, engine), findings.result()


def build(
    settings: Settings,
    *,
    reasoner: str = "rules",
    engine: str = "turbo",
    before: Callable[[Path], object] = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Build the project's graph and put it in service.

    Args:
        reasoner: ``rules`` or ``owlrl``, see :mod:`graph_service.build.infer`.
        engine: SHACL engine, see :mod:`graph_service.build.validate`.
        before: called with the snapshot's folder before it goes in service.
        tell: called with a line of progress, in Danish.

    Raises:
        TurtleError: a file is not Turtle; the snapshot in service stays.
        InvalidGraphError: a shape that must hold is broken; the snapshot in service stays.
        OSError: the snapshot cannot be written; the one in service stays.
    """
    tell("læser ontology/, data/ og shapes/")
    sources = load(settings.project)
    quads = assemble(sources, reasoner=reasoner, tell=tell)
    tell(f"kontrollerer {len(quads)} tripler og finder modsigelser og mangler")
    broken, findings = examine(store_of({q.triple for q in quads}), sources, engine)
    broken = [v for v in broken if v.severity == "Violation"]
    if broken:
        raise InvalidGraphError(broken)
    quads |= findings
    tell("udgiver")
    with alone(settings.snapshots):
        return publish(quads, settings.snapshots, before)
