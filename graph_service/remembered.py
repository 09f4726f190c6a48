"""What was found under a key lately: a dictionary that finds what it lacks, and is bounded.

When half of it is full, that half becomes the former one, and the former is let go: what was looked
up meanwhile has come over, so one question that walks all of the graph does not let go of what all
others need. That costs less than to know what was used least, and a reader in another thread never
sees more than a key that is looked for once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(dict[Key, Value]):
    """A dictionary over a function.

    Args:
        find: gives the value of a key, which is always the same; what it raises, a look-up raises.
        most: values that are kept.
    """

    def __init__(self, find: Callable[[Key], Value], most: int) -> None:
        super().__init__()
        self._find, self._half = find, max(1, most // 2)
        self._former: dict[Key, Value] = {}

    def __missing__(self, key: Key) -> Value:
        found = self._former.get(key)
        if found is None:
            found = self._find(key)
            if not self.worth(found):
                return found
        self.keep(key, found)
        return found

    def keep(self, key: Key, found: Value) -> None:
        """Remember a value that was found."""
        if len(self) >= self._half:
            self._former = dict(self)
            super().clear()
        self[key] = found

    def clear(self) -> None:
        """Let go of everything."""
        super().clear()
        self._former = {}

    def worth(self, found: Value) -> bool:
        """Whether a value is kept: not that there is none."""
        return found is not None
