"""Search: things by the words that name and describe them, in Danish, in memory.

A word finds what has it in its name, its other names, its description or its context; in any
inflected form (Snowball's Danish stemmer), as part of a compound (*plan* finds
*genoptræningsplan*), as the beginning of a word, or by a synonym that the graph knows
(*egen læge* finds *almen praksis*). The index is built once for each snapshot.
"""

from __future__ import annotations

import difflib
import math
import threading
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from graph_service.answers import Answers
from graph_service.danish import STOP, WORD, normalise, split_compound, stem, words
from graph_service.store.asking import for_all
from graph_service.vocabulary import kind_and_slug

#: How much a word counts by where it stands.
WEIGHTS = {"label": 4.0, "alt": 3.4, "text": 1.0, "context": 0.8}
#: How much a kind of thing is preferred when the words fit equally well.
BOOSTS = {
    "agreement": 1.35,
    "programme": 1.35,
    "actor": 1.3,
    "organisation": 1.2,
    "body": 1.3,
    "law": 1.25,
    "initiative": 1.25,
    "task": 1.15,
    "situation": 1.15,
    "message": 1.25,
    "target-group": 1.05,
    "passage": 0.5,
    "list-item": 0.8,
    "topic": 0.95,
}
#: Kinds that are found through the thing that they belong to.
LEFT_OUT = (
    "derivation",
    "selector",
    "statement",
    "assessment",
    "date",
    "passage",
    "duty-inheritance",
)


@dataclass(frozen=True)
class Hit:
    """One thing found.

    Attributes:
        iri, kind, slug, label: the thing.
        score: how well it fits; only the order means anything.
        other: the other name or the text that the words stand in; empty when the label has them.
    """

    iri: str
    kind: str
    slug: str
    label: str
    score: float
    other: str


@dataclass
class Entry:
    """A thing as the index keeps it."""

    iri: str
    kind: str
    slug: str
    label: str = ""
    alts: list[str] = field(default_factory=list)
    text: str = ""
    length: int = 0


class SearchIndex:
    """The words of one snapshot.

    Args:
        rows: (IRI of a thing, role of the text, text); roles are the keys of :data:`WEIGHTS`.
    """

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self.entries: list[Entry] = []
        self._docs: dict[str, array[int]]
        self._weights: dict[str, array[float]]
        self._synonyms: dict[str, set[str]] = defaultdict(set)
        self._build(rows)
        self._vocabulary = sorted(self._docs)

    def _build(self, rows: Iterable[tuple[str, str, str]]) -> None:
        numbers: dict[str, int] = {}
        counted: dict[int, dict[str, float]] = {}
        for iri, role, text in rows:
            split = kind_and_slug(iri)
            if split is None or split[0] in LEFT_OUT:
                continue
            if iri not in numbers:
                numbers[iri] = len(self.entries)
                self.entries.append(Entry(iri, *split))
                counted[numbers[iri]] = {}
            number = numbers[iri]
            entry, counts = self.entries[number], counted[number]
            if role == "label":
                entry.label = text
            elif role == "alt":
                entry.alts.append(text)
            elif role == "text" and len(entry.text) < 400:
                entry.text = f"{entry.text} · {text}" if entry.text else text
            for word in words(text):
                counts[word] = max(counts.get(word, 0.0), WEIGHTS[role])
                if word.startswith("§"):
                    counts[word[1:]] = max(counts.get(word[1:], 0.0), WEIGHTS[role] * 0.6)
        known = {word for counts in counted.values() for word in counts}
        parts = {word: split_compound(word, known) for word in known}
        docs: dict[str, array[int]] = defaultdict(lambda: array("l"))
        weights: dict[str, array[float]] = defaultdict(lambda: array("f"))
        for number, counts in counted.items():
            entry = self.entries[number]
            entry.length = len(counts)
            whole = dict(counts)
            for word, weight in counts.items():
                for part in parts[word]:
                    whole[part] = max(whole.get(part, 0.0), weight * 0.55)
            for word, weight in whole.items():
                docs[word].append(number)
                weights[word].append(weight)
            if entry.kind in ("actor", "task", "message", "agreement", "programme", "body", "law"):
                self._remember(entry)
        self._docs, self._weights = dict(docs), dict(weights)

    def _remember(self, entry: Entry) -> None:
        """A thing's names stand for one another."""
        names = [entry.label, *entry.alts][:8]
        for name in names:
            key = " ".join(words(name))
            others = {n for n in names if n != name}
            if key and others and len(key) > 2:
                self._synonyms[key] |= others

    # -- asking -------------------------------------------------------------------------------

    def search(self, query: str, limit: int = 20, kinds: Sequence[str] = ()) -> list[Hit]:
        """The things that fit a query best.

        Args:
            query: what a person typed.
            limit: most hits.
            kinds: only these kinds of thing; empty means all.
        """
        typed = [w for w in WORD.findall(normalise(query[:300])) if w]
        asked = list(dict.fromkeys(typed))
        significant = [w for w in asked if w not in STOP] or asked
        if not significant:
            return []
        scores: dict[int, float] = defaultdict(float)
        covered: dict[int, int] = defaultdict(int)
        last = typed[-1] if query[-1:].isalnum() else ""
        terms = [w for w in significant if not self._half(w, significant)]
        for word in terms:
            best: dict[int, float] = {}
            for term, quality in self._matches(word, prefix=word == last):
                docs, weights = self._docs[term], self._weights[term]
                idf = math.log(1 + len(self.entries) / (0.5 + len(docs)))
                for number, weight in zip(docs, weights, strict=True):
                    value = idf * weight * quality
                    if value > best.get(number, 0.0):
                        best[number] = value
            for number, value in best.items():
                scores[number] += value
                covered[number] += 1
        for phrase, quality in self._expansions(words(query)):
            for number, value in self._phrase(phrase).items():
                scores[number] += value * quality
                covered[number] += 0 if covered[number] else 1
        key = " ".join(words(query))
        ranked = []
        for number, score in scores.items():
            entry = self.entries[number]
            if kinds and entry.kind not in kinds:
                continue
            share = covered[number] / len(terms)
            score *= min(share, 1.0) ** 1.6 * BOOSTS.get(entry.kind, 1.0)
            score /= 1 + 0.012 * entry.length
            names = [entry.label, *entry.alts]
            if any(" ".join(words(name)) == key for name in names[:10]):
                score *= 3
            elif entry.label.casefold().startswith(query.casefold().strip()):
                score *= 1.5
            ranked.append((score, number))
        ranked.sort(key=lambda pair: (-pair[0], self.entries[pair[1]].label))
        return [self._hit(number, score, significant) for score, number in ranked[:limit]]

    @staticmethod
    def _half(word: str, all_words: Sequence[str]) -> bool:
        """Whether a word is only one side of a hyphen that is also asked for joined."""
        return any(
            word != other
            and len(other) > len(word)
            and other.startswith(word)
            and other[len(word) :] in all_words
            for other in all_words
        )

    def _matches(self, word: str, *, prefix: bool) -> list[tuple[str, float]]:
        """Words of the index that a word asked for finds, each with how well."""
        stemmed = stem(word)
        found: dict[str, float] = {}
        if stemmed in self._docs:
            found[stemmed] = 1.0
        if prefix or stemmed not in self._docs:
            start = word if len(word) >= 2 else ""
            if start:
                at = bisect_left(self._vocabulary, start)
                for term in self._vocabulary[at : at + 60]:
                    if not term.startswith(start):
                        break
                    found.setdefault(term, 0.75 if prefix else 0.6)
        for part in split_compound(stemmed, self._docs):
            found.setdefault(part, 0.4)
        if not found and len(word) > 3:
            for term in difflib.get_close_matches(stemmed, self._nearby(stemmed), 3, 0.8):
                found[term] = 0.5
        return list(found.items())

    def _nearby(self, word: str) -> list[str]:
        return [t for t in self._vocabulary if abs(len(t) - len(word)) < 3 and t[:1] == word[:1]]

    def _expansions(self, asked: Sequence[str]) -> list[tuple[str, float]]:
        """Other names of what the query, or a run of its words, names."""
        found: dict[str, float] = {}
        for size in range(min(4, len(asked)), 0, -1):
            for at in range(len(asked) - size + 1):
                for other in self._synonyms.get(" ".join(asked[at : at + size]), ()):
                    found.setdefault(other, 0.5 if size == len(asked) else 0.35)
        return list(found.items())[:12]

    def _phrase(self, phrase: str) -> dict[int, float]:
        """Scores of what has all the words of a phrase."""
        total: dict[int, float] | None = None
        for word in words(phrase):
            if word not in self._docs:
                return {}
            docs, weights = self._docs[word], self._weights[word]
            idf = math.log(1 + len(self.entries) / (0.5 + len(docs)))
            here = {n: idf * w for n, w in zip(docs, weights, strict=True)}
            total = (
                here if total is None else {n: v + here[n] for n, v in total.items() if n in here}
            )
        return total or {}

    def _hit(self, number: int, score: float, asked: Sequence[str]) -> Hit:
        entry = self.entries[number]
        stems = [stem(w) for w in asked]
        label = entry.label.casefold()
        other = ""
        if not all(s in label for s in stems):
            for alt in entry.alts:
                if any(s in alt.casefold() for s in stems):
                    other = alt
                    break
            other = other or entry.text[:200]
        return Hit(entry.iri, entry.kind, entry.slug, entry.label or entry.slug, score, other)


_lock = threading.Lock()


def index_of(answers: Answers) -> SearchIndex:
    """The index of a snapshot, built the first time that it is asked for."""
    with _lock, for_all():
        return _index(answers)


@lru_cache(maxsize=1)
def _index(answers: Answers) -> SearchIndex:
    # As texts from the start, not as rows of terms: there are tens of thousands, and memory once
    # taken is seldom given back.
    rows = answers.store.select(answers.sparql("searchable", {}))
    return SearchIndex(sorted((r["thing"].value, r["role"].value, r["words"].value) for r in rows))
