"""Kalender: what falls due, by body and month, and as iCalendar feeds (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import base_url, service_of
from graph_service.api.openapi import file_answers, in_path
from graph_service.api.things import existing
from graph_service.questions.parameters import ParameterError
from graph_service.vocabulary import ACTOR_KINDS, thing
from graph_service.web.downloads import Columns, download, sources
from graph_service.web.drawings import timeline
from graph_service.web.events import Dated, all_events, bodies, dated, reference_day, state
from graph_service.web.items import Facet, choose, ids
from graph_service.web.render import downloads_of, render
from graph_service.web.words import MONTHS

router = APIRouter(include_in_schema=False)
files = APIRouter(tags=["Filer"], default_response_class=Response)


def subject(event: Dated) -> list[tuple[str, str]]:
    """What an event is about: initiatives and agreements."""
    return [
        (a["id"], a["label"])
        for name in ("about", "part_of")
        for a in event.item.get(name, ())
        if a.get("kind") in ("initiative", "agreement", "programme", "document")
    ]


def columns(day: str) -> Columns:
    """The columns of the downloads, with the state as of a day."""
    return {
        "Tidligst": lambda i: dated(i).begin,
        "Senest": lambda i: dated(i).end,
        "Som angivet": lambda i: dated(i).words,
        "Begivenhed": lambda i: i["label"],
        "Slags": lambda i: i.get("event_type", ""),
        "Hos": lambda i: i.get("by_body", ""),
        "Tilstand": lambda i: state(dated(i), day),
        "Vedrører": lambda i: "; ".join(words for _, words in subject(dated(i))),
        "Kilde": sources,
        "Adresse": lambda i: i["iri"],
    }


def facets(day: str) -> tuple[Facet, ...]:
    """The facets of the calendar."""
    return (
        Facet("body", "Organ eller ansvarlig", lambda i: bodies(i) or [("ingen", "ikke angivet")]),
        Facet("type", "Slags begivenhed", lambda i: ids(i, "event_type")),
        Facet(
            "state",
            "Tilstand",
            lambda i: [(state(dated(i), day), state(dated(i), day))],
            ("forestår", "overskredet", "tidspunkt ukendt", "sket"),
        ),
        Facet("year", "År", lambda i: years(dated(i))),
        Facet("about", "Vedrører", lambda i: subject(dated(i))),
    )


def years(event: Dated) -> list[tuple[str, str]]:
    """The years that an event may lie in."""
    return [(y, y) for y in event.year.split("–") if y] or [("ukendt", "ukendt")]


def read_date(request: Request, name: str, otherwise: str = "") -> str:
    """The day that a parameter names, or another when it is left out.

    Raises:
        ParameterError: it is not a date.
    """
    text = request.query_params.get(name, "") or otherwise
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise ParameterError(name, f"{text[:40]!r} er ikke en dato; skriv ÅÅÅÅ-MM-DD") from None


def read_day(request: Request, answers: Answers) -> str:
    """The day asked for, or the sources' own now.

    Raises:
        ParameterError: it is not a date.
    """
    return read_date(request, "dag", reference_day(answers))


@router.get("/kalender")
def calendar(request: Request) -> Response:
    """Events by month; those whose date cannot be bounded apart."""
    answers = service_of(request).answers
    day = read_day(request, answers)
    asked = {k: v for k, v in request.query_params.items() if v}
    events = [e.item for e in all_events(answers)]
    before = read_date(request, "due_before")
    if before:
        events = [i for i in events if dated(i).end and dated(i).end < before]
    after = read_date(request, "from")
    if after:
        events = [i for i in events if not dated(i).end or dated(i).end >= after]
    shown, selections = choose(events, facets(day), asked)
    file = download(request, "kalender", columns(day), shown)
    if file:
        return file
    known = [dated(i) for i in shown if dated(i).begin or dated(i).end]
    unknown = [dated(i) for i in shown if not (dated(i).begin or dated(i).end)]
    feed = (
        f"/kalender/{quote(asked['body'], safe='')}.ics"
        if asked.get("body", "ingen") != "ingen"
        else "/kalender/alle.ics"
    )
    lanes: dict[str, list[Dated]] = {}
    for event in known:
        for _, name in bodies(event.item) or [("", "Ikke angivet")]:
            lanes.setdefault(name, []).append(event)
    return render(
        request,
        "calendar.html",
        months=[(words, list(run)) for words, run in groupby(known, month)],
        unknown=unknown,
        total=len(shown),
        selections=selections,
        asked=asked,
        day=day,
        state=state,
        subject=subject,
        feed=feed,
        timeline=timeline(
            sorted(lanes.items(), key=lambda p: (p[0] == "Ikke angivet", -len(p[1])))[:14], day
        ),
        data_links=[*downloads_of(request, "/api/v1/events"), ("iCalendar", feed)],
    )


def month(event: Dated) -> str:
    """The heading under which an event stands."""
    begin, end = event.begin or event.end, event.end or event.begin
    if begin[:7] == end[:7]:
        return f"{MONTHS[int(begin[5:7]) - 1].capitalize()} {begin[:4]}"
    return begin[:4] if begin[:4] == end[:4] else f"{begin[:4]}–{end[:4]}"


@files.get(
    "/kalender/{slug}.ics",
    summary="Begivenheder til en kalender",
    description="iCalendar (RFC 5545) for et organ, eller for alle med slug alle.",
    openapi_extra={"parameters": [{**in_path("slug", "Organets slug"), "example": "alle"}]},
    responses=file_answers("text/calendar; charset=utf-8"),
)
def feed(request: Request, slug: str) -> Response:
    """The events of a body, or all of them, as an iCalendar feed."""
    answers = service_of(request).answers
    events = [e for e in all_events(answers) if e.begin or e.end]
    name = "Ansvarsgraf"
    if slug != "alle":
        kind = next((k for k in ACTOR_KINDS if answers.exists(thing(k, slug))), "body")
        iri = existing(answers, kind, slug)
        name = answers.labels([iri]).get(iri, slug)
        events = [e for e in events if slug in dict(bodies(e.item))]
    text = icalendar(name, events, base_url(request))
    return Response(
        text.encode(), 200, {"X-Content-Type-Options": "nosniff"}, "text/calendar; charset=utf-8"
    )


def icalendar(name: str, events: Iterable[Dated], address: str) -> str:
    """Events as an RFC 5545 calendar: whole days, tentative where the date is uncertain."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Ansvarsgraf//da",
        f"X-WR-CALNAME:{escape(name)}",
    ]
    for event in events:
        begin = date.fromisoformat(event.begin or event.end)
        end = date.fromisoformat(event.end or event.begin) + timedelta(days=1)
        where = "; ".join(
            f"{e['file']} linje {e['first_line']}-{e['last_line']}"
            for e in event.item.get("evidence", ())
        )
        about = f"Som angivet i kilden: {event.words}. Kilde: {where}"
        lines += [
            "BEGIN:VEVENT",
            f"UID:{event.item['id']}@ansvarsgraf",
            "DTSTAMP:20190124T000000Z",
            f"DTSTART;VALUE=DATE:{begin:%Y%m%d}",
            f"DTEND;VALUE=DATE:{end:%Y%m%d}",
            f"SUMMARY:{escape(str(event.item['label']))}",
            f"DESCRIPTION:{escape(about)}",
            f"STATUS:{'CONFIRMED' if event.certain else 'TENTATIVE'}",
            f"URL:{address}/ting/event/{event.item['id']}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(fold(line) + "\r\n" for line in lines)


def escape(text: str) -> str:
    """TEXT of RFC 5545, section 3.3.11."""
    for old, new in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n"), ("\r", "")):
        text = text.replace(old, new)
    return text


def fold(line: str) -> str:
    """A line folded at 75 octets (RFC 5545, section 3.1), never inside a character."""
    parts: list[str] = []
    current = ""
    for character in line:
        if len((current + character).encode()) > (75 if not parts else 74):
            parts.append(current)
            current = ""
        current += character
    return "\r\n ".join([*parts, current])
