"""What a request says is read as it stands, or refused by the name of the parameter."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import Request

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
def test_pairs_are_those_that_starlette_reads(query: bytes) -> None:
    request = Request({"type": "http", "headers": [], "query_string": query})
    assert pairs_of(request) == request.query_params.multi_items()
