"""What was perhaps meant by a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

#: Characters of a name that are looked at, and most names that are suggested.
LONGEST, MOST = 100, 3


def similar(wanted: str, names: Iterable[str], least: float = 0.5) -> list[str]:
    """At most three of the names, the most similar first.

    Args:
        wanted: what was written.
        least: how similar a name must be, from 0 to 1: twice the letters that both have in the
            same order, as a share of the letters of both.
    """
    # Of no use to the processes that answer free SPARQL or make changes, whose memory is limited.
    from rapidfuzz import fuzz, process

    found = process.extract(
        wanted[:LONGEST], list(names), scorer=fuzz.ratio, limit=MOST, score_cutoff=100 * least
    )
    return [name for name, _, _ in found]
