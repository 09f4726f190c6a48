"""Who waits for what is asked of a store, so that a store elsewhere is not asked on for nobody."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from graph_service.store import StoreError


class NobodyWaits(StoreError):
    """The one who asked has left, and the question is given up."""


@dataclass
class Asking:
    """One who waits for answers.

    Attributes:
        gone: whether they have left; set by another thread than the one that asks the store.
    """

    gone: bool = False


#: Who waits for what is asked in this context; None when nobody can leave.
ASKING: ContextVar[Asking | None] = ContextVar("asking", default=None)


def must_be_awaited() -> None:
    """Raise NobodyWaits when the one who asked has left."""
    asking = ASKING.get()
    if asking is not None and asking.gone:
        raise NobodyWaits("the client has left")
