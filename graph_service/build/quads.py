"""Small moves between triples and quads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyoxigraph as ox


def in_graph(triples: Iterable[ox.Triple], name: ox.NamedNode | None = None) -> Iterator[ox.Quad]:
    """The triples as quads of a named graph, or of the default graph."""
    for t in triples:
        yield ox.Quad(t.subject, t.predicate, t.object, name)


def store_of(triples: Iterable[ox.Triple]) -> ox.Store:
    """A store in memory whose default graph holds the triples."""
    store = ox.Store()
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    store.bulk_load(text, format=ox.RdfFormat.N_TRIPLES)
    return store


def iri(term: object) -> str:
    """The IRI or text of a term that is a node or a literal; empty for anything else."""
    return term.value if isinstance(term, ox.NamedNode | ox.Literal | ox.BlankNode) else ""
