"""The SHACL engines, each behind one call.

The engine of the build is pyshacl-turbo, chosen by measurement (docs/decisions.md); pySHACL is the
referee. Both, and RDFLib, are imported only to check a graph: a service that only answers has no
use for them, and they take a third of a second and 25 MB.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from graph_service.build.reading import predicates_read
from graph_service.build.shapes import ShapesGraph

if TYPE_CHECKING:
    import rdflib

NTRIPLES = ox.RdfFormat.N_TRIPLES
#: Lines of N-Triples, without their ends, by the IRI of their property.
ByProperty = Mapping[str, Sequence[str]]


def _failures() -> tuple[type[Exception], ...]:
    """What the engines raise on shapes that they cannot run."""
    from pyshacl_turbo import ValidationFailure

    return (ValidationFailure, RuntimeError, ValueError)


class Program:
    """Shapes compiled for an engine, and what they read.

    Raises:
        ValueError: the shapes are malformed.
    """

    def __init__(self, shapes: ShapesGraph, engine: str) -> None:
        # "2020-02-30" as a date becomes a violation; RDFLib logs it besides, with a traceback.
        logging.getLogger("rdflib.term").setLevel(logging.ERROR)
        self._read = predicates_read(shapes)
        self._graph: rdflib.Graph | None = None
        if engine == "turbo":
            import pyshacl_turbo

            compiler: Any = pyshacl_turbo.CompiledShapes
            try:
                self._compiled = compiler(shapes.ntriples, shacl_graph_format="nt", advanced=True)
            except _failures() as error:
                raise ValueError(f"the shapes cannot be run: {error}") from error
        else:
            import rdflib

            self._graph = rdflib.Graph().parse(data=shapes.ntriples, format="nt")

    def report(self, data: ByProperty, focus: Sequence[str] | None = None) -> rdflib.Graph:
        """The validation report on a graph given by property."""
        import rdflib

        read = data if self._read is None else sorted(self._read & data.keys())
        ntriples = "\n".join(line for name in read for line in data[name])
        try:
            if self._graph is None:
                # N-Triples as they are. Given a Store, this engine takes "x" in it for another
                # literal than "x" in the shapes: 21 tests of the W3C suite fail. RDFLib is slow.
                from pyshacl_turbo.rdf import Input

                text_in = Input(ntriples, "nt", None, {}, {}, preserve_ids=True)
                _, graph, why = self._compiled.validate(text_in, focus_nodes=focus)
            else:
                import pyshacl

                _, graph, why = pyshacl.validate(
                    rdflib.Graph().parse(data=ntriples, format="nt"),
                    shacl_graph=self._graph,
                    advanced=True,
                    inference="none",
                    focus_nodes=None if focus is None else list(focus),
                )
        except _failures() as error:
            raise ValueError(f"the shapes cannot be run: {error}") from error
        if not isinstance(graph, rdflib.Graph):
            raise ValueError(f"the shapes cannot be run: {why}")
        return graph


def by_property(data: ox.Store | Iterable[ox.Triple]) -> ByProperty:
    """The graph, or the default graph of a store, by property."""
    if isinstance(data, ox.Store):
        text = data.dump(format=NTRIPLES, from_graph=ox.DefaultGraph())
    else:
        text = ox.serialize(data, format=NTRIPLES)
    found: dict[str, list[str]] = defaultdict(list)
    # Only at "\n": a text may hold what Python takes for other ends of line.
    for line in (text or b"").decode().split("\n"):
        if line:
            found[line.split(" ", 2)[1]].append(line)
    return {name[1:-1]: lines for name, lines in found.items()}
