"""The bytes of a request are its text and its parameters, or a problem."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.api.problems import Problem
from graph_service.sparql.request import MAX_FIELDS, fields, gather, utf8

TEXT = st.text(st.characters(codec="utf-8"), max_size=10)
NAMES = st.sampled_from(["query", "update", "format", "default-graph-uri", "using-graph-uri", "x"])


@given(st.binary(max_size=60) | TEXT.map(str.encode))
def test_a_body_is_the_text_that_it_encodes_or_a_problem(body: bytes) -> None:
    try:
        assert utf8(body).encode() == body
    except Problem as problem:
        assert problem.kind == "bad-content"
        assert body.decode(errors="ignore").encode() != body


@given(st.lists(st.tuples(TEXT, TEXT), max_size=MAX_FIELDS))
def test_parameters_that_were_encoded_read_back(pairs: list[tuple[str, str]]) -> None:
    assert fields(urlencode(pairs).encode()) == pairs


def test_parameters_have_a_limit() -> None:
    assert len(fields(b"&".join([b"a=b"] * MAX_FIELDS))) == MAX_FIELDS
    with pytest.raises(Problem, match=str(MAX_FIELDS)):
        fields(b"&".join([b"a=b"] * (MAX_FIELDS + 1)))


@given(
    st.binary(max_size=60)
    | st.lists(st.tuples(NAMES, TEXT), max_size=4).map(lambda pairs: urlencode(pairs).encode())
)
def test_parameters_make_one_call_or_a_problem(body: bytes) -> None:
    try:
        call = gather(fields(body))
    except Problem as problem:
        assert problem.kind == "bad-content"
    else:
        assert call.query is None or call.update is None
        assert call.update is None or not call.default_graphs
        assert call.query is None or not call.using_graphs
