"""Search: things by the words that name and describe them, in Danish.

A word finds what has it in its name, its other names, its description or its context; in any
inflected form (Snowball's Danish stemmer), as part of a compound (*plan* finds
*genoptræningsplan*), as the beginning of a word, or by a synonym that the graph knows
(*egen læge* finds *almen praksis*). The words lie in a file beside the snapshot's store
(:mod:`graph_service.search.file`).
"""

from __future__ import annotations

import heapq
import json
import math
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from graph_service.danish import STOP, WORD, normalise, split_compound, stem, words
from graph_service.search.file import FILE, KIND, LENGTH, NUMBER, WEIGHT, write
from graph_service.similar import similar
from graph_service.store import Store, StoreError
from graph_service.store.tables import Table
from graph_service.vocabulary import kind_and_slug

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
#: Most words of the index that the beginning of a word stands for, and most other names of what a
#: query names.
BEGINNINGS, OTHER_NAMES = 60, 12
#: Follows every text that begins so.
LAST = chr(0x10FFFF)

BEGINNING = "SELECT word FROM words WHERE word BETWEEN ? AND ? ORDER BY word LIMIT ?"
NEARBY = "SELECT word FROM words WHERE word BETWEEN ? AND ? AND abs(length(word) - ?) < 3"
FOUND = "SELECT things, weights FROM words WHERE word = ?"
KNOWN = "SELECT 1 FROM words WHERE word = ?"
NAMED = "SELECT number FROM names WHERE name = ?"
BEGUN = "SELECT number FROM entries WHERE folded BETWEEN ? AND ?"
OTHERS = "SELECT other FROM synonyms WHERE name = ? ORDER BY rowid LIMIT ?"
ENTRIES = (
    "SELECT number, iri, label, alts, text FROM entries "
    "WHERE number IN (SELECT value FROM json_each(?))"
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


class SearchIndex:
    """The words of one snapshot; any number of threads may ask.

    Args:
        folder: the folder that has the file.

    Raises:
        StoreError: there is no such file, or it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._table = Table(folder / FILE, mapped=True)
        ((names, kinds, lengths, places),) = self._table.rows("SELECT * FROM figures")
        self._names: list[str] = json.loads(names)
        self._kinds = array(KIND, kinds)
        self._lengths = array(LENGTH, lengths)
        self._places = array(NUMBER, places)

    def __contains__(self, word: object) -> bool:
        """Whether a stem is a word of the index."""
        return bool(self._table.rows(KNOWN, (word,)))

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
                for number, weight in self._found(term):
                    value = weight * quality
                    if value > best.get(number, 0.0):
                        best[number] = value
            for number, value in best.items():
                scores[number] += value
                covered[number] += 1
        for phrase, quality in self._expansions(words(query)):
            for number, value in self._phrase(phrase).items():
                scores[number] += value * quality
                covered[number] += 0 if covered[number] else 1
        named = self._numbers(NAMED, " ".join(words(query)))
        begin = query.casefold().strip()
        begun = self._numbers(BEGUN, begin, begin + LAST)
        ranked = []
        for number, score in scores.items():
            kind = self._names[self._kinds[number]]
            if kinds and kind not in kinds:
                continue
            share = covered[number] / len(terms)
            score *= min(share, 1.0) ** 1.6 * BOOSTS.get(kind, 1.0)
            score /= 1 + 0.012 * self._lengths[number]
            score *= 3 if number in named else 1.5 if number in begun else 1
            ranked.append((-score, self._places[number], number))
        best_first = heapq.nsmallest(limit, ranked)
        return self._hits([(number, -score) for score, _, number in best_first], significant)

    def _numbers(self, query: str, *values: str) -> set[int]:
        return {number for (number,) in self._table.rows(query, values)}

    def _found(self, word: str) -> list[tuple[int, float]]:
        """The things that a word finds, each with how much the word says of it."""
        rows = self._table.rows(FOUND, (word,))
        if not rows:
            return []
        things, weights = array(NUMBER, rows[0][0]), array(WEIGHT, rows[0][1])
        idf = math.log(1 + len(self._kinds) / (0.5 + len(things)))
        return [(n, idf * weight) for n, weight in zip(things, weights, strict=True)]

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
        if stemmed in self:
            found[stemmed] = 1.0
        if len(word) >= 2 and (prefix or not found):
            for (term,) in self._table.rows(BEGINNING, (word, word + LAST, BEGINNINGS)):
                found.setdefault(term, 0.75 if prefix else 0.6)
        for part in split_compound(stemmed, self):
            found.setdefault(part, 0.4)
        if not found and len(word) > 3:
            start = stemmed[:1]
            near = self._table.rows(NEARBY, (start, start + LAST, len(stemmed)))
            for term in similar(stemmed, [term for (term,) in near], 0.8):
                found[term] = 0.5
        return list(found.items())

    def _expansions(self, asked: Sequence[str]) -> list[tuple[str, float]]:
        """Other names of what the query, or a run of its words, names."""
        found: dict[str, float] = {}
        for size in range(min(4, len(asked)), 0, -1):
            for at in range(len(asked) - size + 1):
                name = " ".join(asked[at : at + size])
                for (other,) in self._table.rows(OTHERS, (name, OTHER_NAMES)):
                    found.setdefault(other, 0.5 if size == len(asked) else 0.35)
        return list(found.items())[:OTHER_NAMES]

    def _phrase(self, phrase: str) -> dict[int, float]:
        """Scores of what has all the words of a phrase."""
        total: dict[int, float] | None = None
        for word in words(phrase):
            here = dict(self._found(word))
            total = (
                here if total is None else {n: v + here[n] for n, v in total.items() if n in here}
            )
            if not total:
                break
        return total or {}

    def _hits(self, scores: Sequence[tuple[int, float]], asked: Sequence[str]) -> list[Hit]:
        """What is shown of things found."""
        numbers = json.dumps([number for number, _ in scores])
        shown = {number: row for number, *row in self._table.rows(ENTRIES, (numbers,))}
        stems = [stem(w) for w in asked]
        hits = []
        for number, score in scores:
            iri, label, alts, text = shown[number]
            kind, slug = kind_and_slug(iri) or ("", "")
            other = ""
            if not all(s in label.casefold() for s in stems):
                fitting = (a for a in json.loads(alts) if any(s in a.casefold() for s in stems))
                other = next(fitting, text[:200])
            hits.append(Hit(iri, kind, slug, label, score, other))
        return hits


def index_of(folder: Path, store: Store) -> SearchIndex:
    """The index of a snapshot.

    Args:
        folder: the snapshot's folder; one that an earlier version published has no file yet.
        store: the snapshot's store, of which the file is made then.

    Raises:
        StoreError: the file cannot be read, or the snapshot is gone from the disk.
    """
    if (folder / FILE).is_file():
        return SearchIndex(folder)
    if not folder.is_dir():
        raise StoreError(f"{folder} is gone")
    with TemporaryDirectory() as room:
        try:
            write(store, Path(room))
        except OSError as error:
            raise StoreError(str(error)) from error
        return SearchIndex(Path(room))  # which holds the file open when it has no name any more
