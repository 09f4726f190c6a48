"""What is told in Danish is Danish: one thing or several, and no English but as a quotation."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service.api.problems import Problem
from graph_service.sparql.engine_words import could_have_stood, own_words
from graph_service.sparql.failures import of_job, too_many
from graph_service.sparql.worker import Job, reason_of_syntax
from graph_service.sparql.writer import must_hold, parsed
from graph_service.wording import many, seconds, size

JOB = Job("", "", 0, 1, 0)


def test_one_is_one_and_all_else_several() -> None:
    assert [many(n, "regel", "regler") for n in (0, 1, 2)] == ["0 regler", "1 regel", "2 regler"]
    assert many(1_234_567, "tripel", "tripler") == "1234567 tripler"
    assert [seconds(n) for n in (1, 1.5, 30.0)] == ["1 sekund", "1,5 sekunder", "30 sekunder"]
    assert [size(n) for n in (999, 1536, 67108864)] == ["999 byte", "1,5 KB", "64 MB"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "SPARQL kan ikke læses her."),
        ("SELECT", "Her kunne blandt andet stå: $ ( * ? PREFIX"),
        ("SELECT * { ?s ?p }", "Her kunne blandt andet stå: LATERAL SERVICE"),
        ("SELECT * { ?s foo:bar ?o }", "et præfiks er ikke erklæret med PREFIX."),
        ("SELECT * { ?s <rel> ?o }", "en IRI er ikke gyldig eller ikke skrevet helt ud."),
        ("SELECT (COUNT(?s) AS ?n) ?p { ?s ?p ?o }", "ikke står i GROUP BY."),
        ("SELECT * { ?s ?p ?o } GROUP BY ?s", "SELECT * kan ikke stå sammen med GROUP BY."),
        ("SELECT ?s ?s { ?s ?p ?o", "stå: , . ; { {| } ~"),
    ],
)
def test_what_the_parser_of_sparql_says_is_told_in_danish(query: str, told: str) -> None:
    with pytest.raises(SyntaxError) as caught:
        ox.Store().query(query)
    problem = of_job(reason_of_syntax(caught.value), JOB)
    assert problem.detail.startswith("Linje 1, tegn ")
    assert problem.detail.endswith(told)
    assert not any(word in problem.detail for word in ("expected", "[_]", "u{", "Prefix not"))
    assert problem.more["expected"].startswith("expected")


@pytest.mark.parametrize("text", ["", "<unreported>", "[_]", '"a", ["\'', "['a' ..= 'z"])
def test_what_helps_nobody_is_left_out(text: str) -> None:
    assert "[" not in could_have_stood(f"expected one of {text}")


def test_what_the_engine_says_else_is_told_or_quoted() -> None:
    assert own_words("The graph <x:a> already exists") == "Grafen <x:a> er der allerede."
    assert own_words("The graph <x:a> does not exist") == "Grafen <x:a> findes ikke."
    assert own_words("Boom") == "Motorens egne ord, på engelsk: »Boom«."
    with pytest.raises(Problem) as caught:
        parsed("text/turtle", b"<x:a> <x:b> .", "")
    assert caught.value.detail == (
        "Linje 1: grafen kan ikke læses. Motorens egne ord, på engelsk: ». is not a valid RDF "
        "object«."
    )


def test_limits_of_one_are_told_of_one() -> None:
    assert "1 forespørgsel i gang" in too_many(1).detail
    assert "mere end 1 række." in of_job({"kind": "row-limit"}, JOB).detail


SHAPE = """@prefix sh: <http://www.w3.org/ns/shacl#> .
<http://example.org/shape> sh:targetSubjectsOf <http://example.org/p> ;
  sh:property [ sh:path <http://example.org/p> ; sh:maxCount 0 ;
    sh:message "May not stand here."@en , "Må ikke stå her."@da ] ."""


@pytest.mark.parametrize(
    ("things", "told"),
    [
        (1, "1 sted, så intet er ændret. Det er "),
        (2, "2 steder, så intet er ændret. Det første er "),
    ],
)
def test_a_graph_that_breaks_a_rule_says_at_how_many_places(
    tmp_path: Path, things: int, told: str
) -> None:
    (tmp_path / "shapes").mkdir()
    (tmp_path / "shapes" / "model.ttl").write_text(SHAPE, encoding="utf-8")
    names = [ox.NamedNode(f"http://example.org/{number}") for number in range(things)]
    quads = {ox.Quad(name, ox.NamedNode("http://example.org/p"), name) for name in names}
    with pytest.raises(Problem) as caught:
        must_hold(quads, tmp_path)
    assert f"Grafen ville bryde reglerne for data {told}" in caught.value.detail
