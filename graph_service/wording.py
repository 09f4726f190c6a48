"""Numbers with their words in Danish, as answers and pages tell them."""

from __future__ import annotations


def many(count: float, one: str, several: str) -> str:
    """A number with its word: ``1 regel``, ``2 regler``, ``0 regler``."""
    number = f"{count:g}".replace(".", ",") if isinstance(count, float) else str(count)
    return f"{number} {one if count == 1 else several}"


def seconds(value: float) -> str:
    """A number of seconds."""
    return many(value, "sekund", "sekunder")


def size(count: int) -> str:
    """A number of bytes."""
    if count >= 1024**2:
        return f"{count / 1024**2:.4g} MB".replace(".", ",")
    if count >= 1024:
        return f"{count / 1024:.4g} KB".replace(".", ",")
    return f"{count} byte"
