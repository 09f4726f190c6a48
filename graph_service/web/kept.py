"""Results that are kept, and made once though several threads ask for them at the same moment.

``functools.lru_cache`` lets each of them make its own: after a new snapshot came into service,
eight readers of one page waited sixteen seconds for what takes one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import wraps
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


#: How each function lets go of its results.
_LET_GO: list[Callable[[], None]] = []


def let_go() -> None:
    """Let go of all results: they are of a snapshot that is in service no more.

    Who waits for one gets it.
    """
    for forget in _LET_GO:
        forget()


def kept(most: int) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Keep the latest results of a function of hashable positional arguments; not its errors."""

    def around(make: Callable[Given, Result]) -> Callable[Given, Result]:
        results: OrderedDict[Hashable, Future[Result]] = OrderedDict()
        lock = threading.Lock()

        def forget() -> None:
            with lock:
                results.clear()

        _LET_GO.append(forget)

        @wraps(make)
        def get(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            key = (args, tuple(sorted(kwargs.items())))
            with lock:
                found = results.get(key)
                if found is not None:
                    results.move_to_end(key)
                else:
                    mine = results[key] = Future()
                    if len(results) > most:
                        results.popitem(last=False)
            if found is not None:
                return found.result()
            try:
                mine.set_result(make(*args, **kwargs))
            except BaseException as error:
                with lock:
                    if results.get(key) is mine:
                        del results[key]
                mine.set_exception(error)
            return mine.result()

        return get

    return around
