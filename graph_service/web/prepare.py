"""What many pages share, made before the first reader of a snapshot needs it."""

from __future__ import annotations

import threading

from graph_service.answers import Answers
from graph_service.kept import kept
from graph_service.web.events import all_events
from graph_service.web.items import of_type, things
from graph_service.web.responsibilities import facet_values, matching, situations
from graph_service.web.sources import documents


@kept()
def begin(answers: Answers) -> None:
    """Prepare in the background, once for each snapshot; returns at once."""
    threading.Thread(target=prepare, args=(answers,), daemon=True).start()


def prepare(answers: Answers) -> None:
    """Make what many pages share."""
    facet_values(answers)
    situations(answers)
    matching(answers, {})
    documents(answers)
    all_events(answers)
    for type_ in ("Initiative", "Contradiction", "ReviewFinding", "Remark"):
        of_type(answers, type_)
    for name in ("actors", "agreements", "legal-bases"):
        things(answers, name)
