"""Answers to questions: rows, pages of things, and descriptions of things as plain data.

The web pages, the JSON API and the command line all read these; none of them writes SPARQL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pyoxigraph as ox

from graph_service.build.passages import read_address
from graph_service.ordering import put_in_order
from graph_service.paging import MAX_PAGE, Orders, Page, cut, order
from graph_service.questions import Question, bind
from graph_service.questions.parameters import ParameterError
from graph_service.remembered import Remembered
from graph_service.search import SearchIndex, index_of
from graph_service.shaping import (
    HIDDEN,
    NESTED,
    SAID_ALREADY,
    SAID_OF_PASSAGE,
    SHAPED,
    STANDARD,
    Description,
    Json,
    best,
    local,
    member,
    order_of,
    plain,
    to_json,
)
from graph_service.store import Key, Row, Solutions, Store
from graph_service.vocabulary import AG, ID, RDF, SKOS, kind_and_slug, thing

#: Labels that are looked through for slugs like an unknown one: the cost of an error is bounded.
MOST_LABELS = 200_000
#: Labels that are kept between answers; and the most in one answer for which others are let go.
KEPT_LABELS, KEPT_AT_ONCE = 20_000, 5_000
Kept = TypeVar("Kept")


def with_room(kept: dict[Kept, Any], keys: set[Kept]) -> tuple[dict[Kept, Any], set[Kept]]:
    """A dictionary with room for what stands for some keys, and those of them that it lacks.

    Returns:
        The one given, or where that would hold too much another, not an emptied one: other threads
        may be reading it.
    """
    new = keys.difference(kept)
    return (kept, new) if len(kept) + len(new) <= KEPT_LABELS else ({}, keys)


class Answers:
    """Questions asked of one store.

    Args:
        store: the graph.
        questions: the registry.
        folder: the snapshot's folder; without it there is no search.

    Attributes:
        shared: what is made of the graph once for all readers; see :mod:`graph_service.kept`.
    """

    def __init__(
        self, store: Store, questions: Mapping[str, Question], folder: Path | None = None
    ) -> None:
        self.store = store
        self.questions = questions
        self.shared: dict[object, Any] = {}
        self.folder = folder
        self._slugs: dict[str, dict[str, str]] = {}
        self._labels: dict[str, str] = {}
        self._shown: dict[Key, Json] = {}
        self._written = Remembered(self._write, KEPT_LABELS)
        self._named: dict[str, Json] = {}
        self._orders = Orders()

    def let_go(self) -> None:
        """Forget what was kept between answers: another snapshot is in service.

        Those who still read from here find it again.
        """
        self._slugs, self._labels, self._shown, self._named = {}, {}, {}, {}
        self._written.clear()
        self._orders, self.shared = Orders(), {}
        self.store.let_go()

    @cached_property
    def search(self) -> SearchIndex:
        """The words of the snapshot.

        Raises:
            StoreError: their file cannot be read.
        """
        assert self.folder
        return index_of(self.folder, self.store)

    # -- looking things up --------------------------------------------------------------------

    def exists(self, iri: str) -> bool:
        """Whether the graph says anything about ``iri``."""
        try:
            return self.store.describes(ox.NamedNode(iri))
        except ValueError:
            return False

    def slugs(self, kind: str) -> Mapping[str, str]:
        """Every slug of a kind with its Danish label; of a huge graph only some."""
        if not self._slugs:
            found: dict[str, dict[str, str]] = defaultdict(dict)
            for row in self.store.select(
                f"SELECT ?s ?label WHERE {{ ?s skos:prefLabel ?label }} LIMIT {MOST_LABELS}"
            ):
                if named := kind_and_slug(row["s"].value):
                    found[named[0]][named[1]] = row["label"].value
            self._slugs = dict(found)
        return self._slugs.get(kind, {})

    @cached_property
    def _value_labels(self) -> dict[str, str]:
        """Danish labels of classes, properties and controlled values."""
        # Never over all labels: those of things are as many as the graph is large.
        rows = self.store.select(
            "SELECT ?s ?label WHERE { { ?s rdfs:label ?label } UNION "
            "{ ?s skos:inScheme ?any ; skos:prefLabel ?label } UNION "
            "{ ?s a skos:ConceptScheme ; skos:prefLabel ?label } "
            f'FILTER(LANG(?label) = "da" && STRSTARTS(STR(?s), {ox.Literal(AG)})) }}'
        )
        return {r["s"].value: r["label"].value for r in rows}

    @cached_property
    def fields(self) -> frozenset[str]:
        """Every name that a member of a described thing can have."""
        rows = self.store.select(
            "SELECT ?p WHERE { ?p a ?kind VALUES ?kind "
            "{ owl:ObjectProperty owl:DatatypeProperty owl:AnnotationProperty } }"
        )
        ours = {row["p"].value for row in rows if isinstance(row["p"], ox.NamedNode)}
        return frozenset(SHAPED.union(map(member, ours.union(STANDARD))))

    def label_of_term(self, iri: str) -> str:
        """The Danish label of a class, property or controlled value of ours."""
        return self._value_labels.get(iri, local(iri))

    # -- asking -------------------------------------------------------------------------------

    def sparql(self, name: str, values: dict[str, str]) -> str:
        """The SPARQL of a named question with its parameters bound.

        Raises:
            KeyError: no such question.
            ParameterError: a parameter is unknown or cannot be read.
        """
        question = self.questions[name]
        return question.sparql(self._terms(question, values))

    def _terms(self, question: Question, values: dict[str, str]) -> dict[str, tuple[str, ...]]:
        asked = {k: v for k, v in (question.default | values).items() if v != "all"}
        return bind(question.parameters, asked, self)

    def rows(self, name: str, values: dict[str, str]) -> list[Row]:
        """The rows of a named question. Raises as :meth:`sparql`."""
        return list(self.solutions(name, values))

    def solutions(self, name: str, values: dict[str, str]) -> Solutions:
        """The solutions of a named question, in order. Raises as :meth:`sparql`."""
        question = self.questions[name]
        found = self.store.answer(question, self._terms(question, values))
        put_in_order(found, question.unsorted[1])
        return found

    def page(
        self,
        name: str,
        values: dict[str, str],
        *,
        limit: int = 50,
        cursor: str = "",
        total: bool = True,
        sort: str = "",
        descending: bool = False,
    ) -> Page:
        """One page of a list question.

        Args:
            sort: a key of ``question.sorts``; empty sorts by the list's own key. Things without
                that key come last, in either direction.

        Raises:
            KeyError, ParameterError: as :meth:`sparql`; also for a cursor that is not one of ours.
        """
        question = self.questions[name]
        terms = self._terms(question, values)
        asked = question.sorted_by(sort) if sort else question
        kept = f"{name} {sort} {terms}"
        places = self._orders.get(kept)
        if places is None:
            places = order(self.store.answer(asked, terms))
            self._orders.put(kept, places)
        page = cut(places, limit, cursor, descending, sort)
        return page if total else replace(page, total=None)

    def count(self, name: str, values: dict[str, str]) -> int:
        """How many things a list question gives in all."""
        return self.page(name, values, limit=1).total or 0

    # -- describing ---------------------------------------------------------------------------

    def descriptions(self, things: Iterable[str]) -> dict[str, Description]:
        """What is said about each of these things, and about what is nested in them."""
        found: dict[str, Description] = {}
        wanted = list(dict.fromkeys(things))
        while wanted:
            inner: set[str] = set()
            for iri in wanted:
                found[iri] = Description(iri)
            for subject, predicate, value in self.store.about(wanted):
                found[subject].values[predicate].append(value)
                if isinstance(value, ox.NamedNode) and (iri := value.value).startswith(NESTED):
                    inner.add(iri)
            wanted = sorted(inner - found.keys())
        return found

    def labels(self, iris: Iterable[str]) -> dict[str, str]:
        """The Danish labels of things. Those of the latest asked for are kept."""
        wanted = [i for i in dict.fromkeys(iris) if i.startswith(ID)]
        known = self._labels
        missing = [i for i in wanted if i not in known]
        if missing:
            found = dict.fromkeys(missing, "")
            found.update(self.store.labels(missing))
            known = self.keep_labels(found, wanted)
        return {i: known[i] for i in wanted if known[i]}

    def keep_labels(self, found: Mapping[str, str], wanted: Iterable[str] = ()) -> dict[str, str]:
        """Remember labels that an answer has brought along; those ``wanted`` stay known."""
        known = self._labels
        if len(known) + len(found) > KEPT_LABELS:
            # Another dictionary, not an emptied one: other threads may be reading it.
            known = {i: known[i] for i in wanted if i in known}
            if len(found) <= KEPT_AT_ONCE:
                self._labels = known
        known.update(found)
        return known

    def describe(self, things: Iterable[str]) -> list[dict[str, Json]]:
        """The things as plain data, in the order given; see docs/api.md for the form."""
        wanted = list(things)
        found = self.descriptions(wanted)
        refs = {
            value.value
            for description in found.values()
            for values in description.values.values()
            for value in values
            if not isinstance(value, ox.Literal)
        }
        named = self._references(refs.union(found))
        return [self._shape(found[iri], found, named, ()) for iri in wanted]

    def _references(self, iris: set[str]) -> Mapping[str, Json]:
        """At least these things, each as :meth:`reference` gives it; not to be changed."""
        named, new = with_room(self._named, iris)
        if named is not self._named and len(new) <= KEPT_AT_ONCE:
            self._named = named
        if new:
            labels = self.labels(new)
            named.update({iri: self.reference(iri, labels) for iri in new})
        return named

    def _shape(
        self,
        description: Description,
        found: Mapping[str, Description],
        named: Mapping[str, Json],
        above: tuple[str, ...],
    ) -> dict[str, Json]:
        values = description.values
        shaped = dict(named[description.iri])
        if values.get(SKOS + "prefLabel"):
            shaped["label"] = best(values[SKOS + "prefLabel"])
        types = [t.value for t in values.get(RDF + "type", ()) if t.value.startswith(AG)]
        shaped["type"] = sorted(local(t) for t in types)
        said = SAID_OF_PASSAGE if shaped.get("kind") == "passage" else SAID_ALREADY
        for predicate in sorted(values.keys() - said):
            items: list[Json] = []
            for value in values[predicate]:
                if isinstance(value, ox.Literal):
                    items.append(plain(value))
                    continue
                iri = value.value
                nested = None if iri in above else found.get(iri)
                if nested is description:
                    continue
                if nested and iri.startswith(NESTED):
                    items.append(self._shape(nested, found, named, (*above, description.iri)))
                else:
                    items.append(named[iri])
            if len(items) > 1:
                items.sort(key=order_of)
            shaped[member(predicate)] = items
        return shaped

    def reference(self, iri: str, labels: Mapping[str, str]) -> dict[str, Json]:
        """How an answer names another thing: address, kind, id and label."""
        split = kind_and_slug(iri)
        if split is None:
            return {"iri": iri, "id": local(iri), "label": self.label_of_term(iri)}
        kind, slug = split
        reference: dict[str, Json] = {"iri": iri, "kind": kind, "id": slug}
        address = read_address(iri) if kind == "passage" else None
        if address:
            stem, first, last = address
            reference |= {"file": stem + ".txt", "first_line": first, "last_line": last}
            reference["label"] = f"{stem[:3]}, linje {first}-{last}"
        else:
            reference["label"] = labels.get(iri, slug)
        return reference

    def table(self, found: Solutions, *, labelled: bool = False) -> list[dict[str, Json]]:
        """Rows as plain data: a thing as a reference, everything else by its value.

        What stands for a term is the same each time, and is not to be changed.

        Args:
            found: solutions of this store.
            labelled: the second column is the label of the thing in the first.
        """
        try:
            return found.shown(self._shown)
        except KeyError:
            return found.shown(self._show(found, labelled=labelled))

    def table_as_json(self, found: Solutions, *, labelled: bool = False) -> bytes:
        """:meth:`table` as JSON. What stands for a term is written once, not in each answer."""
        try:
            return found.as_json(self._written)
        except KeyError:
            shown = self._show(found, labelled=labelled)
            return found.as_json({key: to_json(shown[key]) for key in found.bound()})

    def _write(self, key: Key) -> bytes:
        return to_json(self._shown[key])

    def _show(self, found: Solutions, *, labelled: bool) -> Mapping[Key, Json]:
        """At least what stands for the terms of these solutions."""
        shown, new = with_room(self._shown, found.bound())
        if shown is not self._shown and len(new) <= KEPT_AT_ONCE:
            self._shown = shown
        terms = {key: found.term(key) for key in new}
        if labelled:
            self.keep_labels(
                {
                    terms[thing].value: found.term(label).value
                    for thing, label, *_ in found.rows[:KEPT_AT_ONCE]
                    if thing in terms and label is not None
                }
            )
        iris = {t.value for t in terms.values() if t.value.startswith(("http://", "https://"))}
        named = self._references(iris)
        shown.update({k: named[t.value] if t.value in iris else plain(t) for k, t in terms.items()})
        return shown

    # -- graphs -------------------------------------------------------------------------------

    def quads(self, things: Iterable[str]) -> list[ox.Quad]:
        """The triples of the things and of what is nested in them, in the graphs that hold them."""
        wanted = " ".join(f"<{iri}>" for iri in self.descriptions(things))
        hidden = ", ".join(f"<{p}>" for p in HIDDEN)
        return [
            ox.Quad(row["s"], row["p"], row["o"], row["g"])  # type: ignore[arg-type]
            for row in self.store.select(
                f"SELECT ?g ?s ?p ?o WHERE {{ VALUES ?s {{ {wanted} }} GRAPH ?g {{ ?s ?p ?o }} "
                f"FILTER(?p NOT IN ({hidden})) }}"
            )
        ]

    def triples(self, things: Iterable[str]) -> list[ox.Triple]:
        """The triples of the things and of what is nested in them, in one order in every store."""
        return [
            ox.Triple(ox.NamedNode(d.iri), ox.NamedNode(predicate), value)
            for d in self.descriptions(things).values()
            for predicate in sorted(d.values)
            for value in sorted(d.values[predicate], key=str)
        ]


__all__ = [
    "MAX_PAGE",
    "Answers",
    "Description",
    "Page",
    "ParameterError",
    "local",
    "plain",
    "thing",
]
