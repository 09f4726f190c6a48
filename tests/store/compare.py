"""The same question asked of two stores: rows of the same terms, and values for its parameters."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from graph_service.answers import Answers
from graph_service.questions import Question
from graph_service.questions.parameters import ENUMS, Parameter
from graph_service.questions.words import words
from graph_service.store import Row
from graph_service.vocabulary import KINDS, RDF, XSD

#: Of the literals that answers hold: on these, all stores agree. Virtuoso has forms of its own for
#: others (``xsd:gYear``, durations, booleans: docs/external-store.md).
DATATYPES = {XSD + name for name in ("string", "integer", "decimal", "date")} | {RDF + "langString"}
#: How many values of a thing are tried until one gives rows.
TRIES = 8


def exact(rows: Iterable[Row]) -> list[list[tuple[str, str]]]:
    """Rows in an order of their own, each term as it stands: its text, datatype and language.

    ``1`` and ``1.0``, an ``xsd:int`` and an ``xsd:integer``, a text with and without a language are
    all different. No difference between engines is allowed for, as none has been seen.
    """
    return sorted(sorted((name, str(term)) for name, term in row.items()) for row in rows)


def choices(parameter: Parameter, answers: Answers) -> list[str]:
    """Values that the data offers for a parameter."""
    match parameter.type:
        case "thing":
            kinds = KINDS if parameter.of == ("any",) else parameter.of
            found = [f"{kind}:{slug}" for kind in kinds for slug in sorted(answers.slugs(kind))]
            return found[:: max(1, len(found) // TRIES)][:TRIES]
        case "enum":
            return list(ENUMS[parameter.of[0]])
        case "word":
            return list(words(answers, parameter.of[0]).there)
        case "date":
            return ["2019-01-24"]
        case "integer":
            return ["2014", "1"]
        case _:
            return ["plan", "e"]


def askings(question: Question, answers: Answers) -> Iterator[dict[str, str]]:
    """The example; the question as bare as it can be; and that with each other parameter alone."""
    yield dict(question.example)
    needed = {n: v for n, v in question.example.items() if question.parameters[n].required}
    if needed != question.example:
        yield needed
    for name, parameter in question.parameters.items():
        if parameter.required:
            continue
        offered = [question.example[name]] if name in question.example else []
        tried = [{**needed, name: value} for value in offered + choices(parameter, answers)]
        yield next((v for v in tried if answers.rows(question.name, v)), tried[0])


def pairs(question: Question, answers: Answers) -> Iterator[dict[str, str]]:
    """Each two parameters together, with values that give rows if any that are tried do."""
    needed = {n: v for n, v in question.example.items() if question.parameters[n].required}
    alone = {}
    for values in askings(question, answers):
        more = values.keys() - needed.keys()
        if len(more) == 1:
            alone |= {name: values[name] for name in more}
    for one, other in itertools.combinations(alone, 2):
        both = {**needed, one: alone[one], other: alone[other]}
        tried = [both] + [
            {**both, name: value}
            for name in (other, one)
            for value in choices(question.parameters[name], answers)
        ]
        yield next((v for v in tried if answers.rows(question.name, v)), both)


def assert_same_rows(question: Question, answers: Answers, remote: Answers) -> None:
    """Both give the same rows to every asking of a question."""
    asked: list[dict[str, str]] = []
    for values in askings(question, answers):
        if values not in asked:
            asked.append(values)
            here, there = (list(a.rows(question.name, values)) for a in (answers, remote))
            assert exact(there) == exact(here), values
            terms = [term for row in here for term in row.values()]
            found = {term.datatype.value for term in terms if isinstance(term, ox.Literal)}
            assert found <= DATATYPES, values
    assert asked
