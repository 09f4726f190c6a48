"""The JSON-LD context reads and writes the graph as plain JSON and has a name for every term."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rdflib import OWL, RDF, Graph
from rdflib.compare import isomorphic

ONTOLOGY = Path(__file__).resolve().parents[2] / "ontology"
AG = "https://w3id.org/ansvarsgraf/def#"
ID = "https://w3id.org/ansvarsgraf/id/"

SAMPLE_JSON = {
    "id": "responsibility:almen-genoptraening",
    "type": "Responsibility",
    "label": {"da": "Tilbyde almen genoptræning"},
    "altLabel": {"da": ["genoptræning", "træning"]},
    "bearer": "actor:kommune",
    "task": "task-id:almen-genoptraening",
    "legalBasis": "law:sul-140",
    "modality": "Must",
    "notStated": ["recipient", "dcterms:issued"],
    "trigger": "Når genoptræningsplanen er modtaget",
    "deadlineDays": 7,
    "dayKind": "CalendarDays",
    "validFrom": "2018-07-01",
    "statement": {
        "id": "statement-id:almen-genoptraening-004-5804",
        "type": "Statement",
        "cue": "skal",
        "statementStatus": "Agreed",
        "evidence": {
            "id": "passage:004_576de8b26970a828/5804-5812",
            "type": "Passage",
            "firstLine": 5804,
            "inDocument": "document:forloebsprogram-hjertesygdom",
            "hasSelector": {
                "id": "selector:004_576de8b26970a828/5804-5812",
                "type": "FragmentSelector",
                "selectorValue": "line=5803,5812",
            },
        },
    },
}
SAMPLE_TURTLE = f"""
@prefix ag: <{AG}> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix oa: <http://www.w3.org/ns/oa#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<{ID}responsibility/almen-genoptraening> a ag:Responsibility ;
    skos:prefLabel "Tilbyde almen genoptræning"@da ;
    skos:altLabel "genoptræning"@da, "træning"@da ;
    ag:bearer <{ID}actor/kommune> ;
    ag:task <{ID}task/almen-genoptraening> ;
    ag:legalBasis <{ID}law/sul-140> ;
    ag:modality ag:Must ;
    ag:notStated ag:recipient, dcterms:issued ;
    ag:trigger "Når genoptræningsplanen er modtaget"@da ;
    ag:deadlineDays 7 ;
    ag:dayKind ag:CalendarDays ;
    ag:validFrom "2018-07-01"^^xsd:date ;
    ag:statement <{ID}statement/almen-genoptraening-004-5804> .
<{ID}statement/almen-genoptraening-004-5804> a ag:Statement ;
    ag:cue "skal" ;
    ag:statementStatus ag:Agreed ;
    ag:evidence <{ID}passage/004_576de8b26970a828/5804-5812> .
<{ID}passage/004_576de8b26970a828/5804-5812> a oa:SpecificResource ;
    ag:firstLine 5804 ;
    ag:inDocument <{ID}document/forloebsprogram-hjertesygdom> ;
    oa:hasSelector <{ID}selector/004_576de8b26970a828/5804-5812> .
<{ID}selector/004_576de8b26970a828/5804-5812> a oa:FragmentSelector ;
    rdf:value "line=5803,5812" .
"""


@pytest.fixture(scope="module")
def context() -> dict[str, Any]:
    return json.loads((ONTOLOGY / "context.jsonld").read_text(encoding="utf-8"))["@context"]


def _read(context: dict[str, Any], sample: dict[str, Any] = SAMPLE_JSON) -> Graph:
    document = {"@context": context, **sample}
    return Graph().parse(data=json.dumps(document), format="json-ld")


def _expected() -> Graph:
    return Graph().parse(data=SAMPLE_TURTLE, format="turtle")


def test_plain_json_reads_as_the_graph(context: dict[str, Any]) -> None:
    assert isomorphic(_read(context), _expected())


def test_the_graph_writes_as_readable_json_and_back(context: dict[str, Any]) -> None:
    text = _expected().serialize(format="json-ld", context=context)
    assert isomorphic(Graph().parse(data=text, format="json-ld"), _expected())
    document = json.loads(text)
    body = json.dumps({k: v for k, v in document.items() if k != "@context"})
    assert '"bearer": "actor:kommune"' in body
    assert AG not in body
    assert ID + "actor" not in body


@pytest.mark.parametrize("term", ["bearer", "validFrom", "modality", "trigger", "label", "actor"])
def test_a_context_without_a_term_does_not_pass(context: dict[str, Any], term: str) -> None:
    broken = {k: v for k, v in context.items() if k != term}
    assert not isomorphic(_read(broken), _expected())


def test_a_date_that_is_not_typed_does_not_pass(context: dict[str, Any]) -> None:
    assert not isomorphic(_read({**context, "validFrom": "ag:validFrom"}), _expected())


def _ontology() -> Graph:
    graph = Graph()
    for path in sorted(ONTOLOGY.rglob("*.ttl")):
        graph.parse(path, format="turtle")
    return graph


def test_every_term_of_ours_has_its_own_name(context: dict[str, Any]) -> None:
    graph = _ontology()
    for term in {s for s in graph.subjects(RDF.type) if str(s).startswith(AG)}:
        name = str(term)[len(AG) :]
        entry = context[name]
        assert (entry if isinstance(entry, str) else entry["@id"]) == f"ag:{name}"


def test_links_are_read_as_links_and_texts_as_texts(context: dict[str, Any]) -> None:
    graph = _ontology()
    for kind, links in ((OWL.ObjectProperty, True), (OWL.DatatypeProperty, False)):
        for term in (s for s in graph.subjects(RDF.type, kind) if str(s).startswith(AG)):
            entry = context[str(term)[len(AG) :]]
            typed = entry.get("@type") if isinstance(entry, dict) else None
            assert (typed in ("@id", "@vocab")) is links, term


def test_the_context_names_nothing_that_is_gone(context: dict[str, Any]) -> None:
    subjects = {str(s) for s in _ontology().subjects(RDF.type)}
    for name, entry in context.items():
        iri = entry["@id"] if isinstance(entry, dict) else str(entry)
        if iri.startswith("ag:"):
            assert AG + iri[3:] in subjects, name


def test_every_kind_of_thing_has_a_prefix(context: dict[str, Any]) -> None:
    """``kind:slug``; where a property has the kind's name, the prefix is ``kind-id``."""
    vocabulary = pytest.importorskip("graph_service.vocabulary")
    for kind in vocabulary.KINDS:
        places = [context.get(kind), context.get(f"{kind}-id")]
        assert {"@id": f"{ID}{kind}/", "@prefix": True} in places, kind
