"""The source of a program: loops that nest as deep as a question wants."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service.plans import Programs
from graph_service.store import index
from tests.store.compare import exact

#: More steps than Python nests loops.
STEPS = 40
DEEP = " ".join(f"?v{n} <x:p> ?v{n + 1} ." for n in range(STEPS))
RING = b"<x:a> <x:p> <x:b> . <x:b> <x:p> <x:c> . <x:c> <x:p> <x:a> . <x:a> <x:q> 1 ."


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT ?v0 ?v{STEPS} WHERE {{ {DEEP} }}",
        f"SELECT ?v0 ?n WHERE {{ {DEEP} OPTIONAL {{ ?v{STEPS} <x:q> ?n }} }}",
        f"SELECT ?v0 ?n WHERE {{ OPTIONAL {{ <x:a> <x:q> ?n }} {DEEP} ?v{STEPS} <x:q> ?n }}",
        f"SELECT ?v0 WHERE {{ {DEEP} VALUES ?v{STEPS} {{ <x:a> <x:b> }} }}",
        f"SELECT ?v0 WHERE {{ {DEEP} {{ ?v{STEPS} <x:q> 1 }} UNION {{ ?v{STEPS} <x:p> <x:c> }} }}",
        f"SELECT ?v0 (COUNT(?v{STEPS}) AS ?n) WHERE {{ {DEEP} }} GROUP BY ?v0",
        f"SELECT ?s WHERE {{ ?s <x:p> ?v0 FILTER EXISTS {{ {DEEP} ?v{STEPS} <x:q> 1 }} }}",
    ],
)
def test_loops_that_nest_deeper_than_python_allows(query: str, tmp_path: Path) -> None:
    store = ox.Store()
    store.load(RING, format=ox.RdfFormat.TURTLE)
    lines = tmp_path / "lines"
    store.dump(str(lines), format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    with lines.open("rb") as file:
        index.write(file, tmp_path)
    found = Programs(index.Index(tmp_path)).compile(query, {}).solutions({})
    names = [v.value for v in store.query(query).variables]  # type: ignore[union-attr]
    theirs = [
        {n: t for n, t in zip(names, row, strict=True) if t is not None}  # type: ignore[arg-type]
        for row in store.query(query)  # type: ignore[union-attr]
    ]
    assert exact(found) == exact(theirs) != []


@pytest.mark.parametrize("spokes", [index.FEW, 30])
def test_many_things_that_are_walked_from_at_once_are_read_in_one_look(
    spokes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = tmp_path / "lines"
    said = "".join(
        f"<x:{n:02}> <x:p> <x:hub> .\n<x:{n:02}> <x:q> <x:{n % 3}> .\n" for n in range(spokes)
    )
    one = '"1"^^<http://www.w3.org/2001/XMLSchema#integer>'
    lines.write_text(f"{said}<x:hub> <x:r> {one} .\n", encoding="utf-8")
    with lines.open("rb") as file:
        index.write(file, tmp_path)
    walked = index.Index(tmp_path)
    looks: list[str] = []
    rows = walked._table.rows

    def look(query: str, values: tuple[object, ...] = ()) -> list[object]:
        looks.append(query)
        return rows(query, values)

    query = "SELECT ?s ?n WHERE { ?s <x:p> <x:hub> . ?s <x:q> ?n }"
    program = Programs(walked).compile(query, {})
    exists = Programs(walked).compile(
        "SELECT ?h WHERE { ?h <x:r> 1 FILTER EXISTS { ?s <x:p> ?h . ?s <x:q> ?n } }", {}
    )
    monkeypatch.setattr(walked._table, "rows", look)
    found = [(row["s"].value, row["n"].value) for row in program.solutions({})]
    assert sorted(found) == [(f"x:{n:02}", f"x:{n % 3}") for n in range(spokes)]
    one_by_one = looks.count(index.FORWARD) + looks.count(index.BACKWARD)
    assert (one_by_one, looks.count(index.ALL_FORWARD)) == (
        (1, 1) if spokes > index.FEW else (1 + spokes, 0)
    )
    looks.clear()
    walked.let_go()
    assert [row["h"].value for row in exists.solutions({})] == ["x:hub"]
    assert looks.count(index.ALL_FORWARD) == 0, "the first one is enough"
