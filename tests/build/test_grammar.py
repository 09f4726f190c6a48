"""The SPARQL of rules and constraints is read, or refused in words."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_service.build.grammar import parse
from graph_service.vocabulary import PREFIXES
from tests.build.pieces import PIECES

STARTS = ("", "SELECT * WHERE { ", "CONSTRUCT { ?s a ?o } WHERE { ?s ?p ?o . ")


@given(st.sampled_from(STARTS), PIECES.map(" ".join) | st.text(max_size=80), st.booleans())
@settings(max_examples=1500, deadline=None)
def test_a_text_is_read_or_refused(start: str, text: str, closed: bool) -> None:
    with contextlib.suppress(ValueError):
        parse(start + text + " }" * closed, PREFIXES)


@pytest.mark.parametrize("start", STARTS[1:])
def test_what_such_a_text_begins_with_can_be_read(start: str) -> None:
    assert parse(start + "?s ag:x 'b' }", PREFIXES).branches


@pytest.mark.parametrize("text", ["SELECT", "SELECT * WHERE { ?s", "SELECT * { ?s ?p 'a'^^1 }"])
def test_a_rule_that_ends_early_is_told(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text, PREFIXES)
