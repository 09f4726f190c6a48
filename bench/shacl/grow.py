"""The real graph several times over: each copy's things have addresses of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graph_service.vocabulary import ID

PASSAGE = re.compile(rf"<({re.escape(ID)}(?:passage|selector)/[^/>]+)/([^>]+)>")
THING = re.compile(rf"<({re.escape(ID)}(?!passage/|selector/)[^>]+)>")


def copies(ntriples: str, count: int) -> Iterator[str]:
    """The N-Triples of each copy; the first is the graph itself, with what is not about things.

    A thing ``id/law/x`` becomes ``id/law/x-c2``, a passage ``id/passage/f/1-2`` becomes
    ``id/passage/f_c2/1-2``, so that every shape holds of a copy as it holds of the original.
    """
    yield ntriples
    things = "".join(
        line for line in ntriples.splitlines(keepends=True) if line.startswith(f"<{ID}")
    )
    for number in range(2, count + 1):
        copy = PASSAGE.sub(rf"<\1_c{number}/\2>", things)
        yield THING.sub(rf"<\1-c{number}>", copy)
