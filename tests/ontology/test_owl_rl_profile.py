"""The ontology stays within OWL 2 RL, and the checker that says so knows the profile."""

from __future__ import annotations

from pathlib import Path

import pytest
from owl_rl_profile import violations
from rdflib import Graph

ONTOLOGY = Path(__file__).resolve().parents[2] / "ontology"
HEAD = """
@prefix : <http://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:A a owl:Class . :B a owl:Class . :C a owl:Class .
:p a owl:ObjectProperty . :q a owl:ObjectProperty . :d a owl:DatatypeProperty .
"""


def _graph(text: str) -> Graph:
    return Graph().parse(data=HEAD + text, format="turtle")


def test_the_ontology_is_within_owl_2_rl() -> None:
    graph = Graph()
    for path in sorted(ONTOLOGY.rglob("*.ttl")):
        graph.parse(path, format="turtle")
    assert violations(graph) == []


@pytest.mark.parametrize(
    "text",
    [
        ":A rdfs:subClassOf :B .",
        "[ owl:unionOf (:A :B) ] rdfs:subClassOf :C .",
        "[ owl:oneOf (:x :y) ] rdfs:subClassOf :C .",
        "[ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom owl:Thing ]"
        " rdfs:subClassOf :C .",
        ":A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :p ; owl:allValuesFrom :B ] .",
        ":A rdfs:subClassOf [ owl:complementOf :B ] .",
        ":A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :p ; owl:maxCardinality 1 ] .",
        ":A owl:equivalentClass [ owl:intersectionOf (:B :C) ] .",
        ":A owl:disjointWith :B .",
        ":p a owl:TransitiveProperty ; rdfs:domain :A ; rdfs:range :B ; owl:inverseOf :q .",
        ":p owl:propertyChainAxiom ( :q :p ) .",
        ":d rdfs:range xsd:integer ; a owl:FunctionalProperty .",
        "[ a owl:AllDisjointClasses ; owl:members (:A :B) ] .",
        ":x a :A ; :p :y ; :d 7 .",
    ],
)
def test_what_the_profile_allows_passes(text: str) -> None:
    assert violations(_graph(text)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (":A rdfs:subClassOf [ owl:unionOf (:B :C) ] .", "superclass"),
        (
            ":A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :p ; owl:hasSelf true ] .",
            "hasSelf",
        ),
        ("[ owl:onProperty :p ; owl:hasSelf true ] rdfs:subClassOf :A .", "hasSelf"),
        (
            ":A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :p ;"
            " owl:someValuesFrom :B ] .",
            "someValuesFrom",
        ),
        (":A rdfs:subClassOf [ owl:oneOf (:x) ] .", "oneOf"),
        (":A rdfs:subClassOf [ owl:onProperty :p ; owl:minCardinality 1 ] .", "minCardinality"),
        (":A rdfs:subClassOf [ owl:onProperty :p ; owl:maxCardinality 2 ] .", "at most 2"),
        (":A owl:equivalentClass [ owl:unionOf (:B :C) ] .", "equivalent class"),
        (":A owl:disjointUnionOf (:B :C) .", "disjointUnionOf"),
        (":p a owl:ReflexiveProperty .", "ReflexiveProperty"),
        ("owl:Thing rdfs:subClassOf :A .", "owl:Thing"),
        (":d rdfs:range xsd:date .", "not a datatype"),
        (":d rdfs:range [ a rdfs:Datatype ; owl:oneOf (1 2) ] .", "data range"),
        (':x :d "2019"^^xsd:gYear .', "gYear"),
        (':x :d "P7D"^^xsd:duration .', "duration"),
        (":A rdfs:subClassOf :Undeclared .", "not declared"),
        (":p rdfs:range [ owl:unionOf (:A :B) ] .", "superclass"),
        (":p a owl:DatatypeProperty .", "two kinds"),
        (":p rdfs:subPropertyOf :d .", "different kinds"),
        (":p a owl:TransitiveProperty , owl:FunctionalProperty .", "several steps"),
        (":p owl:propertyChainAxiom (:q :q) ; rdfs:subPropertyOf :q .", "chain through"),
        (":p owl:propertyChainAxiom (:d :q) .", "object property"),
        ("[] owl:unionOf (:A :B) .", "outside any axiom"),
        (":x rdf:value 1 .", "not allowed"),
    ],
)
def test_what_the_profile_forbids_is_found(text: str, said: str) -> None:
    found = violations(_graph(text))
    assert any(said in sentence for sentence in found), found
