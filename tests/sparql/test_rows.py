"""Rows are counted in the bytes that the engine writes, wherever these are cut."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_service.sparql.rows import COUNTERS
from graph_service.sparql.worker import SOLUTION_FORMATS

VALUES = st.one_of(
    st.none(),
    st.text(alphabet='{}[],:"\\\n\r\t<>/result é', max_size=12).map(ox.Literal),
    st.just(ox.NamedNode("http://example.org/a")),
    st.just(ox.Literal("x", language="da")),
)


@pytest.mark.parametrize("name", COUNTERS)
@given(
    rows=st.lists(st.tuples(VALUES, VALUES), max_size=8),
    cut=st.integers(min_value=1, max_value=40),
)
@settings(max_examples=150, deadline=None)
def test_every_row_is_counted(
    name: str, rows: list[tuple[ox.Literal | ox.NamedNode | None, ...]], cut: int
) -> None:
    cells = " ".join(
        "(" + " ".join("UNDEF" if cell is None else str(cell) for cell in row) + ")" for row in rows
    )
    result = ox.Store().query(f"SELECT ?a ?b {{ VALUES (?a ?b) {{ {cells} }} }}")
    assert isinstance(result, ox.QuerySolutions)
    written = result.serialize(format=SOLUTION_FORMATS[name])
    assert written is not None
    counter = COUNTERS[name]()
    for start in range(0, len(written), cut):
        counter.feed(written[start : start + cut])
    assert counter.rows == len(rows)
