"""Turtle is written in one way, without loss."""

import pyoxigraph as ox
from hypothesis import given
from hypothesis import strategies as st

from graph_service.build.turtle import Writer, format_turtle
from graph_service.settings import PROJECT
from graph_service.vocabulary import AG, PREFIXES

NAMES = st.sampled_from(
    [ox.NamedNode(AG + "bearer"), ox.NamedNode(PREFIXES["actor"] + "kommune")]
    + [ox.NamedNode("http://example.org/" + tail) for tail in ("a.b", "x/y", "-z", "%20", "é")]
)
LITERALS = st.one_of(
    st.text(max_size=20).filter(lambda t: "\x00" not in t).map(ox.Literal),
    st.text(max_size=20)
    .filter(lambda t: "\x00" not in t)
    .map(lambda t: ox.Literal(t, language="da")),
    st.integers().map(ox.Literal),
    st.just(ox.Literal("67.5", datatype=ox.NamedNode(PREFIXES["xsd"] + "decimal"))),
    st.just(ox.Literal("2019-01-24", datatype=ox.NamedNode(PREFIXES["xsd"] + "date"))),
)
TRIPLES = st.builds(ox.Triple, NAMES, NAMES, st.one_of(NAMES, LITERALS))


@given(st.lists(TRIPLES, max_size=12))
def test_writing_loses_nothing_and_does_not_depend_on_order(triples: list[ox.Triple]) -> None:
    text = Writer().text(triples)
    read = {q.triple for q in ox.parse(text.encode(), format=ox.RdfFormat.TURTLE)}
    assert read == set(triples)
    assert Writer().text(reversed(triples)) == text
    assert format_turtle(text) == text


def test_leading_comments_stay() -> None:
    text = "# why\n# more\n@prefix ag: <https://w3id.org/ansvarsgraf/def#> .\nag:a ag:b ag:c .\n"
    assert format_turtle(text).startswith("# why\n# more\n@prefix ag:")


def test_data_is_formatted() -> None:
    unformatted = [
        path.name
        for path in sorted((PROJECT / "data").rglob("*.ttl"))
        if format_turtle(text := path.read_text(encoding="utf-8")) != text
    ]
    assert not unformatted, "run `make format-data`"
