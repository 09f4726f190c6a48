"""The look at a query as plain text."""

from __future__ import annotations

import contextlib
import re
import time

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_service.api.problems import Problem
from graph_service.sparql.guard import MAX_DEPTH, MAX_LENGTH, UPDATE_KINDS, look, tokens
from graph_service.sparql.rewrite import with_using
from graph_service.vocabulary import PREFIXES
from tests.build.pieces import PIECES


def kind_of_problem(text: str) -> str:
    with pytest.raises(Problem) as caught:
        look(text)
    return caught.value.kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("SELECT * {}", "SELECT"),
        ("select*{}", "SELECT"),
        ("SELECTDISTINCT*{}", "SELECT"),
        ("# ASK\nPREFIX ask: <http://e/CONSTRUCT> BASE <DESCRIBE> ASK {}", "ASK"),
        ("PREFIX select: <x> CONSTRUCT { ?s ?p 'SELECT' } WHERE { ?s ?p ?o }", "CONSTRUCT"),
        ("DESCRIBE <a>", "DESCRIBE"),
        ("INSERT DATA { <a> <b> 1 }", "INSERT"),
        ("PREFIX a: <b> WITH <g> DELETE {} WHERE {}", "WITH"),
        ("", ""),
        ("hvad er det her", ""),
    ],
)
def test_the_kind_is_the_first_word_after_the_prologue(text: str, kind: str) -> None:
    assert look(text).kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?s ?p 'SERVICE <http://a/>' }",
        'SELECT * { ?s ?p "SERVICE \\" LOAD" }',
        "SELECT * { ?s ?p '''a ' SERVICE '' b''' }",
        'SELECT * { ?s ?p """LOAD "" x""" }',
        "SELECT * { ?s <http://e/SERVICE> ?o }",
        "SELECT * { ?service ?SERVICE $LOAD }",
        "SELECT * { ?s ex:SERVICE service:x ; ex:a.SERVICE LOAD:y }",
        "SELECT * { ?s ?p 'x'@service } # SERVICE <http://a/>",
        "SELECT * { _:SERVICE ?p ?o }",
        "SELECT * { ?s ?p ex:a\\#SERVICE }",
    ],
)
def test_the_word_is_allowed_where_it_calls_nobody(text: str) -> None:
    look(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <http://a/> { ?s ?p ?o } }",
        "SELECT * { service silent ?x {} }",
        "SELECT * { ?s ?p 1SERVICE<http://a/> {} }",
        "SELECT * { ?s ?p trueSERVICE<http://a/> {} }",
        "PREFIX : <http://a/> SELECT * { ?s ?p trueSERVICE:x {} }",
        "SELECT * { \\u0053ERVICE <http://a/> {} }",
        "SELECT * { ?s ?p 'a' . SERVICE <http://a/> {} }",
        "SELECT * { ?s ?p ?o # c\n SERVICE <http://a/> {} }",
        "SELECT * { ?s ?p ?o # c\r SERVICE <http://a/> {} }",
        "SELECT * { FILTER(?a < ?b) SERVICE <http://a/> {} }",
        "LOAD <http://a/>",
        "LOAD<http://a/>",
        "CLEAR ALL; LOAD SILENT <http://a/> INTO GRAPH <g>",
    ],
)
def test_outgoing_calls_are_refused(text: str) -> None:
    assert kind_of_problem(text) == "outgoing-request"


@pytest.mark.parametrize("pair", ["{}", "()", "[]"])
def test_nesting_has_a_limit(pair: str) -> None:
    opening, closing = pair
    look("SELECT * " + opening * MAX_DEPTH + closing * MAX_DEPTH)
    assert kind_of_problem("SELECT * " + opening * 3000 + closing * 3000) == "query-too-deep"


def test_brackets_in_strings_and_iris_do_not_nest() -> None:
    look("SELECT * { ?s ?p '" + "{" * 3000 + "' }")
    look("SELECT * { ?s ?p <a" + "(" * 3000 + "> }")
    look("SELECT * { ?s ?p ?o } #" + "{" * 3000)


def test_brackets_that_close_the_wrong_pair_still_count() -> None:
    assert kind_of_problem("SELECT * " + "{)" * 3000) == "query-too-deep"


def test_prefix_operators_have_a_limit() -> None:
    assert kind_of_problem("SELECT * { FILTER(" + "! - " * 200 + "1) }") == "query-too-deep"


def test_length_and_null() -> None:
    assert kind_of_problem("#" * (MAX_LENGTH + 1)) == "query-too-long"
    assert kind_of_problem("SELECT * { ?s ?p '\x00' }") == "bad-content"


def test_what_runs_where_hosts_can_be_reached_is_read_in_one_way() -> None:
    """Whatever the guard sees that it asks."""
    text = "ASK { ?s ?p ?o FILTER('1'<'>') } #'"
    look(text, ("a.example",))
    with pytest.raises(Problem) as caught:
        look(text, ("a.example",), online=True)
    assert caught.value.kind == "bad-query"


def test_what_changes_each_time_is_known() -> None:
    assert look("SELECT (NOW() AS ?x) {}").volatile
    assert not look("SELECT * { ?s ?p 'NOW()' ; ex:RAND ?now }").volatile


@pytest.mark.parametrize(
    ("template", "makes"),
    [
        ("[] ?p ?o", True),
        ("_:a ?p ?o", True),
        ("?s ?p (1 2)", True),
        ("?s ?p [ ?p ?o ]", True),
        ("<<?s ?p ?o>> ?p ?o", True),
        ("?s ?p ?o {| ?p ?o |}", True),
        ("?s ?p ?o ~", True),
        ("?s ?p ?o~; ?p 2", True),
        ("?s ?p ?o", False),
        ("?s ?p '_:a [ ( < ~', <http://a.example/~b> # _:a []\n", False),
        ("", False),
    ],
)
def test_nodes_that_a_template_makes_are_others_each_time(template: str, makes: bool) -> None:
    where = "{ [] ?p ?o . ?s ?q (1) FILTER(?o < 3) }"
    assert look(f"CONSTRUCT {{ {template} }} WHERE {where}").volatile is makes
    assert look(f"construct\nWHERE {{ {template} }}").volatile is makes
    assert not look(f"SELECT * {{ {template} }}").volatile
    store = ox.Store()
    graph = ox.DefaultGraph()
    node = ox.NamedNode("http://a.example/")
    store.add(ox.Quad(node, node, node, graph))
    query = f"CONSTRUCT {{ {template} }} WHERE {{ ?s ?p ?o }}"
    first, second = (set(map(str, store.query(query))) for _ in range(2))  # type: ignore[arg-type]
    assert (first != second) is makes


@pytest.mark.parametrize(
    "piece",
    [
        "'",
        '"',
        "'''",
        '"""',
        "<",
        "a.",
        "a:",
        "\\",
        "%",
        ".",
        "1",
        "{}",
        "'a",
        "@",
        "_:a.",
        '"""\\',
        "a.:",
    ],
)
def test_the_longest_text_is_judged_in_linear_time(piece: str) -> None:
    begun = time.perf_counter()
    with contextlib.suppress(Problem):
        look(piece * (MAX_LENGTH // len(piece)))
    assert time.perf_counter() - begun < 3


@given(st.text(max_size=300))
def test_no_text_makes_it_fail_otherwise_than_by_a_problem(text: str) -> None:
    try:
        look(text)
    except Problem as problem:
        assert problem.kind in {"bad-content", "bad-query", "outgoing-request", "query-too-deep"}


#: White space, comments, and the points between words.
BETWEEN = re.compile(r"(?:[ \t\r\n.]|#[^\r\n]*)*")


@given(st.text(alphabet="{}()[]<>\"'\\#:@?.SERVICE \n", max_size=200))
@settings(max_examples=300)
def test_tokens_cover_the_text_in_order(text: str) -> None:
    end = 0
    try:
        for token in tokens(text):
            assert BETWEEN.fullmatch(text, end, token.start)
            end = token.start + len(token.text)
            assert text[token.start : end] == token.text
    except Problem:
        return
    assert BETWEEN.fullmatch(text, end)


PARTS = st.sampled_from(
    ["SERVICE <http://127.0.0.1:9/> {}", "?s ?p ?o .", "'SERVICE'", "<SERVICE>", "# SERVICE\n",
     "?x", "true", "1", "'''", '"', "'", "\\", "{", "}", "e:a", "e:", ".", " ", "<", ">", "@en"]
)  # fmt: skip


@given(st.lists(PARTS, max_size=12))
@settings(max_examples=500, deadline=None)
def test_what_passes_never_has_a_call_that_the_engine_would_make(parts: list[str]) -> None:
    """The engine parses the whole query; a SERVICE that it sees is one that the guard saw."""
    text = "PREFIX e: <http://e/> SELECT * { " + "".join(parts) + " }"
    try:
        look(text)
    except Problem:
        return
    try:
        list(ox.Store().query(text))
    except SyntaxError:
        return
    except OSError as error:
        pytest.fail(f"the engine called out: {error}: {text!r}")


def test_using_goes_before_each_where() -> None:
    text = "INSERT { ?s ?p 'WHERE' } WHERE { SELECT * WHERE {} } ; DELETE {} WHERE {}"
    made = with_using(text, ("http://a/",), ("http://b/",))
    clauses = " USING <http://a/> USING NAMED <http://b/> WHERE"
    assert made.count(clauses) == 2
    assert "SELECT * WHERE" in made


@pytest.mark.parametrize(
    "text",
    ["WITH <g> DELETE {} WHERE {}", "DELETE {} USING <g> WHERE {}", "DELETE WHERE { ?s ?p ?o }"],
)
def test_a_second_dataset_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        with_using(text, ("http://a/",), ())


STEPS = st.sampled_from(
    ["PREFIX e: <http://e/>", "BASE <http://b/>", "INSERT DATA", "{ <a:s> <a:p> 1 }", "DELETE WHERE",
     "{ ?s ?p ?o }", "CLEAR ALL", "DROP ALL", "DROP SILENT DEFAULT", ";", "# INSERT\n", "'INSERT'",
     "SELECT *", "ASK", "WITH <a:g>", "\\u0044ROP ALL", "<DROP>", "e:DROP", "ADD DEFAULT TO <a:g>",
     "COPY <a:g> TO DEFAULT", "MOVE DEFAULT TO <a:g>", "CREATE GRAPH <a:g>", "INSERT", "DELETE", "WHERE",
     "{ ?s ?p 1 }", "LOAD <a:g>", "\\"]
)  # fmt: skip


@given(st.lists(STEPS, max_size=6) | PIECES, st.sampled_from(["", " ", "\n"]))
@settings(max_examples=1200, deadline=None)
def test_what_is_not_seen_as_an_update_changes_nothing(steps: list[str], between: str) -> None:
    text = between.join(steps)
    try:
        seen = look(text)
    except Problem:
        return
    quad = ox.Quad(ox.NamedNode("a:s"), ox.NamedNode("a:p"), ox.Literal("0"))
    store = ox.Store()
    store.add(quad)
    if seen.update:
        with pytest.raises(SyntaxError):
            store.query(text)
        return
    with contextlib.suppress(SyntaxError):
        store.update(text, prefixes=dict(PREFIXES))
    assert set(store) == {quad}


STARTS = sorted({*UPDATE_KINDS, "INSERT DATA {", "DELETE DATA {"} - {"LOAD"})


@pytest.mark.parametrize("start", STARTS)
@given(steps=st.lists(STEPS, max_size=6) | PIECES)
@settings(max_examples=50, deadline=None)
def test_a_comment_or_a_prologue_hides_no_update(start: str, steps: list[str]) -> None:
    hidden = f"# SELECT *\nBASE <urn:x> PREFIX select: <urn:SELECT>\n{start} "
    assert look(hidden).update
    with contextlib.suppress(Problem):
        assert look(hidden + " ".join(steps)).update


@given(st.lists(st.sampled_from("{}()[]"), max_size=400))
def test_depth_is_counted_as_a_reader_counts_it(brackets: list[str]) -> None:
    opened: list[str] = []
    deepest = 0
    for bracket in brackets:
        if bracket in "{([":
            opened.append(bracket)
        elif opened and opened[-1] + bracket in ("{}", "()", "[]"):
            opened.pop()
        deepest = max(deepest, len(opened))
    try:
        list(tokens(" ".join(brackets)))
    except Problem as problem:
        assert problem.kind == "query-too-deep"
        assert deepest > MAX_DEPTH
    else:
        assert deepest <= MAX_DEPTH
