"""The formats of answers, and how a client chooses one."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from graph_service.api.jsonld import to_jsonld
from graph_service.api.problems import Problem
from graph_service.build.quads import in_graph
from graph_service.vocabulary import PREFIXES

#: Short name → media type, in order of preference.
MEDIA_TYPES = {
    "json": "application/json",
    "jsonld": "application/ld+json",
    "turtle": "text/turtle",
    "nquads": "application/n-quads",
    "csv": "text/csv",
}
#: Content-Type of each; what is text says its encoding.
CONTENT_TYPES = {
    name: f"{media}; charset=utf-8" if media.startswith("text/") else media
    for name, media in MEDIA_TYPES.items()
}
RDF_FORMATS = ("jsonld", "turtle", "nquads")
#: Other names for the same formats.
SYNONYMS = {"json-ld": "jsonld", "ttl": "turtle", "nq": "nquads", "n-quads": "nquads"}
SEPARATORS = {"semicolon": ";", "comma": ","}
WEIGHT = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
#: Ranges of an Accept header that are looked at, and parameters of each.
MAX_RANGES, MAX_PARAMETERS = 40, 8


def parse_accept(header: str) -> tuple[tuple[str, float], ...]:
    """The media ranges of an Accept header with their weights, best first (RFC 9110, 12.5.1).

    A weight that cannot be read counts as 0. Ranges of weight 0 stand last: they say what a
    client does not take.
    """
    ranges = []
    for position, part in enumerate(header.split(",", MAX_RANGES)[:MAX_RANGES]):
        media, *parameters = (piece.strip() for piece in part.split(";", MAX_PARAMETERS))
        weight = 1.0
        for parameter in parameters:
            name, equals, value = parameter.replace(" ", "").partition("=")
            if equals and name.lower() == "q":
                weight = float(value) if WEIGHT.fullmatch(value) else 0.0
        if media:
            specific = 0 if media == "*/*" else 1 if media.endswith("/*") else 2
            ranges.append((media.lower(), weight, specific, -position))
    ranges.sort(key=lambda r: (r[1], r[2], r[3]), reverse=True)
    return tuple((media, weight) for media, weight, _, _ in ranges)


#: Clients send few Accept headers, and most are short.
_parsed = lru_cache(500)(parse_accept)
SHORT = 300


def negotiate(accept: str, offers: Mapping[str, str], default: str) -> str | None:
    """The short name of the best format among ``offers``, or None when none will do.

    The most specific range that fits an offer gives its weight; of equal ones, the client's
    earlier range and then our order decide.

    Args:
        accept: the Accept header, empty for none.
        offers: short name → media type, in our order of preference.
        default: what ``*/*`` and no header get.
    """
    if not accept.strip(" \t,"):
        return default
    ranges = (_parsed if len(accept) <= SHORT else parse_accept)(accept)
    best: tuple[float, int, int] | None = None
    chosen = None
    names = sorted(offers, key=lambda name: name != default)
    for rank, name in enumerate(names):
        offer = offers[name]
        fits = [
            (2 if media == offer else 1 if media != "*/*" else 0, weight, place)
            for place, (media, weight) in enumerate(ranges)
            if media in (offer, "*/*") or (media.endswith("/*") and offer.startswith(media[:-1]))
        ]
        if not fits:
            continue
        specific = max(fit[0] for fit in fits)
        weight, place = max((f[1], -f[2]) for f in fits if f[0] == specific)
        if weight > 0 and (best is None or (weight, place, -rank) > best):
            best, chosen = (weight, place, -rank), name
    return chosen


def only(*names: str) -> dict[str, str]:
    """Some of the formats: short name → media type."""
    return {name: MEDIA_TYPES[name] for name in names}


def choose(
    accept: str, format_parameter: str, offers: Mapping[str, str] = MEDIA_TYPES, why: str = ""
) -> str:
    """The format of an answer: ``?format=`` before Accept.

    Args:
        offers: short name → media type, the one that is given unasked first.
        why: there are no others, in Danish.

    Raises:
        Problem: not-acceptable, naming what there is.
    """
    if format_parameter:
        name = SYNONYMS.get(format_parameter.lower(), format_parameter.lower())
        if name in offers:
            return name
        for short, media in offers.items():
            if media == format_parameter.lower():
                return short
    else:
        chosen = negotiate(accept, offers, next(iter(offers)))
        if chosen:
            return chosen
    known = ", ".join(f"{short} ({media})" for short, media in offers.items())
    raise Problem("not-acceptable", f"Vælg et af formaterne {known}.{why}")


def flat(value: Any) -> str:
    """A value of an answer as one cell of a table: labels, joined by semicolons."""
    if isinstance(value, list):
        return "; ".join(flat(item) for item in value)
    if isinstance(value, dict):
        if "document" in value and "first_line" in value:
            return f"{value['document']} linje {value['first_line']}-{value['last_line']}"
        return str(value.get("label", value.get("iri", "")))
    return "" if value is None else str(value)


def value_at(item: Mapping[str, Any], path: str) -> Any:
    """The value of a field, or of fields within fields: ``assessment.decision``.

    Returns:
        None where it has none; of fields within fields a list of those that there are.
    """
    head, _, rest = path.partition(".")
    value = item.get(path) if path in item else item.get(head)
    if not rest or path in item:
        return value
    inner = value if isinstance(value, list) else [value]
    found = [value_at(i, rest) for i in inner if isinstance(i, dict)]
    several = [v for part in found for v in (part if isinstance(part, list) else [part])]
    return [v for v in several if v is not None]


def to_csv(
    columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]], separator: str = ";"
) -> bytes:
    """CSV (RFC 4180) with Danish headings, UTF-8 with a byte order mark.

    With a semicolon between cells and a comma in decimal numbers, Excel with Danish settings opens
    it as a table; with ``separator=","`` it is as most programs want it. A cell that a spreadsheet
    would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n", delimiter=separator)
    writer.writerow(columns.values())
    for row in rows:
        writer.writerow(_cell(value_at(row, name), separator) for name in columns)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


#: How a text begins that a spreadsheet would take for a formula (OWASP, CSV Injection).
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def _cell(value: Any, separator: str) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value).replace(".", ",") if separator == ";" else str(value)
    text = flat(value)
    return "'" + text if text.startswith(FORMULAS) else text


def to_rdf(
    triples: Iterable[ox.Triple], name: str, context: Path, quads: Iterable[ox.Quad] = ()
) -> bytes:
    """Triples as Turtle, N-Quads, or JSON-LD with the project's context.

    Args:
        quads: the same in their named graphs, for N-Quads; without, the default graph.
    """
    if name == "turtle":
        kept = list(triples)
        text = "".join(str(triple) for triple in kept)
        used = {p: space for p, space in PREFIXES.items() if space in text}
        return ox.serialize(kept, format=ox.RdfFormat.TURTLE, prefixes=used) or b""
    if name == "nquads":
        return ox.serialize(quads or in_graph(triples), format=ox.RdfFormat.N_QUADS) or b""
    return to_jsonld(triples, context)
