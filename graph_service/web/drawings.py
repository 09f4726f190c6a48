"""Where things stand in a drawing: timelines, sequences of messages, neighbourhoods.

A drawing is geometry only; the templates write the SVG, and every drawing has a twin in text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from graph_service.web.events import Dated
from graph_service.web.items import Item


@dataclass(frozen=True)
class Mark:
    """An event on a timeline: a dot (``width`` 0) or a bar, in pixels."""

    x: float
    y: float
    width: float
    style: str
    title: str


@dataclass(frozen=True)
class Timeline:
    """A timeline in pixels."""

    width: int
    height: int
    years: list[tuple[float, str]]
    lanes: list[tuple[float, str]]
    marks: list[Mark]
    now: float
    day: str


LEFT, TOP, LANE = 190, 34, 22


def _ordinal(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def timeline(lanes: Sequence[tuple[str, Sequence[Dated]]], day: str) -> Timeline | None:
    """Events in lanes over the years; None when no event has a known date.

    Args:
        lanes: name of a lane and its events.
        day: where to draw "now", ISO 8601, or empty.
    """
    spans = [
        (_ordinal(e.begin or e.end), _ordinal(e.end or e.begin))
        for _, events in lanes
        for e in events
        if e.begin or e.end
    ]
    if not spans:
        return None
    first_year = date.fromordinal(min(a for a, _ in spans)).year
    last_year = date.fromordinal(max(b for _, b in spans)).year + 1
    low, high = date(first_year, 1, 1).toordinal(), date(last_year, 1, 1).toordinal()
    scale = max(70.0 * (last_year - first_year), 560.0) / (high - low)

    def x(at: int) -> float:
        return round(LEFT + (at - low) * scale, 1)

    marks, names, y = [], [], TOP
    for name, events in lanes:
        known = [e for e in events if e.begin or e.end]
        if not known:
            continue
        rows: list[float] = []
        top = y
        for event in known:
            begin, end = _ordinal(event.begin or event.end), _ordinal(event.end or event.begin)
            width = 0.0 if end - begin < 3 else round((end - begin) * scale, 1)
            row = next((n for n, busy in enumerate(rows) if busy + 6 < x(begin)), len(rows))
            if row == len(rows):
                rows.append(0)
            rows[row] = x(begin) + max(width, 10)
            style = "planned" if event.planned else "past"
            style += "" if event.certain else " uncertain"
            title = f"{event.words}: {event.item['label']}"
            marks.append(Mark(x(begin), top + 12 + row * 16, width, style, title))
        names.append((top + 16.0, name))
        y = top + max(LANE, len(rows) * 16 + 10)
    now = x(_ordinal(day)) if day and low <= _ordinal(day) <= high else 0.0
    years = [
        (x(date(year, 1, 1).toordinal()), str(year)) for year in range(first_year, last_year + 1)
    ]
    return Timeline(round(x(high)) + 20, y + 12, years, names, marks, now, day)


@dataclass(frozen=True)
class Arrow:
    """One message between two life lines."""

    x1: float
    x2: float
    y: float
    text: str
    note: str
    own: bool


@dataclass
class Sequence_:
    """A sequence drawing in pixels."""

    width: int
    height: int
    lanes: list[tuple[float, list[str]]] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)


COLUMN, ROW = 190, 50


def sequence(flows: Sequence[Item]) -> Sequence_:
    """Message flows as arrows between the life lines of senders and receivers, in order."""
    people: dict[str, int] = {}
    for flow in flows:
        for name in ("sender", "receiver"):
            for actor in flow.get(name, ()) or [{"label": "ikke angivet"}]:
                people.setdefault(actor["label"], len(people))
    drawing = Sequence_(max(1, len(people)) * COLUMN + 20, 70)
    drawing.lanes = [(10 + n * COLUMN + COLUMN / 2, wrap(name, 24)) for name, n in people.items()]
    y = 100.0
    for flow in flows:
        words = ", ".join(m["label"] for m in flow.get("message", ())) or "besked"
        note = "; ".join(map(str, flow.get("deadline_text", ())))
        for sender in flow.get("sender", ()) or [{"label": "ikke angivet"}]:
            for receiver in flow.get("receiver", ()) or [{"label": "ikke angivet"}]:
                x1 = drawing.lanes[people[sender["label"]]][0]
                x2 = drawing.lanes[people[receiver["label"]]][0]
                text = wrap(words, 44)[0] + ("…" if len(wrap(words, 44)) > 1 else "")
                drawing.arrows.append(Arrow(x1, x2, y, text, note[:60], x1 == x2))
                y += ROW
    drawing.height = round(y)
    return drawing


def wrap(text: str, width: int) -> list[str]:
    """Text in at most two lines of about ``width`` characters."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) + 1 > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    if len(lines) > 2:
        lines = [lines[0], lines[1] + " …"]
    return lines


@dataclass(frozen=True)
class Node:
    """A thing in the drawing of a neighbourhood."""

    x: float
    y: float
    item: Item
    lines: list[str]
    words: str
    out: bool


def neighbourhood(rows: Sequence[tuple[str, bool, Item]]) -> tuple[int, int, list[Node]]:
    """Neighbours in two columns beside the thing: what points to it, and what it points to.

    Args:
        rows: (words of the property, whether the arrow goes out, the neighbour).

    Returns:
        Width, height and the nodes.
    """
    nodes = []
    sides = {False: 0, True: 0}
    for words, out, item in rows:
        y = 40 + sides[out] * 58
        sides[out] += 1
        nodes.append(
            Node(590.0 if out else 10.0, y, item, wrap(str(item["label"]), 30), words, out)
        )
    height = max(160, max(sides.values(), default=0) * 58 + 40)
    return 820, math.ceil(height), nodes
