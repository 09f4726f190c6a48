"""What many pages share, asked for in the background as soon as a snapshot is first read."""

from __future__ import annotations

import threading

from graph_service.answers import Answers
from graph_service.search import index_of
from graph_service.web.items import of_type, things
from graph_service.web.responsibilities import facet_values, situations

_begun: set[str] = set()


def prepare(answers: Answers) -> None:
    """Begin, once for each snapshot; returns at once."""
    snapshot = answers.store.snapshot
    if snapshot not in _begun:
        _begun.add(snapshot)
        threading.Thread(target=_prepare, args=(answers,), daemon=True).start()


def _prepare(answers: Answers) -> None:
    facet_values(answers)
    situations(answers)
    for type_ in ("Initiative", "Event", "Contradiction", "ReviewFinding", "Remark"):
        of_type(answers, type_)
    for name in ("actors", "agreements", "legal-bases"):
        things(answers, name)
    index_of(answers)
