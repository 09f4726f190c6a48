"""Events with their dates as the sources state them, certain and uncertain, past and planned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

from graph_service.answers import Answers
from graph_service.kept import kept
from graph_service.vocabulary import thing
from graph_service.web.items import Item, first, of_type

#: The meeting for which the large bundle of sources was made: the sources' own "now".
NOW_EVENT = thing("event", "dak-moede-2019-01-24")


@dataclass(frozen=True)
class Dated:
    """An event with what is known of its date.

    Attributes:
        item: the event, described.
        words: its date or dates as printed, or that there is none.
        begin, end: ISO dates between which it lies; empty where unknowable.
        certain: one date is stated, to the day.
        planned: it was still to come when the source was written.
        disputed: two passages state different dates.
    """

    item: Item
    words: str
    begin: str
    end: str
    certain: bool
    planned: bool
    disputed: bool

    @property
    def year(self) -> str:
        """The year when both bounds lie in it; the years otherwise; empty when unknown."""
        years = sorted({d[:4] for d in (self.begin, self.end) if d})
        return "–".join(years)


def _dated(event: Item) -> Dated:
    """What is known of an event's date."""
    dates = event.get("when", ())
    begins = [d["not_before"][0] for d in dates if d.get("not_before")]
    ends = [d["not_after"][0] for d in dates if d.get("not_after")]
    words = list(dict.fromkeys(first(d, "as_stated") for d in dates if d.get("as_stated")))
    precisions = {p["id"] for d in dates for p in d.get("precision", ())}
    planned = any(p["id"] == "Yes" for p in event.get("planned", ()))
    spans = {(tuple(d.get("not_before", ())), tuple(d.get("not_after", ()))) for d in dates}
    return Dated(
        event,
        " / ".join(words) or "dato ikke angivet",
        min(begins, default=""),
        max(ends, default=""),
        precisions == {"Day"} and len(spans) == 1 and bool(begins),
        planned,
        len(words) > 1,
    )


#: Events with their dates while somebody keeps them, as :func:`all_events` does, by identity.
_known: WeakValueDictionary[int, Dated] = WeakValueDictionary()


def dated(event: Item) -> Dated:
    """An event with its date; known already, for a page asks for each one's several times."""
    known = _known.get(id(event))
    if known is None or known.item is not event:
        known = _known[id(event)] = _dated(event)
    return known


@kept()
def all_events(answers: Answers) -> tuple[Dated, ...]:
    """Every event, by date; those without a known date last."""
    found = [dated(e) for e in of_type(answers, "Event", "event")]
    return tuple(sorted(found, key=by_date))


@kept()
def _by_thing(answers: Answers) -> dict[str, list[int]]:
    """Thing → the places, among all events, of those that are about it, and of itself."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, event in enumerate(all_events(answers)):
        named = {a["iri"] for name in ("about", "part_of") for a in event.item.get(name, ())}
        for iri in named | {event.item["iri"]}:
            places[iri].append(place)
    return dict(places)


def by_date(event: Dated) -> tuple[str, str, str]:
    """Sorts by first possible day; the unknown last."""
    return (event.begin or event.end or "9999", event.end or "9999", event.item["label"])


def reference_day(answers: Answers) -> str:
    """The sources' own "now", ISO 8601: the day of the meeting that the bundle was made for."""
    events = of_type(answers, "Event", "event")
    for event in events:
        if event["iri"] == NOW_EVENT:
            return dated(event).end or ""
    past = [d.end for d in map(dated, events) if not d.planned and d.end]
    return max(past, default="")


def upcoming(answers: Answers, day: str) -> list[Item]:
    """Planned events that may still come on ``day``, soonest first; the dated only."""
    due = [e for e in all_events(answers) if e.planned and max(e.begin, e.end) >= day]
    due.sort(key=lambda e: (max(e.begin, day) if e.begin else e.end, e.end or "9999"))
    return [e.item for e in due]


def of_things(answers: Answers, iris: Sequence[str]) -> list[Dated]:
    """The events that are about any of these things, or that one of them names."""
    events, places = all_events(answers), _by_thing(answers)
    return [events[p] for p in sorted({p for iri in iris for p in places.get(iri, ())})]


def state(event: Dated, day: str) -> str:
    """How an event stood on a day: sket, forestår, overskredet or tidspunkt ukendt."""
    if not event.planned:
        return "sket"
    if not event.begin and not event.end:
        return "tidspunkt ukendt"
    if day and event.end and event.end < day:
        return "overskredet"
    return "forestår"


def bodies(event: Mapping[str, object]) -> list[tuple[str, str]]:
    """The bodies of an event as pairs of id and name."""
    value = event.get("by_body", ())
    assert isinstance(value, list | tuple)
    return [(b["id"], b["label"]) for b in value]
