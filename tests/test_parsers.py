"""What reads a text that others wrote: it reads back what was written, or says what is wrong."""

from __future__ import annotations

import contextlib
from datetime import date

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_service.api.cache import names
from graph_service.api.problems import Problem
from graph_service.api.request import Nothing, integer
from graph_service.build.grammar import parse
from graph_service.build.tokens import Tokens, unescaped
from graph_service.danish import words
from graph_service.questions.parameters import Parameter, ParameterError, bind
from graph_service.sparql.guard import look
from graph_service.sparql.media import GRAPHS, OFFERS, choose
from graph_service.sparql.request import fields, gather, utf8
from graph_service.vocabulary import PREFIXES

#: Pieces that queries and updates are made of, so that many of their sequences can be read.
PIECES = st.lists(
    st.sampled_from(
        [
            "SELECT",
            "*",
            "WHERE",
            "{",
            "}",
            "?s",
            "?p",
            "?o",
            ".",
            ";",
            ",",
            "(",
            ")",
            "<urn:a>",
            "ag:x",
            "a",
            "'b'",
            '"c"',
            "@da",
            "^^",
            "xsd:integer",
            "1",
            "2.5",
            "true",
            "FILTER",
            "OPTIONAL",
            "UNION",
            "BIND",
            "AS",
            "NOT",
            "EXISTS",
            "IN",
            "DISTINCT",
            "CONSTRUCT",
            "[",
            "]",
            "/",
            "|",
            "^",
            "+",
            "!=",
            "&&",
            "||",
            "!",
            "=",
            "INSERT",
            "DELETE",
            "DATA",
            "LOAD",
            "CLEAR",
            "DROP",
            "ALL",
            "DEFAULT",
            "COPY",
            "TO",
            "_:b",
            "#",
            "\n",
            "\\",
            "PREFIX",
            "BASE",
        ]
    ),
    max_size=25,
)
TAGS = st.text("abcdef0123456789", min_size=1, max_size=8).map(lambda t: f'"{t}"')


@given(PIECES)
@settings(max_examples=400, deadline=None)
def test_what_the_engine_takes_as_a_change_the_guard_calls_an_update(pieces: list[str]) -> None:
    text = " ".join(pieces)
    try:
        seen = look(text)
    except Problem:
        return
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("urn:a"), ox.NamedNode("urn:a"), ox.Literal("b")))
    before = set(store)
    with contextlib.suppress(SyntaxError, OSError, RuntimeError, ValueError):
        store.update(text, prefixes=dict(PREFIXES))
    assert seen.update or set(store) == before


@given(st.sampled_from(["INSERT DATA {", "DELETE DATA {", "DROP", "CLEAR", "CREATE"]), PIECES)
@settings(max_examples=200, deadline=None)
def test_a_comment_or_a_prologue_hides_no_update(start: str, pieces: list[str]) -> None:
    hidden = "# SELECT *\nBASE <urn:x> PREFIX select: <urn:SELECT>\n" + start
    with contextlib.suppress(Problem):
        assert look(f"{hidden} {' '.join(pieces)}").update


@given(PIECES.map(" ".join) | st.text(max_size=80))
@settings(max_examples=500, deadline=None)
def test_the_grammar_of_rules_reads_a_text_or_refuses_it(text: str) -> None:
    for start in ("", "SELECT * WHERE { ", "CONSTRUCT { ?s a ?o } WHERE { ?s ?p ?o . "):
        with contextlib.suppress(ValueError):
            parse(start + text, PREFIXES)


@given(PIECES)
@settings(max_examples=200, deadline=None)
def test_tokens_written_out_read_back_as_the_same_tokens(pieces: list[str]) -> None:
    try:
        read = Tokens(" ".join(pieces), {}).tokens
    except ValueError:
        return
    assert Tokens("\n".join(value for _, value in read), {}).tokens == read


@given(st.text(max_size=40))
def test_a_string_reads_back_without_its_escapes(text: str) -> None:
    written = "".join(
        {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(c, c)
        for c in text.replace("\\", "\\\\").replace('"', '\\"')
    )
    assert unescaped(written) == text


@given(st.text(max_size=60), st.text(max_size=20), st.sampled_from(sorted(OFFERS)))
def test_an_answer_is_in_a_format_that_is_offered(accept: str, name: str, kind: str) -> None:
    for wanted in ("", name):
        try:
            form, content_type = choose(accept, wanted, OFFERS[kind])
        except Problem as problem:
            assert problem.kind == "not-acceptable"
        else:
            assert form in OFFERS[kind]
            assert content_type.partition(";")[0] in form.media


@given(st.sampled_from(GRAPHS), st.sampled_from(GRAPHS))
def test_the_format_parameter_comes_before_accept(one: object, other: object) -> None:
    assert choose(other.media[0], one.name, GRAPHS)[0] is one


@given(st.dates() | st.text(max_size=12))
def test_a_day_is_a_day_of_the_calendar(given_: date | str) -> None:
    known = {"day": Parameter("day", "date", ("",), False, "Dag")}
    text = given_.isoformat() if isinstance(given_, date) else given_
    try:
        bound = bind(known, {"day": text}, Nothing())
    except ParameterError as error:
        assert not isinstance(given_, date)
        assert error.name == "day"
    else:
        if bound:
            assert bound["day"][0].startswith(f'"{date.fromisoformat(text.strip())}"')


@given(st.integers(-10, 600) | st.text(max_size=8) | st.text("0123456789٠²", max_size=30))
def test_a_whole_number_is_one_within_its_bounds(given_: int | str) -> None:
    text = str(given_)
    try:
        number = integer({"n": text}, "n", 50, 1, 500)
    except ParameterError:
        assert not (text.isascii() and text.isdigit() and 1 <= int(text) <= 500)
    else:
        assert number == (int(text) if text else 50)


@given(st.text(max_size=60), st.sampled_from(["thing(actor) — A", "date required — D", "x"]))
def test_a_parameter_of_a_question_is_of_the_form_or_refused(text: str, sound: str) -> None:
    for written in (text, sound + text):
        try:
            read = Parameter.parse("p", written)
        except ValueError:
            continue
        assert written.endswith(read.label)
        assert read.type in ("thing", "enum", "date", "text", "integer")


@given(st.lists(st.tuples(TAGS, st.booleans()), max_size=5), TAGS)
def test_if_none_match_names_an_etag_that_it_lists_weak_or_not(
    listed: list[tuple[str, bool]], tag: str
) -> None:
    header = ", ".join(f"W/{t}" if weak else t for t, weak in listed).encode()
    wanted = tag in {t for t, _ in listed}
    assert names(header, tag.encode()) == names(header, f"W/{tag}".encode()) == wanted
    assert names(b"*", tag.encode())


@given(st.binary(max_size=60))
def test_a_body_is_text_and_parameters_or_a_problem(body: bytes) -> None:
    for read in (utf8, lambda b: gather(fields(b))):
        try:
            read(body)
        except Problem as problem:
            assert problem.kind == "bad-content"


@given(st.text(max_size=80))
def test_every_text_has_words_to_search_for(text: str) -> None:
    for word in words(text):
        assert word
        assert word == word.strip()


@pytest.mark.parametrize("text", ["SELECT", "SELECT * WHERE { ?s", "SELECT * { ?s ?p 'a'^^1 }"])
def test_a_rule_that_ends_early_is_told(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text, PREFIXES)
