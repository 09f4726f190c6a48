"""Names of people, found in the sources at run time: they stand nowhere in the project."""

from __future__ import annotations

import re
from functools import cache

from graph_service.vocabulary import CORPUS_FILES
from tests.data.reading import knowledge, source

#: Where the sources print names of people: member lists, bylines, signatures, captions, footnotes.
PEOPLE = {
    "p000": [(56, 57), (60, 60), (85, 90)],
    "p001": [(33, 49)],
    "p004": [
        (8725, 8728),
        (8735, 8743),
        (9925, 9971),
        (10839, 10839),
        (12244, 12244),
        (15603, 15603),
        (17229, 17284),
        (18326, 18327),
        (19920, 19990),
    ],
}
PART = r"[A-ZÆØÅ][a-zæøåéöü]+(?:-[A-ZÆØÅ][a-zæøåéöü]+)?"
NAME = re.compile(rf"(?<![\w-]){PART}(?: [A-ZÆØÅ]\.| {PART})+(?![\w-])")


@cache
def common_words() -> frozenset[str]:
    """Words that some source also prints in lower case, and words of organisations' names."""
    known = knowledge()
    found: set[str] = set()
    for file in CORPUS_FILES.values():
        for line in source(file):
            found |= set(re.findall(r"(?<![\wÆØÅæøå])[a-zæøåéöü]{3,}", line))
    for kind in ("organisation", "actor", "body", "territory", "document", "agreement"):
        for subject in known.kind(kind):
            for label in known.texts(subject, "skos:prefLabel", "skos:altLabel"):
                found |= {word.lower() for word in re.findall(PART, label)}
    return frozenset(found)


@cache
def people() -> tuple[str, ...]:
    """Names of people, taken from the sources at run time: runs of capitalised words at the places
    that list people, of which at least two are no ordinary words and no part of a known name."""
    names = set()
    for prefix, places in PEOPLE.items():
        for first, last in places:
            for number in range(first, last + 1):
                for match in NAME.finditer(source(CORPUS_FILES[prefix])[number - 1]):
                    parts = re.findall(PART, match[0])
                    strange = [p for p in parts if len(p) < 15 and p.lower() not in common_words()]
                    if len(strange) >= 2:
                        names.add(match[0])
    return tuple(sorted(names))
