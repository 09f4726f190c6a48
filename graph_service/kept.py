"""Results that are kept with the answers that they are made of, and made once though several
threads ask for them at the same moment.

``functools.lru_cache`` lets each of them make its own: after a new snapshot came into service,
eight readers of one page waited sixteen seconds for what takes one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from graph_service.store.asking import NobodyWaits, must_be_awaited

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Shared(Protocol):
    """What results are made of.

    Attributes:
        shared: has the results of each function; who empties it lets go of all, and who waits for
            one gets it.
    """

    shared: dict[object, Any]


Source = TypeVar("Source", bound=Shared)


class Results(Generic[Result]):
    """The latest results of one function.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, Future[Result]] = OrderedDict()

    def __contains__(self, key: object) -> bool:
        """Whether there is a result for a key, or somebody makes it."""
        return key in self._found

    def get(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """The result for a key; made when it is not there. An error is not kept."""
        while True:
            with self._lock:
                found = self._found.get(key)
                if found is None:
                    mine = self._found[key] = Future()
                    if len(self._found) > self._most:
                        self._found.popitem(last=False)
                    break
                self._found.move_to_end(key)
            try:
                return found.result()
            except NobodyWaits:
                # The one who made it has left. We have not, or get the same error.
                must_be_awaited()
        try:
            mine.set_result(make())
        except BaseException as error:
            with self._lock:
                if self._found.get(key) is mine:
                    del self._found[key]
            mine.set_exception(error)
        return mine.result()


def kept(
    most: int = 1,
) -> Callable[
    [Callable[Concatenate[Source, Given], Result]], Callable[Concatenate[Source, Given], Result]
]:
    """Keep the latest results of a function of a source and hashable arguments, with the source."""

    def around(
        make: Callable[Concatenate[Source, Given], Result],
    ) -> Callable[Concatenate[Source, Given], Result]:
        @wraps(make)
        def get(source: Source, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
            results = source.shared.get(get)
            if results is None:
                results = source.shared.setdefault(get, Results(most))
            found: Result = results.get(
                key_of(*args, **kwargs), lambda: make(source, *args, **kwargs)
            )
            return found

        return get

    return around


def key_of(*args: Hashable, **kwargs: object) -> Hashable:
    """Under what the result of these arguments is kept."""
    return args, tuple(sorted(kwargs.items()))


def is_kept(source: Shared, function: Callable[..., object], *args: Hashable) -> bool:
    """Whether a source has the result that a function of :func:`kept` gave for these arguments."""
    return key_of(*args) in source.shared.get(function, ())
