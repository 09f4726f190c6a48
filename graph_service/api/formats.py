"""The formats of answers, and how a client chooses one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox

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
#: Other names for the same formats.
SYNONYMS = {"json-ld": "jsonld", "ttl": "turtle", "nq": "nquads", "n-quads": "nquads"}


def parse_accept(header: str) -> list[tuple[str, float]]:
    """The media ranges of an Accept header with their weights, best first (RFC 9110, 12.5.1)."""
    ranges = []
    for position, part in enumerate(header.split(",")[:30]):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.replace(" ", "").startswith("q="):
                try:
                    weight = float(parameter.replace(" ", "")[2:])
                except ValueError:
                    weight = 0.0
        if media and weight > 0:
            specific = 0 if media == "*/*" else 1 if media.endswith("/*") else 2
            ranges.append((media.lower(), weight, specific, -position))
    ranges.sort(key=lambda r: (r[1], r[2], r[3]), reverse=True)
    return [(media, weight) for media, weight, _, _ in ranges]


def negotiate(accept: str, offers: Mapping[str, str], default: str) -> str | None:
    """The short name of the best format among ``offers``, or None when none will do.

    Args:
        accept: the Accept header, empty for none.
        offers: short name → media type, in our order of preference.
        default: what ``*/*`` and no header get.
    """
    if not accept.strip():
        return default
    for media, _ in parse_accept(accept):
        if media == "*/*":
            return default
        for name, offer in offers.items():
            if media == offer or (media.endswith("/*") and offer.startswith(media[:-1])):
                return name
    return None


def choose(accept: str, format_parameter: str, names: Sequence[str] = tuple(MEDIA_TYPES)) -> str:
    """The format of an answer: ``?format=`` before Accept.

    Raises:
        Problem: not-acceptable, naming what there is.
    """
    offers = {name: MEDIA_TYPES[name] for name in names}
    if format_parameter:
        name = SYNONYMS.get(format_parameter.lower(), format_parameter.lower())
        if name in offers:
            return name
        for short, media in offers.items():
            if media == format_parameter.lower():
                return short
    else:
        chosen = negotiate(accept, offers, names[0])
        if chosen:
            return chosen
    known = ", ".join(f"{short} ({media})" for short, media in offers.items())
    raise Problem("not-acceptable", f"Vælg et af formaterne {known}.")


def to_json(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def flat(value: Any) -> str:
    """A value of an answer as one cell of a table: labels, joined by semicolons."""
    if isinstance(value, list):
        return "; ".join(flat(item) for item in value)
    if isinstance(value, dict):
        return str(value.get("label", value.get("iri", "")))
    return "" if value is None else str(value)


def to_csv(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """RFC 4180 CSV with Danish headings, UTF-8 with a byte order mark so that Excel reads it.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns.values())
    for row in rows:
        writer.writerow(_safe(flat(row.get(name))) for name in columns)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _safe(cell: str) -> str:
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def to_rdf(triples: Iterable[ox.Triple], name: str, context: Path) -> bytes:
    """Triples as Turtle, N-Quads, or JSON-LD with the project's context."""
    if name == "turtle":
        return ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=dict(PREFIXES)) or b""
    if name == "nquads":
        return ox.serialize(in_graph(triples), format=ox.RdfFormat.N_QUADS) or b""
    return to_jsonld(triples, context)


@lru_cache(maxsize=4)
def _context(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def to_jsonld(triples: Iterable[ox.Triple], context: Path) -> bytes:
    """JSON-LD, compacted with the project's context by RDFLib."""
    import rdflib

    graph = rdflib.Graph()
    graph.parse(data=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"", format="nt")
    text = graph.serialize(
        format="json-ld", context=_context(context)["@context"], auto_compact=True
    )
    return text.encode()
