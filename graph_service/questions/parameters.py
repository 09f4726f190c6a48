"""Typed parameters of questions, and how a client's text becomes a SPARQL term."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import pyoxigraph as ox

from graph_service.kept import kept
from graph_service.questions.words import SOURCES, words
from graph_service.similar import similar
from graph_service.store import Store
from graph_service.vocabulary import AG, ID, KINDS, XSD, expand, thing

#: Characters of a text or a word, and values of one parameter.
LONGEST = 200
MOST_VALUES = 200
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,200}")

#: The values that an ``enum(...)`` parameter may have, and the Danish words that mean them.
ENUMS: Mapping[str, Mapping[str, str]] = {
    "modality": {
        "Must": "skal",
        "MustNot": "må ikke",
        "NeedNot": "behøver ikke",
        "Should": "bør",
        "ShouldNot": "bør ikke",
        "May": "kan",
        "HasRight": "har ret til",
        "HasResponsibility": "har ansvar",
        "Expected": "forventes",
    },
    "status": {
        "Law": "lov",
        "Agreed": "aftalt",
        "Recommended": "anbefalet",
        "Proposed": "foreslået",
        "Advice": "råd",
        "Intention": "hensigt",
        "Practice": "praksis",
        "Description": "beskrivelse",
        "StudyResult": "undersøgelsesresultat",
    },
    "decision": {
        "Continue": "videreføres",
        "ContinueIf": "videreføres på betingelse",
        "Discontinue": "afvikles",
        "NoDecision": "intet beslutningsord",
        "Undecided": "uafklaret",
    },
    "working_group": {"Needed": "behov", "NotNeeded": "intet behov", "NeededIf": "måske behov"},
    "outcome": {
        "Accepted": "imødekommet",
        "PartlyAccepted": "delvist imødekommet",
        "Rejected": "afvist",
    },
    "answer": {"Yes": "ja", "Partly": "delvist", "No": "nej", "Unclear": "uklart"},
    "severity": {"Critical": "kritisk", "Warning": "advarsel", "Notice": "bemærk"},
    "agreement_status": {
        "InForce": "gældende",
        "UnderRevision": "under revision",
        "Draft": "udkast",
        "Ended": "ophørt",
        "Superseded": "afløst",
        "StatusUnknown": "status ukendt",
    },
    "event_type": {
        "Approval": "godkendelse",
        "Commission": "opdrag",
        "Conclusion": "indgåelse",
        "Deadline": "frist",
        "DecisionMade": "beslutning",
        "End": "afslutning",
        "EntryIntoForce": "ikrafttræden",
        "Evaluation": "evaluering",
        "HearingRound": "høring",
        "Implementation": "implementering",
        "MeetingHeld": "møde",
        "Monitoring": "monitorering",
        "Other": "anden begivenhed",
        "Phase": "fase",
        "Publication": "offentliggørelse",
        "Reporting": "afrapportering",
        "Revision": "revision",
        "Start": "start",
        "StudyCarriedOut": "undersøgelse",
        "Training": "undervisning",
    },
    "effect": {
        "Contests": "anfægter",
        "Clarifies": "præciserer",
        "AddsSuccessor": "peger på en efterfølger",
        "ReopensDecision": "genåbner beslutningen",
        "MissingFromOverview": "mangler i oversigten",
        "NotStarted": "ikke igangsat",
        "ChangesResources": "ændrer ressourcerne",
        "MakesConditional": "stiller en betingelse",
    },
    "change": {
        "Moved": "flyttet",
        "Narrowed": "indsnævret",
        "Reassigned": "lagt til en anden",
        "Reworded": "omformuleret",
        "Merged": "lagt sammen",
        "Consolidated": "samlet i ny lovbekendtgørelse",
        "Replaced": "erstattet",
    },
    "certainty": {"Confirmed": "bekræftet", "ToBeChecked": "skal kontrolleres"},
    "yes_no": {"Yes": "ja", "No": "nej"},
    # What a source may leave open: neither is a third answer.
    "stated": {"Yes": "ja", "No": "nej"},
}
#: The values by their names and words in small letters.
MEANT: Mapping[str, Mapping[str, str]] = {
    of: {said.casefold(): name for name, word in options.items() for said in (word, name)}
    for of, options in ENUMS.items()
}


class Lookup(Protocol):
    """What binding needs to know of the graph.

    Attributes:
        store: the graph itself, for the words that it has.
        shared: what is gathered once, as :class:`graph_service.kept.Shared` has it.
    """

    store: Store
    shared: dict[object, Any]

    def exists(self, iri: str) -> bool:
        """Whether the graph says anything about this IRI."""

    def slugs(self, kind: str) -> Mapping[str, str]:
        """Every slug of a kind, with its label; asked for only to suggest the nearest."""


class ParameterError(Exception):
    """A parameter that cannot be read.

    Attributes:
        name: the parameter.
        reason: what is wrong and what to do, in Danish.
        nearest: values that were perhaps meant.
    """

    def __init__(self, name: str, reason: str, nearest: list[str] | None = None) -> None:
        super().__init__(f"{name}: {reason}")
        self.name, self.reason, self.nearest = name, reason, nearest or []


class UnknownValueError(ParameterError):
    """A value that is well formed, but names nothing that the graph knows."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a question.

    Attributes:
        name: as in the query, without ``?``.
        type: ``thing``, ``enum``, ``word``, ``date``, ``text`` or ``integer``.
        of: the kinds of thing, in the order tried, or the name of the enumeration or of the set of
            words (:mod:`graph_service.questions.words`).
        required: the question cannot be asked without it.
        label: what it is, in Danish.
    """

    name: str
    type: str
    of: tuple[str, ...]
    required: bool
    label: str

    @staticmethod
    def parse(name: str, text: str) -> Parameter:
        """Read ``thing(actor,body) required — Label``.

        Raises:
            ValueError: the text is not of that form.
        """
        match = re.fullmatch(
            r"(thing|enum|word|date|text|integer)(?:\(([a-z_,-]+)\))?( required)? — (.+)", text
        )
        if match is None:
            raise ValueError(f"parameter {name}: cannot read {text!r}")
        kind, of, required, label = match.groups()
        if kind == "word" and of not in SOURCES:
            raise ValueError(f"parameter {name}: there is no set of words {of!r}")
        return Parameter(name, kind, tuple((of or "").split(",")), bool(required), label)


def bind(
    parameters: Mapping[str, Parameter],
    values: Mapping[str, str],
    lookup: Lookup,
) -> dict[str, tuple[str, ...]]:
    """Turn a client's values into SPARQL terms.

    Args:
        parameters: those that the question has.
        values: name → text; empty texts, and nothing but commas, count as left out.
        lookup: what things there are, for checking and for suggesting.

    Returns:
        Name → its terms in SPARQL syntax, at least one; not those that leave all open.

    Raises:
        ParameterError: an unknown parameter, an unknown thing (with the nearest), a bad value.
    """
    if not values.keys() <= parameters.keys():
        name = next(name for name in values if name not in parameters)
        near = similar(name, parameters)
        known = ", ".join(parameters) or "ingen"
        raise ParameterError(name, f"parameteren findes ikke; kendte er: {known}", near)
    terms: dict[str, tuple[str, ...]] = {}
    for name, parameter in parameters.items():
        value = values.get(name)
        parts = _parts(parameter, value.strip()) if value else []
        if not parts:
            if parameter.required:
                raise ParameterError(name, f"parameteren mangler ({parameter.label})")
            continue
        if len(parts) > MOST_VALUES:
            raise ParameterError(name, f"højst {MOST_VALUES} værdier kan nævnes på én gang")
        given = tuple(dict.fromkeys([_term(parameter, part, lookup) for part in parts]))
        if parameter.of == ("yes_no",) and len(given) == len(ENUMS["yes_no"]):
            continue  # yes or no: whichever
        terms[name] = given
    return terms


def _parts(parameter: Parameter, value: str) -> list[str]:
    """Several values of a thing or an enumeration are joined by commas."""
    if "," in value and parameter.type in ("thing", "enum"):
        return list(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    return [value] if value else []


def _term(parameter: Parameter, value: str, lookup: Lookup) -> str:
    match parameter.type:
        case "thing":
            return f"<{_thing(parameter, value, lookup)}>"
        case "enum":
            return f"<{AG}{_enum(parameter, value)}>"
        case "word" if len(value) <= LONGEST:
            return str(ox.Literal(_word(parameter, value, lookup)))
        case "date":
            try:
                if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                    raise ValueError
                date.fromisoformat(value)
            except ValueError:
                raise ParameterError(
                    parameter.name, f"{value!r} er ikke en dato; skriv ÅÅÅÅ-MM-DD"
                ) from None
            return f'"{value}"^^<{XSD}date>'
        case "integer":
            if not re.fullmatch(r"-?[0-9]{1,9}", value):
                raise ParameterError(parameter.name, f"{value!r} er ikke et helt tal")
            return str(int(value))
        case _:
            if len(value) > LONGEST:
                raise ParameterError(parameter.name, f"teksten er for lang; højst {LONGEST} tegn")
            return str(ox.Literal(value))


def _enum(parameter: Parameter, value: str) -> str:
    wanted = value.removeprefix(AG).removeprefix("ag:").casefold()
    if name := MEANT[parameter.of[0]].get(wanted):
        return name
    known = ", ".join(f"{name} ({word})" for name, word in ENUMS[parameter.of[0]].items())
    raise ParameterError(parameter.name, f"{value!r} er ukendt; vælg en af {known}")


def _word(parameter: Parameter, value: str, lookup: Lookup) -> str:
    there_are = words(lookup, parameter.of[0])
    found = there_are.find(value)
    if found:
        return found
    raise ParameterError(
        parameter.name,
        f"{value!r} er ukendt; grafen har {'; '.join(there_are.there)}",
        similar(value, there_are.there),
    )


def _thing(parameter: Parameter, value: str, lookup: Lookup) -> str:
    kinds = KINDS if parameter.of == ("any",) else parameter.of
    slug = value
    if value.startswith(("http://", "https://")) or value.partition(":")[0] in KINDS:
        try:
            iri = expand(value)
        except ValueError:
            iri = value
        slug = iri.rpartition("/")[2]
        candidates = [iri] if any(iri.startswith(f"{ID}{kind}/") for kind in kinds) else []
    else:
        candidates = [thing(kind, value) for kind in kinds] if SLUG.fullmatch(value) else []
    for iri in candidates:
        if lookup.exists(iri):
            return iri
    near = nearest(slug, kinds, lookup)
    hint = f"; mente du {', '.join(near)}?" if near else ""
    error = UnknownValueError if candidates else ParameterError
    raise error(parameter.name, f"{value[:200]!r} kendes ikke{hint}", near)


def nearest(wanted: str, kinds: tuple[str, ...], lookup: Lookup) -> list[str]:
    """Up to five slugs that look like ``wanted``, by slug or by label."""
    slugs, labels = names(lookup, kinds)
    wanted = wanted.casefold()
    near = similar(wanted, slugs)
    for label in similar(wanted.replace("-", " "), labels):
        if labels[label] not in near:
            near.append(labels[label])
    return near[:5]


@kept(most=8)
def names(lookup: Lookup, kinds: tuple[str, ...]) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """The slugs of these kinds, and their labels in small letters, each with its slug."""
    known: dict[str, str] = {}
    for kind in kinds:
        known |= lookup.slugs(kind)
    return tuple(known), {label.casefold(): slug for slug, label in known.items()}
