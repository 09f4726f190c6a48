"""The words that name and describe a snapshot's things: a file beside its store.

It is made once, when the snapshot is published: a process that takes the snapshot in service opens
it, and neither waits for it nor holds it in memory. :mod:`graph_service.search` asks it.

Source: Manning, Raghavan and Schütze, *Introduction to Information Retrieval*, chapters 1 and 2
(inverted index, compounds); SQLite's query planner (covering indexes).
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

from graph_service.danish import split_compound, words
from graph_service.questions import registry
from graph_service.store import Store
from graph_service.store.tables import written
from graph_service.vocabulary import KINDS, kind_and_slug

FILE = "search.sqlite"
TABLES = """
CREATE TABLE entries (
  number INTEGER PRIMARY KEY, iri TEXT NOT NULL, label TEXT NOT NULL, folded TEXT NOT NULL,
  alts TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE figures (
  names TEXT NOT NULL, kinds BLOB NOT NULL, lengths BLOB NOT NULL, places BLOB NOT NULL
);
CREATE TABLE words (word TEXT PRIMARY KEY, things BLOB NOT NULL, weights BLOB NOT NULL);
CREATE TABLE names (name TEXT NOT NULL, number INTEGER NOT NULL);
CREATE TABLE synonyms (name TEXT NOT NULL, other TEXT NOT NULL);
CREATE TEMP TABLE said (thing TEXT NOT NULL, role TEXT NOT NULL, words TEXT NOT NULL);
"""
INDEXES = """
CREATE INDEX by_folded ON entries (folded);
CREATE INDEX by_name ON names (name);
CREATE INDEX by_synonym ON synonyms (name);
"""
#: How numbers of things, weights, lengths and kinds lie in a BLOB.
NUMBER, WEIGHT, LENGTH, KIND = "I", "f", "H", "B"
#: How much a word counts by where it stands; and as the number of a provision, or a part of a
#: compound.
WEIGHTS = {"label": 4.0, "alt": 3.4, "text": 1.0, "context": 0.8}
OF_PROVISION, OF_COMPOUND = 0.6, 0.55
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
#: Kinds whose names stand for one another.
NAMED = ("actor", "task", "message", "agreement", "programme", "body", "law")
#: Names of a thing that find it when they are all that is asked for, and that are synonyms.
EXACT, SYNONYMS = 10, 8
#: Length in characters at which the text of a thing is long enough to be shown.
SHOWN = 400

#: IRI of a thing, role of the text (a key of WEIGHTS), text.
Said = tuple[str, str, str]


def write(store: Store, folder: Path) -> None:
    """Write the file of a snapshot.

    Args:
        store: the snapshot's store.

    Raises:
        OSError: the disk is full or not writable.
        StoreError: the store cannot be read.
    """
    rows = store.answer(registry()["searchable"], {})
    fill(((row["thing"].value, row["role"].value, row["words"].value) for row in rows), folder)


def fill(rows: Iterable[Said], folder: Path) -> None:
    """Write the file of these texts. Raises as :func:`write`."""
    with written(folder / FILE, TABLES) as file:
        # Sorted by the file: the texts of many regions are larger than memory.
        file.executemany("INSERT INTO said VALUES (?, ?, ?)", rows)
        kinds, lengths = array(KIND), array(LENGTH)
        found = _entries(file, kinds, lengths)
        file.executemany(
            "INSERT INTO words VALUES (?, ?, ?)",
            (
                (word, things.tobytes(), weights.tobytes())
                for word, (things, weights) in sorted(found.items())
            ),
        )
        ranked = file.execute("SELECT number FROM entries ORDER BY label, number").fetchall()
        places = array(NUMBER, bytes(4 * len(ranked)))
        for place, (number,) in enumerate(ranked):
            places[number] = place
        figures = (json.dumps(KINDS), kinds.tobytes(), lengths.tobytes(), places.tobytes())
        file.execute("INSERT INTO figures VALUES (?, ?, ?, ?)", figures)
        for index in INDEXES.split(";")[:-1]:
            file.execute(index)


# Most texts are names, which are said of all that they belong to.
_words = lru_cache(10_000)(words)
Postings: TypeAlias = "tuple[array[int], array[float]]"


def _entries(
    file: sqlite3.Connection, kinds: array[int], lengths: array[int]
) -> Mapping[str, Postings]:
    """Write each thing, with its names; gives the things of each word, and with what weight."""
    found: dict[str, Postings] = defaultdict(lambda: (array(NUMBER), array(WEIGHT)))
    said = file.execute("SELECT thing, role, words FROM said ORDER BY thing, role, words")
    number = 0
    for thing, rows in groupby(said, lambda row: row[0]):
        split = kind_and_slug(thing)
        if split is None or split[0] in LEFT_OUT or split[0] not in KINDS:
            continue
        counts: dict[str, float] = {}
        label, alts, text = split[1], list[str](), ""
        for _, role, said_text in rows:
            if role == "label":
                label = said_text
            elif role == "alt":
                alts.append(said_text)
            elif role == "text" and len(text) < SHOWN:
                text = f"{text} · {said_text}" if text else said_text
            for word, weight in _weighed(said_text, WEIGHTS[role]):
                counts[word] = max(counts.get(word, 0.0), weight)
        for word, weight in counts.items():
            things, weights = found[word]
            things.append(number)
            weights.append(weight)
        kinds.append(KINDS.index(split[0]))
        lengths.append(min(len(counts), 65_535))
        entry = (number, thing, label, label.casefold(), json.dumps(alts), text)
        file.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", entry)
        _name(file, number, split[0], [label, *alts])
        number += 1
    return _with_parts(found)


def _weighed(text: str, weight: float) -> Iterator[tuple[str, float]]:
    for word in _words(text):
        yield word, weight
        if word.startswith("§"):
            yield word[1:], weight * OF_PROVISION


def _name(file: sqlite3.Connection, number: int, kind: str, names: list[str]) -> None:
    keys = dict.fromkeys(" ".join(_words(name)) for name in names[:EXACT])
    file.executemany("INSERT INTO names VALUES (?, ?)", ((key, number) for key in keys if key))
    if kind in NAMED:
        others = names[:SYNONYMS]
        pairs = ((" ".join(_words(n)), o) for n in others for o in others if n != o)
        file.executemany(
            "INSERT INTO synonyms VALUES (?, ?)", ((key, o) for key, o in pairs if len(key) > 2)
        )


def _with_parts(found: Mapping[str, Postings]) -> Mapping[str, Postings]:
    """The same, and what a compound is in is found by its parts too."""
    compounds: dict[str, list[str]] = defaultdict(list)
    for word in found:
        for part in split_compound(word, found):
            compounds[part].append(word)
    joined = dict(found)
    for part, whole in compounds.items():
        weight_of = dict(zip(*found[part], strict=True))
        for word in whole:
            for number, weight in zip(*found[word], strict=True):
                weight_of[number] = max(weight_of.get(number, 0.0), weight * OF_COMPOUND)
        numbers = sorted(weight_of)
        joined[part] = (array(NUMBER, numbers), array(WEIGHT, map(weight_of.get, numbers)))  # type: ignore[arg-type]
    return joined
