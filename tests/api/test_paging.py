"""Pages of a list: any order, any size, both ways."""

from __future__ import annotations

import base64

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.ordering import of_terms, rank
from graph_service.paging import ROW, Orders, collate, cut, order, read_cursor, write_cursor
from graph_service.questions.parameters import ParameterError
from graph_service.vocabulary import XSD

LITERALS = st.one_of(
    st.none(),
    st.text(alphabet="abæøåÅ -1", max_size=4).map(ox.Literal),
    st.integers(-50, 50).map(ox.Literal),
)


def rows(keys: list) -> list[dict]:
    return [
        {"s": ox.NamedNode(f"https://x/{n % 7}")} | ({"k": key} if key is not None else {})
        for n, key in enumerate(keys)
    ]


@given(st.lists(LITERALS, max_size=20), st.integers(1, 5), st.booleans())
def test_pages_hold_each_thing_once_in_order(keys: list, limit: int, descending: bool) -> None:
    places = order(of_terms(("s", "k"), rows(keys)))
    whole = cut(places, 1000, "", descending).things
    assert sorted(whole) == sorted({row["s"].value for row in rows(keys)})
    seen, cursor = [], ""
    while True:
        page = cut(places, limit, cursor, descending)
        assert len(page.things) <= limit
        assert page.total == len(whole)
        seen += page.things
        cursor = page.cursor
        if not cursor:
            break
    assert seen == whole


@given(st.text(max_size=60))
def test_a_cursor_is_ours_or_an_error(text: str) -> None:
    try:
        place = read_cursor(text)
    except ParameterError as error:
        assert error.name == "cursor"
    else:
        assert isinstance(place, tuple)
        assert read_cursor(write_cursor(place)) == place


@given(st.booleans(), st.floats(allow_nan=False), st.text(), st.text(), st.text(), st.text())
def test_a_cursor_reads_back_in_its_own_order(
    keyless: bool, number: float, text: str, iri: str, by: str, other: str
) -> None:
    place = (keyless, number, text, iri)
    cursor = write_cursor(place, by)
    assert read_cursor(cursor, by) == place
    if other != by:
        with pytest.raises(ParameterError):
            read_cursor(cursor, other)


def test_a_cursor_of_another_order_is_refused() -> None:
    places = order(of_terms(("s", "k"), rows([ox.Literal(n) for n in range(5)])))
    cursor = cut(places, 2, "", False, "due").cursor
    assert cut(places, 2, cursor, False, "due").things
    for descending, sort in ((True, "due"), (False, ""), (False, "status")):
        with pytest.raises(ParameterError, match="rækkefølge"):
            cut(places, 2, cursor, descending, sort)


@pytest.mark.parametrize("number", ["NaN", "Infinity", '"nan"', "-1e999"])
def test_a_cursor_stands_at_a_number(number: str) -> None:
    cursor = base64.urlsafe_b64encode(f'[false,{number},"","",""]'.encode()).decode().rstrip("=")
    with pytest.raises(ParameterError):
        read_cursor(cursor)


def test_what_is_no_number_stands_as_a_text() -> None:
    """Its place would be everywhere, and the order another each time."""
    keys = [ox.Literal(text, datatype=ox.NamedNode(XSD + "decimal")) for text in ("NaN", "2", "x")]
    found = of_terms(
        ["thing", "key"],
        [{"thing": ox.NamedNode(f"urn:{n}"), "key": key} for n, key in enumerate(keys)],
    )
    assert [place[3] for place in order(found)] == ["urn:0", "urn:2", "urn:1"]
    assert rank(keys[1]) < rank(keys[0]) < rank(keys[2])


def test_danish_collation() -> None:
    words = ["Ærø", "Zoo", "Aabenraa", "arm", "Øre", "Ås"]
    assert sorted(words, key=collate) == ["arm", "Zoo", "Ærø", "Øre", "Aabenraa", "Ås"]


@pytest.mark.parametrize("size", [1, 10])
def test_orders_are_bounded(size: int) -> None:
    orders = Orders(rows=100)
    for number in range(200):
        orders.put(str(number), [(False, 0.0, "", "x")] * size)
    assert orders.get("0") is None
    assert orders.get("199") is not None
    orders.put("huge", [(False, 0.0, "", "x")] * 1000)
    assert orders.get("huge") is None
    for number in range(200):
        orders.put(str(number) + "q" * ROW * 9, [])
    assert sum(orders.get(str(number) + "q" * ROW * 9) is not None for number in range(200)) <= 10
