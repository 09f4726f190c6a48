"""How a client chooses a format, and what each format holds."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.api.formats import MEDIA_TYPES, choose, negotiate, parse_accept, to_csv
from graph_service.api.problems import Problem


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/turtle", "turtle"),
        ("text/*", "turtle"),
        ("application/json;q=0.5, text/csv", "csv"),
        ("text/html, application/xhtml+xml, */*;q=0.1", "json"),
        ("application/json;q=0, */*", "jsonld"),
        ("text/turtle;q=0.3, text/*;q=0.9", "csv"),
        ("TEXT/TURTLE", "turtle"),
        ("application/ld+json; profile=x", "jsonld"),
        ("text/turtle, application/json", "turtle"),
    ],
)
def test_accept_chooses_as_rfc_9110_says(accept: str, chosen: str) -> None:
    assert choose(accept, "") == chosen


@pytest.mark.parametrize("accept", ["image/png", "text/turtle;q=0", "*/*;q=0", "text/turtle;q=x"])
def test_what_cannot_be_given_is_said(accept: str) -> None:
    with pytest.raises(Problem) as caught:
        choose(accept, "")
    assert caught.value.status == 406
    assert "text/turtle" in caught.value.detail


def test_parameters_of_a_range_are_read_up_to_a_number() -> None:
    assert parse_accept("text/csv;a;b;q=0.5") == (("text/csv", 0.5),)
    (read,) = parse_accept("text/csv" + ";q=0.5" * 10_000)
    assert read[0] == "text/csv"


@pytest.mark.parametrize("name", ["ttl", "TURTLE", "text/turtle"])
def test_the_parameter_goes_before_accept(name: str) -> None:
    assert choose("text/csv", name) == "turtle"


@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=200))
def test_no_header_is_too_strange(header: str) -> None:
    for media, weight in parse_accept(header):
        assert media == media.lower()
        assert 0 <= weight <= 1
    assert negotiate(header, MEDIA_TYPES, "json") in (*MEDIA_TYPES, None)


RANGES = st.sampled_from([*MEDIA_TYPES.values(), "text/*", "application/*", "*/*", "image/png"])
WEIGHTS = st.sampled_from(["0", "0.1", "0.5", "0.999", "1"])


@given(st.lists(st.tuples(RANGES, WEIGHTS), min_size=1, max_size=6, unique_by=lambda r: r[0]))
def test_the_chosen_format_has_the_greatest_weight(ranges: list[tuple[str, str]]) -> None:
    given_ = dict(ranges)

    def weight(media: str) -> float:
        for fits in (media, media.partition("/")[0] + "/*", "*/*"):
            if fits in given_:
                return float(given_[fits])
        return 0.0

    chosen = negotiate(", ".join(f"{m};q={q}" for m, q in ranges), MEDIA_TYPES, "json")
    best = max(weight(media) for media in MEDIA_TYPES.values())
    assert (weight(MEDIA_TYPES[chosen]) if chosen else 0.0) == best


#: What makes a spreadsheet take a text for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
CELLS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5), st.sampled_from([";", ","]))
def test_csv_reads_back_and_holds_no_formula(rows: list[tuple[str, str]], separator: str) -> None:
    written = to_csv({"a": "A", "b": "B"}, [{"a": a, "b": b} for a, b in rows], separator)
    read = list(
        csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""), delimiter=separator)
    )
    assert read[0] == ["A", "B"]
    for given_, cells in zip(rows, read[1:], strict=True):
        for text, cell in zip(given_, cells, strict=True):
            assert cell == ("'" + text if text.startswith(FORMULA) else text)


def test_numbers_are_written_as_the_reader_expects() -> None:
    rows = [{"a": [1.5], "b": -3}]
    assert to_csv({"a": "A", "b": "B"}, rows).decode("utf-8-sig") == "A;B\r\n1,5;-3\r\n"
    assert to_csv({"a": "A", "b": "B"}, rows, ",").decode("utf-8-sig") == "A,B\r\n1.5,-3\r\n"
