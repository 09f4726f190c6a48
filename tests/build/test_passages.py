"""A passage's address says its file and lines; the build describes it from that."""

import pyoxigraph as ox
import pytest

from graph_service.answers import Answers
from graph_service.build.passages import describe, read_address
from graph_service.vocabulary import AG, DCTERMS, ID, OA, RDF, XSD

P = f"{ID}passage/004_576de8b26970a828/5804-5812"


def test_addresses_are_read() -> None:
    assert read_address(P) == ("004_576de8b26970a828", 5804, 5812)
    assert read_address(f"{ID}passage/004/12") is None
    assert read_address(f"{ID}law/sul-140") is None


def test_a_passage_gets_source_lines_selector_and_the_narrowest_document() -> None:
    n = ox.NamedNode
    g = n("urn:g")

    def lines(document: str, first: int, last: int, within: str) -> list[ox.Quad]:
        integer = n(XSD + "integer")
        return [
            ox.Quad(n(document), n(AG + "firstLine"), ox.Literal(str(first), datatype=integer), g),
            ox.Quad(n(document), n(AG + "lastLine"), ox.Literal(str(last), datatype=integer), g),
            ox.Quad(n(document), n(DCTERMS + "isPartOf"), n(within), g),
        ]

    file = f"{ID}document/004-576de8b26970a828"
    quads = {
        ox.Quad(n("urn:x"), n(AG + "evidence"), n(P), g),
        *lines(f"{ID}document/programme", 3659, 8041, file),
        *lines(f"{ID}document/chapter", 5700, 5900, f"{ID}document/programme"),
    }
    said = {(q.subject.value, q.predicate.value): q.object.value for q in describe(quads)}
    assert said[P, OA + "hasSource"] == file
    assert said[P, AG + "inDocument"] == f"{ID}document/chapter"
    assert said[P, AG + "firstLine"] == "5804"
    selector = said[P, OA + "hasSelector"]
    assert said[selector, RDF + "value"] == "line=5803,5812"
    assert said[selector, DCTERMS + "conformsTo"] == "http://tools.ietf.org/rfc/rfc5147"


@pytest.mark.long
def test_every_cited_passage_of_the_project_is_described(answers: Answers) -> None:
    rows = answers.store.select(
        "SELECT ?p WHERE { ?x ag:evidence|ag:alsoSee ?p "
        "FILTER NOT EXISTS { ?p oa:hasSource ?f ; ag:inDocument ?d ; ag:firstLine ?a ; "
        "ag:lastLine ?b ; oa:hasSelector/rdf:value ?v } }"
    )
    assert not list(rows)
