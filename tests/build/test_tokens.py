"""The tokens of a query are its text: nothing is lost, and a literal reads as the engine reads it."""

from __future__ import annotations

import contextlib
import re

import pyoxigraph as ox
from hypothesis import given
from hypothesis import strategies as st

from graph_service.build.tokens import Tokens, unescaped


@given(st.text(alphabet="aé ?<>{}()\"'\\#:@_^&|=!*+-.,;\n01", max_size=60))
def test_tokens_are_the_text_without_space_and_comments(text: str) -> None:
    with contextlib.suppress(ValueError):
        place = 0
        for _, token in Tokens(text, {}).tokens:
            found = text.index(token, place)
            assert re.fullmatch(r"(?:\s|#[^\n]*(?:\n|$))*", text[place:found])
            place = found + len(token)


@given(st.text(max_size=40))
def test_a_literal_is_one_token_and_reads_back(text: str) -> None:
    written = str(ox.Literal(text))
    (kind, token), _ = Tokens(written, {}).tokens
    assert (kind, token) == ("string", written)
    assert unescaped(token[1:-1]) == text
