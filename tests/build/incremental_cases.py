"""A small world in which random changes meet every kind of shape and every rule."""

from __future__ import annotations

import itertools

import pyoxigraph as ox

from graph_service.vocabulary import PREFIXES

HEAD = "".join(f"@prefix {p}: <{n}> .\n" for p, n in PREFIXES.items())

#: What the rules of the project build on, cut down to a few terms.
ONTOLOGY = """
org:Organization rdfs:subClassOf ag:Actor . ag:Body rdfs:subClassOf ag:Actor .
ag:Municipality rdfs:subClassOf org:Organization . ag:GenericActor rdfs:subClassOf ag:Actor .
ag:bearer rdfs:subPropertyOf ag:heldBy . ag:unitOfActor rdfs:subPropertyOf ag:broaderActor .
ag:kindOfActor rdfs:subPropertyOf ag:broaderActor ; a owl:TransitiveProperty .
ag:unitOfActor a owl:TransitiveProperty . ag:relatedTo a owl:SymmetricProperty .
ag:borneBy owl:inverseOf ag:bears . ag:actsAs rdfs:range ag:GenericActor .
ag:statement rdfs:domain ag:Responsibility ; rdfs:range ag:Statement .
ag:mentionedIn owl:propertyChainAxiom <urn:list:1> .
<urn:list:1> rdf:first ag:evidence ; rdf:rest <urn:list:2> .
<urn:list:2> rdf:first ag:inDocument ; rdf:rest rdf:nil .
"""

#: Subjects, property, objects: every combination can be added or removed.
POOLS = """
actor:a actor:b actor:c | rdf:type | ag:GenericActor
actor:a actor:b actor:c | ag:unitOfActor ag:kindOfActor | actor:a actor:b actor:c
organisation:o organisation:p | rdf:type | ag:Municipality org:Organization
organisation:o organisation:p | ag:actsAs | actor:a actor:b
organisation:o | org:unitOf | organisation:p
organisation:o organisation:p | ag:territory | territory:t
body:x | rdf:type | ag:Body
body:x | ag:member | organisation:o organisation:p
agreement:g agreement:h | ag:party | organisation:o body:x territory:t
agreement:h | ag:partOf | agreement:g
responsibility:r responsibility:s | ag:bearer | actor:a actor:b organisation:o
responsibility:r responsibility:s | ag:agreedIn | agreement:g agreement:h
responsibility:r responsibility:s | ag:statement | statement:m statement:n
responsibility:r | ag:appliesIn | territory:t body:x
responsibility:r responsibility:s | ag:relatedTo | responsibility:r responsibility:s
statement:m statement:n | ag:statementStatus | ag:Law ag:Agreed
statement:m statement:n | ag:bearer | actor:a actor:c
statement:m | ag:targetGroup | target-group:v
statement:m responsibility:r | ag:evidence | p004:1-2
p004:1-2 | ag:inDocument | document:d
responsibility:r duty-inheritance:i | ag:targetGroup | target-group:v
duty-inheritance:i | rdf:type | ag:DutyInheritance
duty-inheritance:i | ag:fromActor | actor:a actor:b
duty-inheritance:i | ag:toActor | actor:c organisation:p
duty-inheritance:i | ag:agreedIn | agreement:g
ag:Municipality org:Organization | rdfs:subClassOf | ag:Actor
ag:bearer | rdfs:subPropertyOf | ag:heldBy ag:relatedTo
responsibility:r actor:a organisation:o | skos:prefLabel | "én"@da "to"@da "x"
responsibility:r responsibility:s | ag:deadlineDays ag:deadlineMonths | 1 2 3
"""

#: Shapes with every target, path and constraint that reads more than the focus node's own triples.
SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
<urn:s:actor> a sh:NodeShape ; sh:targetClass ag:Actor ;
    sh:property [ sh:path skos:prefLabel ; sh:minCount 1 ; sh:uniqueLang true ; sh:languageIn ("da") ] ;
    sh:property [ sh:path [ sh:inversePath ag:heldBy ] ; sh:maxCount 2 ] .
<urn:s:bearer> a sh:NodeShape ; sh:targetSubjectsOf ag:bearer ;
    sh:property [ sh:path ag:bearer ; sh:class ag:Actor ; sh:node <urn:s:labelled> ] ;
    sh:property [ sh:path ag:deadlineDays ; sh:lessThanOrEquals ag:deadlineMonths ] .
<urn:s:labelled> sh:property [ sh:path skos:prefLabel ; sh:minCount 1 ] .
<urn:s:object> a sh:NodeShape ; sh:targetObjectsOf ag:evidence ;
    sh:property [ sh:path ag:inDocument ; sh:minCount 1 ] .
<urn:s:node> a sh:NodeShape ; sh:targetNode agreement:g ;
    sh:property [ sh:path ( [ sh:inversePath ag:agreedIn ] ag:bearer ) ; sh:minCount 1 ] ;
    sh:property [ sh:path [ sh:inversePath ag:boundBy ] ; sh:qualifiedMinCount 1 ;
        sh:qualifiedValueShape [ sh:property [ sh:path ag:actsAs ; sh:minCount 1 ] ] ] .
<urn:s:borne> a sh:NodeShape ; sh:targetSubjectsOf ag:borneBy ;
    sh:property [ sh:path ( ag:borneBy ag:territory ) ; sh:minCount 1 ] ;
    sh:or ( [ sh:property [ sh:path ag:relatedTo ; sh:minCount 1 ] ]
            [ sh:not [ sh:property [ sh:path [ sh:alternativePath ( ag:bearer ag:phase ) ] ;
                sh:maxCount 1 ] ] ] ) .
<urn:s:closed> a sh:NodeShape ; sh:targetClass ag:DutyInheritance ; sh:closed true ;
    sh:ignoredProperties ( rdf:type ag:mentionedIn ) ;
    sh:property [ sh:path ag:fromActor ; sh:maxCount 1 ; sh:disjoint ag:toActor ] ,
        [ sh:path ag:toActor ] , [ sh:path ag:agreedIn ] .
<urn:s:tree> a sh:NodeShape ; sh:targetSubjectsOf ag:unitOfActor ;
    sh:property [ sh:path [ sh:oneOrMorePath ag:broaderActor ] ; sh:maxCount 2 ] ;
    sh:sparql [ sh:prefixes <urn:p> ;
        sh:select "SELECT $this WHERE { $this (ag:unitOfActor|ag:kindOfActor)+ $this }" ] .
<urn:s:sparql> a sh:NodeShape ; sh:targetClass ag:Responsibility ;
    sh:sparql [ sh:prefixes <urn:p> ; sh:select \"\"\"
        SELECT $this ?value WHERE {
            $this ag:heldBy ?value . ?value ag:actsAs? ?actor .
            FILTER NOT EXISTS { ?actor ag:kindOfActor*/^ag:bearer ?other . ?other ag:relatedTo ?any }
        }\"\"\" ] .
<urn:p> sh:declare [ sh:prefix "ag" ; sh:namespace "https://w3id.org/ansvarsgraf/def#" ] .
"""


def triples(turtle: str) -> list[ox.Triple]:
    """The triples of Turtle in which the project's prefixes are known."""
    return [q.triple for q in ox.parse((HEAD + turtle).encode(), format=ox.RdfFormat.TURTLE)]


def pool() -> list[ox.Triple]:
    """Every triple that can come and go, of a fixed order."""
    lines = []
    for line in POOLS.strip().splitlines():
        parts = [part.split() for part in line.split("|")]
        lines += [" ".join(combination) + " .\n" for combination in itertools.product(*parts)]
    return triples("".join(lines))
