"""What a request says is read as it stands, or refused by the name of the parameter."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from fastapi.testclient import TestClient
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import Request

from graph_service.api.problems import Problem
from graph_service.api.request import integer, pairs_of
from graph_service.questions.parameters import ParameterError


@given(st.integers(-10, 600).map(str) | st.text(max_size=8) | st.text("0123456789٠²", max_size=30))
@example("0" * 11 + "1")
@example("0" * 12 + "1")
def test_a_whole_number_is_one_within_its_bounds(text: str) -> None:
    """It has twelve digits at most."""
    digits = text.isascii() and text.isdigit() and len(text) <= 12
    sound = digits and 1 <= int(text) <= 500
    try:
        number = integer({"n": text}, "n", 50, 1, 500)
    except ParameterError as error:
        assert error.name == "n"
        assert text and not sound
    else:
        assert number == (int(text) if text else 50)
        assert sound or not text


@given(st.text("ab=&%+;é20C3A9\u0000", max_size=20).map(lambda text: text.encode()))
@example(b"&&a&=b&a=b=c&")
@example(b"a=%C3")
@example("a=é".encode("latin-1"))
def test_pairs_are_utf_8_or_refused(query: bytes) -> None:
    request = Request({"type": "http", "headers": [], "query_string": query})
    try:
        expected = parse_qsl(query.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        with pytest.raises(Problem) as refused:
            pairs_of(request)
        assert refused.value.kind == "bad-content"
    else:
        assert pairs_of(request) == expected


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("q=a&q=b", 400),
        ("q=%ff", 400),
        ("fields=label&fields=type", 200),
        ("topic=telemedicin&topic=telemedicin", 200),
        ("q=tæl", 200),
        ("limit=3&limit=4", 400),
    ],
)
def test_what_takes_one_value_is_given_once(client: TestClient, query: str, status: int) -> None:
    answer = client.get(f"/api/v1/initiatives?{query}")
    assert answer.status_code == status, answer.text
    if "&" in query and status == 400:
        assert "to gange" in answer.json()["detail"]
