"""What a store says of things, by queries: one elsewhere, or a snapshot that has no index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graph_service.shaping import HIDDEN
from graph_service.store import Fact, Row, Store

ASK_LABELS = "SELECT ?s ?label WHERE { VALUES ?s { } ?s skos:prefLabel ?label }"
#: Most things that one query names: Virtuoso refuses a query of more than about 4000.
AT_ONCE = 1000


def asked(store: Store, things: Sequence[str]) -> Iterator[Fact]:
    """As :meth:`graph_service.store.Store.about`, by queries."""
    hidden = ", ".join(f"<{predicate}>" for predicate in HIDDEN)
    query = f"SELECT ?s ?p ?o WHERE {{ VALUES ?s {{ }} ?s ?p ?o FILTER(?p NOT IN ({hidden})) }}"
    for row in rows_of(store, query, things):
        yield row["s"].value, row["p"].value, row["o"]


def asked_labels(store: Store, things: Sequence[str]) -> Iterator[tuple[str, str]]:
    """As :meth:`graph_service.store.Store.labels`, by queries."""
    for row in rows_of(store, ASK_LABELS, things):
        yield row["s"].value, row["label"].value


def rows_of(store: Store, query: str, things: Sequence[str]) -> Iterator[Row]:
    """The rows of a query for some things, asked for a number of them at a time.

    Args:
        query: its first ``{ }`` is the empty list of a ``VALUES``, where the things come. Each row
            must be of one thing.
        things: IRIs, each once.
    """
    head, _, rest = query.partition("{ }")
    for start in range(0, len(things), AT_ONCE):
        names = " ".join(f"<{iri}>" for iri in things[start : start + AT_ONCE])
        yield from store.select(f"{head}{{ {names} }}{rest}")
