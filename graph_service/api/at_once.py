"""Answers that wait for nothing, as values, in the turn of the event loop that read the request.

ASGI sends an answer as messages through coroutines of all layers, from a task of its own: a fifth
of the time of a small question, for what is there as a whole. So a layer may have ``at_once``
beside ``__call__``, and a server that knows of it asks it first. What it does not answer goes the
common way, and what was found out on this way is in the scope.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from starlette.types import ASGIApp, Scope

Header = tuple[bytes, bytes]


class Whole(NamedTuple):
    """An answer to GET or HEAD. A refusal goes the common way, where refusals are counted.

    Attributes:
        status: 200 or 304.
        headers: with the length of the body, where HTTP wants it; none about the connection.
        body: nothing for HEAD and 304.
    """

    status: int
    headers: list[Header]
    body: bytes


class AtOnce(Protocol):
    """What a layer has.

    Args:
        scope: of a request without a body.

    Returns:
        The answer, or None where the request must go the common way.
    """

    def __call__(self, scope: Scope) -> Whole | None: ...


def of(app: ASGIApp) -> AtOnce:
    """What an application has, or what answers nothing."""
    found: AtOnce = getattr(app, "at_once", nothing)
    return found


def nothing(scope: Scope) -> Whole | None:
    """Everything goes the common way."""
    return None
