"""Every named question is what its header says, and its example has an answer."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.answers import KEPT_LABELS, Answers
from graph_service.questions import Question, QuestionError, parse, registry
from graph_service.questions.parameters import (
    Parameter,
    ParameterError,
    UnknownValueError,
    bind,
    nearest,
)
from graph_service.questions.words import Words, words
from graph_service.vocabulary import AG, XSD

QUESTIONS = registry()
SOUND = """# title: Hvem?
# title-en: Who?
# persona: administrator
# param law: thing(law) required — Lov
# column thing: Ting
# example: law=sul-140
SELECT ?thing WHERE {
  VALUES ?law { }
  ?thing ag:legalBasis ?law .
}
"""


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_example_has_an_answer(name: str, answers: Answers) -> None:
    question = QUESTIONS[name]
    rows = answers.rows(name, dict(question.example))
    assert rows, f"the example of {name} has no answer"
    assert set().union(*rows) <= set(question.columns)


def test_a_label_that_a_question_gives_is_the_label_of_the_thing(answers: Answers) -> None:
    """It is remembered as such: else what a thing is called would depend on what was asked."""
    giving = [name for name, question in QUESTIONS.items() if question.gives_labels]
    assert len(giving) > 30
    for name in giving:
        fresh = Answers(answers.store, QUESTIONS)
        found = fresh.solutions(name, {})
        subject, key, *_ = found.names
        said = {row[subject].value: row[key].value for row in found}
        assert fresh.labels(said) == said, name


@pytest.mark.parametrize("kept", [KEPT_LABELS, 10])
def test_the_json_of_rows_says_what_their_table_says(
    kept: int, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph_service.answers.KEPT_LABELS", kept)
    fresh = Answers(answers.store, QUESTIONS)
    gaps = 0
    for name, question in QUESTIONS.items():
        found = fresh.solutions(name, dict(question.example))
        table = answers.table(found)
        for _ in range(2):
            written = fresh.table_as_json(found, labelled=question.gives_labels)
            assert json.loads(written) == table, name
        gaps += sum(len(row) < len(found.names) for row in table)
    assert gaps


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_parameter_alone_gives_sound_sparql(name: str, answers: Answers) -> None:
    question = QUESTIONS[name]
    samples = {
        "thing": "<https://w3id.org/ansvarsgraf/id/actor/kommune>",
        "enum": "<https://w3id.org/ansvarsgraf/def#Must>",
        "date": '"2019-01-24"^^<http://www.w3.org/2001/XMLSchema#date>',
        "integer": "2019",
        "text": '"x"',
        "word": '"x"',
    }
    needed = {p.name: (samples[p.type],) for p in question.parameters.values() if p.required}
    for parameter in question.parameters.values():
        text = question.sparql({**needed, parameter.name: (samples[parameter.type],)})
        assert samples[parameter.type] in text
        assert "{ }" not in text
        list(answers.store.select(f"SELECT * WHERE {{ {{ {text} }} }} LIMIT 1"))


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_walks_a_path_of_any_length(name: str) -> None:
    """Virtuoso answers such paths wrongly now and then; ag:fallsUnder says the same."""
    assert re.findall(r"\w:\w+[*+]|\)[*+](?=[\s/|])", QUESTIONS[name].text) == []


@pytest.mark.parametrize("name", QUESTIONS)
def test_dates_are_compared_as_text(name: str) -> None:
    """ISO dates sort as text; Virtuoso finds nothing now and then where two date limits meet."""
    question = QUESTIONS[name]
    dates = [p.name for p in question.parameters.values() if p.type == "date"]
    for day in dates:
        bare = question.text.replace(f"VALUES ?{day} {{ }}", "").replace(f"STR(?{day})", "")
        assert re.findall(rf"\?{day}\b", bare) == []


#: Parameters that look for any words in a text; and one that names a class, of which a graph without
#: the whole model has few.
FREE = {("revision-clauses", "clause"), ("things", "type")}


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_text_is_free_or_has_a_closed_set(name: str) -> None:
    """What is compared whole has its values from the graph: a misspelling is no empty answer."""
    texts = {p.name for p in QUESTIONS[name].parameters.values() if p.type == "text"}
    assert {n for n in texts - {"q"} if (name, n) not in FREE} == set()


CLOSED = [(q, p) for q in QUESTIONS for p in QUESTIONS[q].parameters.values() if p.type == "word"]


@pytest.mark.parametrize(("name", "parameter"), CLOSED, ids=lambda v: getattr(v, "name", v))
def test_a_closed_set_takes_its_words_and_names_them(
    name: str, parameter: Parameter, answers: Answers
) -> None:
    there = words(answers, parameter.of[0]).there
    assert there == tuple(sorted(set(there), key=str.casefold)) and len(there) > 1
    for word in there:
        bound = bind({parameter.name: parameter}, {parameter.name: word}, answers)
        assert bound == {parameter.name: (str(ox.Literal(word)),)}
        other = bind({parameter.name: parameter}, {parameter.name: word.upper()}, answers)
        assert other[parameter.name][0].casefold() == bound[parameter.name][0].casefold()
    with pytest.raises(ParameterError) as caught:
        bind({parameter.name: parameter}, {parameter.name: there[0] + "xq"}, answers)
    assert not isinstance(caught.value, UnknownValueError)
    assert all(word in caught.value.reason for word in there)
    assert there[0] in caught.value.nearest or len(there[0]) < 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("legalBasis", "legalBasis"),
        ("legal_basis", "legalBasis"),
        ("legal-basis", "legalBasis"),
        ("LEGALBASIS", "legalBasis"),
        ("ag:legalBasis", "legalBasis"),
        (AG + "legalBasis", "legalBasis"),
        ("modality", "modality"),
        ("legal basis", ""),
        ("name legalbasis", ""),
        ("", ""),
    ],
)
def test_a_name_may_be_written_in_several_ways(text: str, found: str) -> None:
    known = [ox.NamedNode(AG + "legalBasis"), ox.NamedNode(AG + "modality")]
    told = Words.of(known[:1], known)
    assert told.there == ("legalBasis",)
    assert told.find(text) == found


def test_what_is_no_name_is_taken_as_it_stands_but_for_capitals() -> None:
    told = Words.of([ox.Literal("0-2"), ox.Literal("Pct."), ox.Literal("pct.")], [])
    assert [told.find(text) for text in ("0-2", "02", "0_2", "Pct.", "pct.", "PCT.")] == [
        "0-2",
        "",
        "",
        "Pct.",
        "pct.",
        "pct.",
    ]


def test_where_the_graph_has_no_words_any_is_taken() -> None:
    """There is nothing to name, and nothing is the right answer to each of them."""
    assert Words.of([], []).find("year-missing") == "year-missing"


def test_a_set_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="no set of words"):
        Parameter.parse("kind", "word(colours) — Farve")


def test_a_sound_question_is_read() -> None:
    question = parse("who", SOUND)
    assert question.columns == {"thing": "Ting"}
    assert question.parameters["law"].required


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("# title: Hvem?\n", "", "title"),
        ("administrator", "king", "persona"),
        ("VALUES ?law { }", "VALUES ?lov { }", "parameter"),
        ("# param law: thing(law) required — Lov\n", "", "parameter law"),
        ("required ", "", "required or stand in a block"),
        ("SELECT ?thing", "SELECT ?thing ?law", "columns"),
        ("law=sul-140", "lov=sul-140", "example"),
        ("SELECT ?thing WHERE", "ASK", "SELECT"),
    ],
)
def test_a_header_that_disagrees_with_its_query_is_an_error(old: str, new: str, says: str) -> None:
    assert old in SOUND
    with pytest.raises(QuestionError, match=says):
        parse("who", SOUND.replace(old, new))


class Graph:
    """A lookup over a few known things."""

    def __init__(self) -> None:
        self.shared: dict[object, Any] = {}

    def exists(self, iri: str) -> bool:
        return iri.endswith("/law/sul-140")

    def slugs(self, kind: str) -> dict[str, str]:
        return {"sul-140": "Sundhedsloven § 140"} if kind == "law" else {}


QUESTION: Question = parse("who", SOUND)


def test_a_thing_is_named_by_slug_prefixed_name_or_iri() -> None:
    iri = "<https://w3id.org/ansvarsgraf/id/law/sul-140>"
    for value in ("sul-140", "law:sul-140", "https://w3id.org/ansvarsgraf/id/law/sul-140"):
        assert bind(QUESTION.parameters, {"law": value}, Graph()) == {"law": (iri,)}


def test_an_unknown_slug_gets_the_nearest() -> None:
    with pytest.raises(ParameterError) as caught:
        bind(QUESTION.parameters, {"law": "sul-14"}, Graph())
    assert caught.value.nearest == ["sul-140"]
    assert "mente du sul-140" in caught.value.reason


def test_the_names_that_are_looked_through_are_gathered_once_for_a_snapshot() -> None:
    graph = Graph()
    gathered: list[str] = []
    there = graph.slugs
    graph.slugs = lambda kind: gathered.append(kind) or there(kind)  # type: ignore[func-returns-value,method-assign]
    for wanted in ("sul-14", "sundhedsloven-§-14"):
        assert nearest(wanted, ("actor", "law"), graph) == ["sul-140"]
    assert gathered == ["actor", "law"]
    assert nearest("sul-14", ("actor",), graph) == []
    graph.shared = {}  # another snapshot
    assert nearest("sul-14", ("law",), graph) == ["sul-140"]
    assert gathered == ["actor", "law", "actor", "law"]


def test_an_unknown_parameter_and_a_missing_one_are_named() -> None:
    with pytest.raises(ParameterError, match="laww"):
        bind(QUESTION.parameters, {"laww": "sul-140"}, Graph())
    with pytest.raises(ParameterError, match="mangler"):
        bind(QUESTION.parameters, {}, Graph())


@pytest.mark.parametrize("value", ["2019-1-1", "2019-02-30", "i går", "2019-01-24T00:00:00"])
def test_a_bad_date_says_how_to_write_one(value: str) -> None:
    parameters = parse("q", DATED).parameters
    with pytest.raises(ParameterError, match="ÅÅÅÅ-MM-DD"):
        bind(parameters, {"day": value}, Graph())


DATED = """# title: Hvornår?
# title-en: When?
# persona: administrator
# param day: date required — Dag
# param q: text — Ord
# column thing: Ting
# example: day=2019-01-24
SELECT ?thing WHERE {
  VALUES ?day { }
  ?thing ag:notAfter ?day .
  #[q
  VALUES ?q { }
  FILTER(CONTAINS(?thing, ?q))
  #]
}
"""


def test_several_values_of_a_list_are_a_filter_and_several_things_are_not() -> None:
    text = SOUND.replace("law: thing(law)", "law: enum(modality)")
    terms = {"law": ("<urn:a>", "<urn:b>")}
    assert "FILTER(?law IN (<urn:a>, <urn:b>))" in parse("who", text).sparql(terms)
    assert "VALUES ?law { <urn:a> <urn:b> }" in QUESTION.sparql(terms)


def test_a_single_term_after_the_first_thing_takes_the_place_of_its_variable() -> None:
    text = DATED.replace("day: date", "day: thing(law)").replace("q: text", "q: thing(law)")
    terms = {"day": ("<urn:a>",), "q": ("<urn:b?day>",)}
    first = parse("q", text).sparql(terms)
    assert "VALUES ?day { <urn:a> }" in first
    assert "CONTAINS(?thing, <urn:b?day>)" in first
    assert "VALUES ?q" not in first
    none = parse("q", text.replace("# example", "# constant: day\n# example")).sparql(terms)
    assert "VALUES" not in none
    assert "?thing ag:notAfter <urn:a> ." in none
    path = parse("q", text.replace("CONTAINS(?thing, ?q)", "EXISTS { ?thing ag:task* ?q }"))
    assert "VALUES ?q { <urn:b?day> }" in path.sparql(terms)


def test_what_belongs_to_one_region_is_joined_when_it_comes_later() -> None:
    text = SOUND.replace(
        "# column thing", "# param actor: thing(organisation,actor) — Aktør\n# column thing"
    ).replace(
        "legalBasis ?law .\n",
        "legalBasis ?law .\n  #[actor\n  VALUES ?actor { }\n  ?thing ag:heldBy ?actor .\n  #]\n",
    )
    odense = "<https://w3id.org/ansvarsgraf/id/organisation/odense-kommune>"
    kind = "<https://w3id.org/ansvarsgraf/id/actor/kommune>"
    joined = re.compile(rf"\{{ SELECT \?thing WHERE \{{\s+\?thing ag:heldBy {odense} \.\s+\}} \}}")
    question = parse("who", text)
    assert joined.search(question.sparql({"law": ("<urn:a>",), "actor": (odense,)}))
    looked_up = question.sparql({"law": ("<urn:a>",), "actor": (kind,)})
    assert f"?thing ag:heldBy {kind} ." in looked_up
    assert looked_up.count("SELECT") == 1
    assert question.sparql({"law": ("<urn:a>",), "actor": (odense, kind)}).count("SELECT") == 1


def test_things_are_asked_for_by_every_class_that_they_have(answers: Answers) -> None:
    """The question looks the class up among those it knows, not over all that is in the graph."""
    used = {
        row["class"].value.rpartition("#")[2]
        for row in answers.store.select(
            "SELECT DISTINCT ?class WHERE { ?thing a ?class ; skos:prefLabel ?label "
            'FILTER(STRSTARTS(STR(?thing), "https://w3id.org/ansvarsgraf/id/")) }'
        )
    } - {""}
    assert "DataSet" in used
    assert [name for name in sorted(used) if not answers.rows("things", {"type": name})] == []


@given(st.text(max_size=60))
def test_no_text_can_leave_its_term(text: str) -> None:
    """Whatever a client writes becomes one literal (or an error), never SPARQL."""
    import pyoxigraph as ox

    question = parse("q", DATED.replace("FILTER(CONTAINS(?thing, ?q))", ""))
    try:
        terms = bind(question.parameters, {"day": "2019-01-24", "q": text}, Graph())
    except ParameterError:
        return
    if "q" not in terms:
        return
    query = f"SELECT ?q WHERE {{ VALUES ?q {{ {terms['q'][0]} }} }}"
    (row,) = ox.Store().query(query)
    assert row["q"] == ox.Literal(text.strip())


def test_the_folder_holds_nothing_but_questions() -> None:
    folder = Path(__file__).parents[2] / "graph_service" / "questions"
    assert {p.suffix for p in folder.iterdir() if p.is_file()} == {".rq", ".py"}


@given(
    st.one_of(st.dates().map(str), st.text(max_size=12), st.from_regex(r"\d{4}-\d\d-\d\d")),
    st.booleans(),
)
def test_a_date_is_a_day_of_the_calendar_or_an_error(text: str, required: bool) -> None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        sound = False
    else:
        sound = day.isoformat() == text.strip()
    parameters = dict(parse("q", DATED.replace("FILTER(CONTAINS(?thing, ?q))", "")).parameters)
    parameters["day"] = replace(parameters["day"], required=required)
    try:
        terms = bind(parameters, {"day": text}, Graph())
    except ParameterError as error:
        assert error.name == "day"
        assert not sound
    else:
        if not terms:
            assert not required
            assert not text.strip()
            return
        assert sound
        assert terms["day"] == (f'"{day}"^^<{XSD}date>',)


@given(st.text(max_size=60), st.sampled_from(["thing(actor) — A", "date required — D", "x"]))
def test_a_parameter_written_out_again_is_as_it_was_or_it_is_refused(text: str, sound: str) -> None:
    for written in (text, sound + text):
        try:
            read = Parameter.parse("p", written)
        except ValueError:
            assert sound == "x" or written == text or "\n" in text
            continue
        assert read.type in ("thing", "enum", "word", "date", "text", "integer")
        of = ",".join(read.of)
        again = read.type + (f"({of})" if of else "") + " required" * read.required
        assert f"{again} — {read.label}" == written
