"""What many pages share, made before the first reader of a snapshot needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from functools import partial

from graph_service.answers import Answers
from graph_service.kept import is_kept, kept
from graph_service.questions.parameters import names
from graph_service.service import Make
from graph_service.vocabulary import KINDS
from graph_service.web.events import all_events
from graph_service.web.items import table, things
from graph_service.web.responsibilities import facet_values, of_filters, situations

#: Functions whose results are shared, with their arguments; later ones are made of earlier ones.
SHARED: tuple[tuple[Callable[..., object], tuple[Hashable, ...]], ...] = (
    (facet_values, ()),
    (situations, ()),
    (of_filters, ((),)),
    (all_events, ()),
    *(
        (things, ("things", ("type", type_)))
        for type_ in ("Initiative", "Contradiction", "ReviewFinding", "Remark", "Document")
    ),
    *((things, (name,)) for name in ("actors", "agreements", "legal-bases")),
    (table, ("coverage",)),
    (names, (KINDS,)),
)


@kept()
def begin(answers: Answers) -> None:
    """Make it all in the background, once for each snapshot; returns at once."""

    def make() -> None:
        for function, args in SHARED:
            function(answers, *args)

    threading.Thread(target=make, daemon=True).start()


def in_use(former: Answers) -> list[Make]:
    """What readers of a snapshot have used of it: each makes the same of another snapshot."""

    def again(function: Callable[..., object], args: tuple[Hashable, ...], new: Answers) -> None:
        function(new, *args)

    return [
        partial(again, function, args)
        for function, args in SHARED
        if is_kept(former, function, *args)
    ]
