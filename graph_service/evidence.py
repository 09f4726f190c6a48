"""The text of a cited passage, read from the corpus when it is at hand and is the right one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from graph_service.store import Store
from graph_service.vocabulary import thing

#: Lines shown before and after a cited passage.
AROUND = 3


@dataclass(frozen=True)
class Line:
    """One line of a source.

    Attributes:
        number: 1-based.
        text: the line as printed, or empty when it is withheld.
        cited: whether it belongs to the passage itself.
        withheld: why it is not shown, in Danish, or empty.
    """

    number: int
    text: str
    cited: bool
    withheld: str


@dataclass(frozen=True)
class Passage:
    """A passage with its text.

    Attributes:
        file: name of the source file.
        first, last: cited lines, 1-based, inclusive.
        lines: the lines to show; empty when there is no text.
        reason: why there is no text, in Danish; empty when there is.
    """

    file: str
    first: int
    last: int
    lines: tuple[Line, ...]
    reason: str


@lru_cache(maxsize=16)
def _read(path: Path, modified: int) -> tuple[str, tuple[str, ...]]:
    data = path.read_bytes()
    lines = data.decode("utf-8", errors="replace").split("\n")
    return hashlib.sha256(data).hexdigest(), tuple(lines)


def withheld(store: Store) -> Mapping[str, list[tuple[int, int, str]]]:
    """The lines that are never shown: file stem → first line, last line, reason in Danish."""
    ranges: dict[str, list[tuple[int, int, str]]] = {}
    for row in store.select(
        "SELECT ?source ?first ?last ?reason WHERE { ?passage ag:withheldReason ?reason ; "
        "oa:hasSource/dcterms:identifier ?source ; ag:firstLine ?first ; ag:lastLine ?last }"
    ):
        stem = row["source"].value.removesuffix(".txt")
        span = (int(row["first"].value), int(row["last"].value), row["reason"].value)
        ranges.setdefault(stem, []).append(span)
    return ranges


def passage(store: Store, corpus: Path | None, stem: str, first: int, last: int) -> Passage | None:
    """A cited passage with three lines around it.

    Args:
        store: the graph, which says what is cited and what the file's hash must be.
        corpus: folder of the sources, or None.
        stem: name of the source file without ``.txt``.
        first, last: the cited lines.

    Returns:
        None when nothing in the graph cites that passage.
    """
    iri = thing("passage", f"{stem}/{first}-{last}")
    if not store.ask(
        f"ASK {{ <{iri}> oa:hasSource ?file . ?by (ag:evidence|ag:alsoSee) <{iri}> }}"
    ):
        return None
    name = stem + ".txt"

    def without(reason: str) -> Passage:
        return Passage(name, first, last, (), reason)

    if corpus is None or not (corpus / name).is_file():
        return without("Kildefilen er ikke installeret her, så kun henvisningen kan vises.")
    path = corpus / name
    digest, lines = _read(path, path.stat().st_mtime_ns)
    expected = [
        row["hash"].value
        for row in store.select(f"SELECT ?hash WHERE {{ <{iri}> oa:hasSource/ag:sha256 ?hash }}")
    ]
    if digest not in expected:
        return without(
            "Kildefilen her er ikke den udgave, som henvisningen gælder (kontrolsummen afviger), "
            "så teksten vises ikke."
        )
    hidden = withheld(store).get(stem, [])
    shown = []
    for number in range(max(1, first - AROUND), min(len(lines), last + AROUND) + 1):
        why = next((reason for a, b, reason in hidden if a <= number <= b), "")
        text = "" if why else lines[number - 1].rstrip("\r")
        shown.append(Line(number, text, first <= number <= last, why))
    return Passage(name, first, last, tuple(shown), "")
