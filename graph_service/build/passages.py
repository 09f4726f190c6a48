"""Describe every cited passage from its address.

The address of a passage, ``id/passage/{file}/{first}-{last}``, says which file and which lines, so
data/ states only what the address cannot: the printing, other pieces, a reason for a wide passage.
Source: the model, section Evidence; RFC 5147 (line positions lie between lines, so lines a to b
are ``line=a-1,b``).
"""

from __future__ import annotations

import re
from collections import defaultdict

import pyoxigraph as ox

from graph_service.build.quads import iri
from graph_service.vocabulary import AG, DCTERMS, ID, OA, RDF, XSD, graph, thing

ADDRESS = re.compile(re.escape(ID) + r"passage/([0-9a-z_]+)/([1-9][0-9]*)-([1-9][0-9]*)$")
RFC5147 = ox.NamedNode("http://tools.ietf.org/rfc/rfc5147")


def read_address(iri: str) -> tuple[str, int, int] | None:
    """File stem, first and last line of a passage's address; None for any other IRI."""
    match = ADDRESS.match(iri)
    return (match[1], int(match[2]), int(match[3])) if match else None


def _node(name: str) -> ox.NamedNode:
    return ox.NamedNode(AG + name)


def _integer(value: int) -> ox.Literal:
    return ox.Literal(str(value), datatype=ox.NamedNode(XSD + "integer"))


def describe(quads: set[ox.Quad]) -> set[ox.Quad]:
    """The triples that follow from the addresses of the passages that ``quads`` name.

    Each goes to the graph of the narrowest document that holds the passage's first line.
    """
    documents: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    firsts: dict[str, int] = {}
    lasts: dict[str, int] = {}
    containers: dict[str, str] = {}
    passages: set[str] = set()
    for quad in quads:
        for term in (quad.subject, quad.object):
            if isinstance(term, ox.NamedNode) and "/id/passage/" in term.value:
                passages.add(term.value)
        match quad.predicate.value.removeprefix(AG):
            case "firstLine":
                firsts[iri(quad.subject)] = int(iri(quad.object))
            case "lastLine":
                lasts[iri(quad.subject)] = int(iri(quad.object))
        if quad.predicate.value == DCTERMS + "isPartOf":
            containers[iri(quad.subject)] = iri(quad.object)
    for document in firsts.keys() & lasts.keys():
        file = document
        while file in containers:
            file = containers[file]
        documents[file].append((firsts[document], lasts[document], document))

    found: set[ox.Quad] = set()
    for name in sorted(passages):
        address = read_address(name)
        if address is None:
            continue
        stem, first, last = address
        file = thing("document", stem.replace("_", "-"))
        holders = [d for d in documents[file] if d[0] <= first <= d[1]]
        document = min(holders, key=lambda d: d[1] - d[0])[2] if holders else file
        home = ox.NamedNode(graph("doc/" + document.rpartition("/")[2]))
        passage = ox.NamedNode(name)
        selector = ox.NamedNode(name.replace("/passage/", "/selector/"))

        def say(subject: ox.NamedNode, predicate: str, value: ox.NamedNode | ox.Literal) -> None:
            found.add(ox.Quad(subject, ox.NamedNode(predicate), value, home))  # noqa: B023

        say(passage, RDF + "type", ox.NamedNode(OA + "SpecificResource"))
        say(passage, OA + "hasSource", ox.NamedNode(file))
        say(passage, AG + "inDocument", ox.NamedNode(document))
        say(passage, AG + "firstLine", _integer(first))
        say(passage, AG + "lastLine", _integer(last))
        say(passage, OA + "hasSelector", selector)
        say(selector, RDF + "type", ox.NamedNode(OA + "FragmentSelector"))
        say(selector, DCTERMS + "conformsTo", RFC5147)
        say(selector, RDF + "value", ox.Literal(f"line={first - 1},{last}"))
    return found
