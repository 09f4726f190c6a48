"""The bytes of a request are its text and its parameters, or a problem."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.api.problems import Problem
from graph_service.api.request import MOST_PARAMETERS
from graph_service.sparql.guard import MAX_LENGTH
from graph_service.sparql.request import fields, gather, utf8

TEXT = st.text(st.characters(codec="utf-8"), max_size=10)
NAMES = st.sampled_from(["query", "update", "format", "default-graph-uri", "using-graph-uri", "x"])


@given(st.binary(max_size=60) | TEXT.map(str.encode))
def test_a_body_is_the_text_that_it_encodes_or_a_problem(body: bytes) -> None:
    try:
        assert utf8(body).encode() == body
    except Problem as problem:
        assert problem.kind == "bad-content"
        assert body.decode(errors="ignore").encode() != body


@given(st.lists(st.tuples(NAMES | TEXT, TEXT), max_size=MOST_PARAMETERS))
def test_parameters_that_were_encoded_read_back(pairs: list[tuple[str, str]]) -> None:
    known = ("query", "format", "x", "æ", "")
    wanted = [(name, value) for name, value in pairs if name in known]
    assert fields(b"&&", known) == []
    assert fields(urlencode(pairs).encode(), known) == wanted
    every_letter = "&".join(f"{escaped(name)}={escaped(value)}" for name, value in pairs)
    assert fields(every_letter.encode(), known) == wanted


def escaped(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def test_parameters_have_a_limit() -> None:
    assert len(fields(b"&".join([b"query=b"] * MOST_PARAMETERS))) == MOST_PARAMETERS
    with pytest.raises(Problem, match=str(MOST_PARAMETERS)):
        fields(b"&".join([b"a=b"] * (MOST_PARAMETERS + 1)))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"query=" + b"%" * (4 * MAX_LENGTH + 1), "query-too-long"),
        (b"format=" + b"%41" * 10_000, "bad-content"),
        (b"query=%ff", "bad-content"),
    ],
)
def test_a_parameter_that_is_too_long_or_broken_is_not_read(body: bytes, kind: str) -> None:
    with pytest.raises(Problem) as caught:
        fields(body)
    assert caught.value.kind == kind


def test_the_longest_query_may_have_each_byte_escaped() -> None:
    text = "\U0001f600" * MAX_LENGTH
    assert fields(b"query=" + escaped(text).encode()) == [("query", text)]


def test_what_means_nothing_is_not_even_decoded() -> None:
    assert fields(b"x=%ff&" + b"%71" * 1000 + b"=1&%71uery=a") == [("query", "a")]


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
