"""Danish words for searching: one form for spellings, stems, and the parts of compounds."""

from __future__ import annotations

import re
from collections.abc import Container
from functools import lru_cache

import snowballstemmer

#: Words that say nothing about what is searched for.
STOP = frozenset(
    [
        "og",
        "i",
        "at",
        "der",
        "det",
        "den",
        "de",
        "en",
        "et",
        "af",
        "på",
        "for",
        "med",
        "til",
        "som",
        "er",
        "var",
        "har",
        "have",
        "fra",
        "ved",
        "om",
        "efter",
        "hvem",
        "hvad",
        "hvilke",
        "hvilken",
        "hvilket",
        "hvor",
        "hvornår",
        "hvordan",
        "hvorfor",
        "skal",
        "kan",
        "bør",
        "må",
        "ikke",
        "eller",
        "ifølge",
        "under",
        "over",
        "ud",
        "op",
        "ned",
        "sig",
        "sin",
        "sit",
        "sine",
        "dens",
        "dets",
        "deres",
        "denne",
        "dette",
        "disse",
        "man",
        "jeg",
        "du",
        "han",
        "hun",
        "vi",
        "i",
        "også",
        "så",
        "men",
        "hvis",
        "når",
        "end",
        "blev",
        "bliver",
        "blive",
        "være",
        "været",
        "dvs",
        "fx",
        "bl",
        "mm",
        "gør",
        "siger",
        "står",
        "angiver",
        "nævnes",
        "mange",
        "meget",
        "alle",
    ]
)
LINKS = ("", "s", "e", "er", "n")
WORD = re.compile(r"§\d+[a-zæøå]?|[a-zæøåéöäü0-9]+")


def normalise(text: str) -> str:
    """Lower case, with references to provisions in one form: ``§ 140, stk. 2`` → ``§140 stk2``."""
    text = text.casefold()
    text = re.sub(r"(?:§+|\bparagraf(?:fen)?)\s*(\d+)\s?([a-z]\b)?", r" §\1\2 ", text)
    text = re.sub(r"\b(stk|nr)\.?\s*(\d+)", r" \1\2 ", text)
    text = re.sub(r"(?<=[a-zæøå])-(?=[a-zæøå])", "", text) + " " + text.replace("-", " ")
    return text.replace("'", "")


_stemmer = snowballstemmer.stemmer("danish")


@lru_cache(maxsize=60_000)
def stem(word: str) -> str:
    """The stem of one lower-case word."""
    stemmed: str = _stemmer.stemWord(word)
    return stemmed


def words(text: str) -> list[str]:
    """The stems of a text, in order, without repeating those that a hyphen gave twice."""
    found = dict.fromkeys(stem(w) for w in WORD.findall(normalise(text)))
    return list(found)


def split_compound(word: str, known: Container[str]) -> list[str]:
    """The known parts of a Danish compound: ``genoptræningsplan`` → ``genoptræning``, ``plan``.

    Args:
        word: a stem.
        known: stems that count as words; must be quick to look up.
    """
    if len(word) < 8 or not word.isalpha():
        return []
    for cut in range(len(word) - 4, 3, -1):
        tail = word[cut:]
        if tail not in known:
            continue
        for link in LINKS:
            head = word[:cut]
            if link and not head.endswith(link):
                continue
            head = stem(head[: len(head) - len(link)] if link else head)
            if len(head) >= 4 and head in known:
                return [head, tail]
    return []
