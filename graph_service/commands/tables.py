"""Tables of answers in a terminal, as CSV and as JSON."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from graph_service.api.formats import flat, to_csv


def print_table(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], form: str) -> None:
    """Rows as a table for people, as JSON, or as CSV."""
    if form == "json":
        print(json.dumps(list(rows), ensure_ascii=False, indent=2))
        return
    if form == "csv":
        sys.stdout.buffer.write(to_csv(columns, rows))
        return
    if not rows:
        print("Kilderne i grafen angiver intet, der passer.")
        return
    names = list(columns)
    cells = [[flat(row.get(name)) for name in names] for row in rows]
    width = shutil.get_terminal_size((160, 40)).columns
    widths = fit([[*columns.values()], *cells], width - 2 * (len(names) - 1))
    for number, row in enumerate([list(columns.values()), *cells]):
        parts = [wrap(cell, w) for cell, w in zip(row, widths, strict=True)]
        for line in range(max(len(part) for part in parts)):
            texts = (
                (part[line] if line < len(part) else "").ljust(w)
                for part, w in zip(parts, widths, strict=True)
            )
            print("  ".join(texts).rstrip())
        if number == 0:
            print("  ".join("-" * w for w in widths))


def fit(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Column widths that share the terminal's width."""
    wanted = [max(len(row[i]) for row in rows) or 1 for i in range(len(rows[0]))]
    while sum(wanted) > width and max(wanted) > 12:
        wanted[wanted.index(max(wanted))] -= 1
    return wanted


def wrap(text: str, width: int) -> list[str]:
    """Text in lines of at most ``width`` characters."""
    import textwrap

    return textwrap.wrap(text, width) or [""]
