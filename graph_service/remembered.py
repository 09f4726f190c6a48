"""What was found under a key lately: a dictionary that finds what it lacks, and is bounded.

When it is full, everything is let go: that costs less than to know what was used least, and a
reader in another thread never sees more than a key that is looked for once more.
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
        self._find, self._most = find, most

    def __missing__(self, key: Key) -> Value:
        found = self._find(key)
        if len(self) >= self._most:
            self.clear()
        if self.worth(found):
            self[key] = found
        return found

    def worth(self, found: Value) -> bool:
        """Whether a value is kept: not that there is none."""
        return found is not None
