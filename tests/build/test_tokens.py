"""The tokens of a query are its text: nothing is lost, and a literal reads as the engine reads it."""

from __future__ import annotations

import re

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_service.build.tokens import Tokens, unescaped
from tests.build.pieces import PIECES

TEXTS = st.text(alphabet="aé ?<>{}()\"'\\#:@_^&|=!*+-.,;\n01", max_size=60)
BETWEEN = re.compile(r"(?:\s|#[^\n]*(?:\n|\Z))*")


@given(TEXTS | PIECES.map(" ".join))
@settings(max_examples=200, deadline=None)
def test_tokens_are_the_text_without_space_and_comments(text: str) -> None:
    try:
        read = Tokens(text, {}).tokens
    except ValueError as error:
        assert "no SPARQL that is read here" in str(error)
        return
    place = 0
    assert read.pop() == ("end", "")
    for _, token in read:
        found = text.find(token, place)
        assert found >= place, token
        assert BETWEEN.fullmatch(text, place, found)
        place = found + len(token)
    assert BETWEEN.fullmatch(text, place)


@given(TEXTS | PIECES.map(" ".join))
@settings(max_examples=400, deadline=None)
def test_tokens_written_out_read_back_as_the_same_tokens(text: str) -> None:
    try:
        read = Tokens(text, {}).tokens
    except ValueError:
        return
    assert Tokens("\n".join(value for _, value in read), {}).tokens == read


@given(st.text(max_size=40))
def test_a_literal_is_one_token_and_reads_back(text: str) -> None:
    written = str(ox.Literal(text))
    (kind, token), _ = Tokens(written, {}).tokens
    assert (kind, token) == ("string", written)
    assert unescaped(token[1:-1]) == text


@given(st.text(max_size=40))
def test_a_string_reads_back_without_its_escapes(text: str) -> None:
    """Only what must be escaped is, and the rest stands as it is."""
    written = "".join(
        {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(c, c)
        for c in text.replace("\\", "\\\\").replace('"', '\\"')
    )
    assert unescaped(written) == text


@pytest.mark.parametrize(
    "written", [r"\t\b\n\r\f\"\'\\", r"\\n", r"\u00e6\U0001F600", r"a\tb\\\"c", r"\\u00e6"]
)
def test_each_escape_is_read_as_the_engine_reads_it(written: str) -> None:
    (row,) = ox.Store().query(f'SELECT ("{written}" AS ?text) {{}}')
    assert unescaped(written) == row["text"].value
