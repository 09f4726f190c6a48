"""Rows in the order of SPARQL, and always in the same one."""

from __future__ import annotations

import random

import pyoxigraph as ox

from graph_service.ordering import of_terms, put_in_order, split_order
from graph_service.store import Row

COLUMNS = ("thing", "label")


def row(thing: str, **more: ox.Literal) -> Row:
    return {"thing": ox.NamedNode(f"http://x/{thing}"), **more}


def test_the_order_is_taken_out_of_the_query_and_the_columns_come_after_it() -> None:
    query = "SELECT ?thing ?label WHERE { }\nORDER BY DESC(?label)\n"
    assert split_order(query, COLUMNS) == (
        "SELECT ?thing ?label WHERE { }\n",
        [("label", True), ("thing", False), ("label", False)],
    )
    plain = "SELECT ?thing ?label WHERE { }\n"
    assert split_order(plain, COLUMNS) == (plain, [("thing", False), ("label", False)])


def test_an_order_by_what_is_no_column_is_left_to_the_store() -> None:
    query = "SELECT ?thing WHERE { ?thing ag:order ?n } ORDER BY ?n"
    assert split_order(query, COLUMNS) == (query, [])


def test_an_order_by_what_is_computed_is_left_to_the_store() -> None:
    query = "SELECT ?thing WHERE { } ORDER BY STRLEN(?label)"
    assert split_order(query, COLUMNS) == (query, [])


def test_an_order_within_the_query_stays() -> None:
    query = "SELECT ?thing WHERE { { SELECT ?thing WHERE { } ORDER BY ?thing } }"
    assert split_order(query, COLUMNS)[0] == query


def test_ties_are_broken_whatever_order_the_rows_come_in() -> None:
    rows = [
        row("b", label=ox.Literal(2)),
        row("a", label=ox.Literal(10)),
        row("c", label=ox.Literal(10)),
        row("d"),
    ]
    expected = [rows[1], rows[2], rows[0], rows[3]]
    for seed in range(20):
        mixed = of_terms(COLUMNS, random.Random(seed).sample(rows, len(rows)))
        put_in_order(mixed, [("label", True), ("thing", False)])
        assert list(mixed) == expected
