"""The formats of SPARQL answers, and how a client chooses one.

Sources: SPARQL 1.1 Protocol, sections 2.1.5 and 2.1.6; SPARQL 1.1 Query Results JSON, XML, CSV and
TSV Formats; RFC 9110, section 12.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graph_service.api.formats import negotiate
from graph_service.api.problems import Problem


@dataclass(frozen=True)
class Format:
    """One way to write an answer.

    Attributes:
        name: what ``?format=`` calls it.
        media: its registered media type, and after it the others that ask for it.
        iri: its IRI in the W3C registry of formats.
        charset: whether the Content-Type says UTF-8.
        one_graph: whether it holds one graph, so that a graph can be sent to us in it.
    """

    name: str
    media: tuple[str, ...]
    iri: str
    charset: bool = False
    one_graph: bool = True


W3C_FORMATS = "http://www.w3.org/ns/formats/"
SOLUTIONS = (
    Format(
        "json",
        ("application/sparql-results+json", "application/json"),
        W3C_FORMATS + "SPARQL_Results_JSON",
    ),
    Format(
        "xml",
        ("application/sparql-results+xml", "application/xml", "text/xml"),
        W3C_FORMATS + "SPARQL_Results_XML",
    ),
    Format("csv", ("text/csv",), W3C_FORMATS + "SPARQL_Results_CSV", charset=True),
    Format("tsv", ("text/tab-separated-values",), W3C_FORMATS + "SPARQL_Results_TSV", charset=True),
)
#: CSV and TSV have no form for a boolean.
BOOLEANS = SOLUTIONS[:2]
GRAPHS = (
    Format("turtle", ("text/turtle", "application/x-turtle"), W3C_FORMATS + "Turtle", charset=True),
    Format("ntriples", ("application/n-triples", "text/plain"), W3C_FORMATS + "N-Triples"),
    Format("jsonld", ("application/ld+json", "application/json"), W3C_FORMATS + "JSON-LD"),
    Format("rdfxml", ("application/rdf+xml", "application/xml"), W3C_FORMATS + "RDF_XML"),
    Format("nquads", ("application/n-quads",), W3C_FORMATS + "N-Quads", one_graph=False),
)
SYNONYMS = {
    "ttl": "turtle",
    "nt": "ntriples",
    "n-triples": "ntriples",
    "json-ld": "jsonld",
    "rdf": "rdfxml",
    "rdf/xml": "rdfxml",
    "nq": "nquads",
    "n-quads": "nquads",
}
OFFERS = {"SELECT": SOLUTIONS, "ASK": BOOLEANS, "CONSTRUCT": GRAPHS, "DESCRIBE": GRAPHS}


def media_types(offers: Iterable[Format]) -> dict[str, str]:
    """Short name → media type of formats."""
    return {form.name: form.media[0] for form in offers}


def choose(accept: str, format_parameter: str, offers: tuple[Format, ...]) -> tuple[Format, str]:
    """The format of an answer and its Content-Type: ``?format=`` before Accept.

    ``?format=json`` and ``xml`` mean JSON-LD and RDF/XML where the answer is a graph.

    Raises:
        Problem: not-acceptable, naming what there is.
    """
    wanted = format_parameter.strip().lower()
    if wanted:
        wanted = SYNONYMS.get(wanted, wanted)
        for form in offers:
            if wanted in (form.name, *form.media) or (
                offers is GRAPHS and (wanted, form.name) in (("json", "jsonld"), ("xml", "rdfxml"))
            ):
                return form, content_type(form, form.media[0])
    else:
        # The registered types first: a range such as text/* means them.
        by_media = {form.media[0]: form for form in offers}
        for form in offers:
            for media in form.media[1:]:
                by_media.setdefault(media, form)
        chosen = negotiate(accept, {media: media for media in by_media}, offers[0].media[0])
        if chosen:
            return by_media[chosen], content_type(by_media[chosen], chosen)
    known = ", ".join(f"{form.name} ({form.media[0]})" for form in offers)
    hint = " Et ja/nej-svar (ASK) findes ikke som CSV eller TSV." if offers is BOOLEANS else ""
    raise Problem("not-acceptable", f"Dette svar findes i formaterne {known}.{hint}")


def content_type(form: Format, media: str) -> str:
    """The Content-Type of an answer in a format."""
    return media + ("; charset=utf-8" if form.charset or media.startswith("text/") else "")
