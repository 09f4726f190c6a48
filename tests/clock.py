"""A clock for tests, in place of the module ``time``."""

from __future__ import annotations


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    perf_counter = thread_time = monotonic
