"""Whether an RDF graph is an ontology of the OWL 2 RL profile, and if not, why.

Written by the profile's grammar: OWL 2 Profiles (W3C Recommendation, 11 December 2012), section
4.2, read through the mapping to RDF graphs (OWL 2 Mapping, same date), with the restrictions on
declarations, typing and property hierarchies of the OWL 2 Structural Specification, sections 5.8
and 11.

Allowed axioms: subclass, equivalent and disjoint classes; sub-, equivalent, disjoint and inverse
properties; chains; domain; range; functional, inverse functional, irreflexive, symmetric,
asymmetric and transitive properties; keys; datatype definitions; assertions; annotations. Not
allowed: disjoint unions and reflexive properties. What a class expression may hold depends on its
place:

- subclass: a class, intersection, union, enumeration, some values from, has value;
- superclass: a class, intersection, complement, all values from, has value, at most 0 or 1;
- equivalent class: a class, intersection, has value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rdflib import OWL, RDF, RDFS, XSD, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

#: The datatypes of section 4.2.1. Note what is missing: xsd:date, xsd:gYear, xsd:duration.
DATATYPES = frozenset(
    [
        RDF.langString,
        RDF.PlainLiteral,
        RDF.XMLLiteral,
        RDFS.Literal,
        XSD.decimal,
        XSD.integer,
        XSD.nonNegativeInteger,
        XSD.nonPositiveInteger,
        XSD.positiveInteger,
        XSD.negativeInteger,
        XSD.long,
        XSD.int,
        XSD.short,
        XSD.byte,
        XSD.unsignedLong,
        XSD.unsignedInt,
        XSD.unsignedShort,
        XSD.unsignedByte,
        XSD.float,
        XSD.double,
        XSD.string,
        XSD.normalizedString,
        XSD.token,
        XSD.language,
        XSD.Name,
        XSD.NCName,
        XSD.NMTOKEN,
        XSD.boolean,
        XSD.hexBinary,
        XSD.base64Binary,
        XSD.anyURI,
        XSD.dateTime,
        XSD.dateTimeStamp,
    ]
)
PROPERTY_TYPES = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
CHARACTERISTICS = frozenset(
    [
        OWL.FunctionalProperty,
        OWL.InverseFunctionalProperty,
        OWL.IrreflexiveProperty,
        OWL.SymmetricProperty,
        OWL.AsymmetricProperty,
        OWL.TransitiveProperty,
    ]
)
#: Characteristics that a property with a chain or a transitive part must not have (section 11.2).
FOR_SIMPLE_ONLY = frozenset(CHARACTERISTICS - {OWL.SymmetricProperty, OWL.TransitiveProperty})
TYPES = (
    CHARACTERISTICS
    | set(PROPERTY_TYPES)
    | {OWL.Ontology, OWL.Class, OWL.NamedIndividual, OWL.Thing, OWL.Restriction, OWL.Axiom}
    | {OWL.AllDisjointClasses, OWL.AllDisjointProperties, OWL.AllDifferent}
    | {OWL.NegativePropertyAssertion, OWL.Annotation}
)
#: Predicates that any ontology may use: annotations, headers, individuals.
PLAIN = frozenset(
    [
        RDFS.label,
        RDFS.comment,
        RDFS.seeAlso,
        RDFS.isDefinedBy,
        OWL.imports,
        OWL.versionIRI,
        OWL.versionInfo,
        OWL.priorVersion,
        OWL.backwardCompatibleWith,
        OWL.incompatibleWith,
        OWL.deprecated,
        OWL.sameAs,
        OWL.differentFrom,
        OWL.annotatedSource,
        OWL.annotatedProperty,
        OWL.annotatedTarget,
        OWL.sourceIndividual,
        OWL.assertionProperty,
        OWL.targetIndividual,
        OWL.targetValue,
    ]
)
#: Predicates that occur only inside an expression or a list.
INNER = frozenset(
    [
        RDF.first,
        RDF.rest,
        OWL.onProperty,
        OWL.onClass,
        OWL.onDataRange,
        OWL.someValuesFrom,
        OWL.allValuesFrom,
        OWL.hasValue,
        OWL.maxCardinality,
        OWL.maxQualifiedCardinality,
        OWL.intersectionOf,
        OWL.unionOf,
        OWL.complementOf,
        OWL.oneOf,
    ]
)


def violations(graph: Graph) -> list[str]:
    """What keeps ``graph`` out of OWL 2 RL, one sentence each, sorted; empty when nothing does."""
    return sorted(set(_Checker(graph).run()))


class _Checker:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.seen: set[Node] = set()

    def run(self) -> Iterator[str]:
        axioms: dict[URIRef, Callable[[Node, Node], Iterator[str]]] = {
            RDFS.subClassOf: lambda s, o: self._both(self._sub(s), self._super(o)),
            OWL.equivalentClass: self._equivalent_axiom,
            OWL.disjointWith: lambda s, o: self._both(self._sub(s), self._sub(o)),
            RDFS.subPropertyOf: self._same_kind,
            OWL.equivalentProperty: self._same_kind,
            OWL.propertyDisjointWith: self._same_kind,
            OWL.inverseOf: lambda s, o: self._both(
                self._object_property(s), self._object_property(o)
            ),
            RDFS.domain: self._domain,
            RDFS.range: self._range,
            OWL.propertyChainAxiom: self._chain,
            OWL.hasKey: lambda s, o: self._both(self._sub(s), self._list(o, self._property)),
            OWL.members: self._members,
            OWL.distinctMembers: lambda s, o: self._list(o, self._nothing),
        }
        for s, p, o in self.graph:
            if isinstance(o, Literal) and self._datatype(o) not in DATATYPES:
                yield f"{o.n3()} has a datatype that is not in OWL 2 RL"
            if p in axioms:
                yield from axioms[p](s, o)
            elif p == RDF.type:
                yield from self._type(s, o)
            elif (
                p not in PLAIN
                and p not in INNER
                and str(p).startswith((str(OWL), str(RDFS), str(RDF)))
            ):
                yield f"{p.n3()} is not allowed in OWL 2 RL"
        for p in INNER:
            for s in self.graph.subjects(p):
                if s not in self.seen:
                    yield f"{p.n3()} stands outside any axiom"
        yield from self._typing()
        yield from self._hierarchy()

    # Class expressions, by their place

    def _sub(self, node: Node) -> Iterator[str]:
        g = self.graph
        if not isinstance(node, BNode):
            yield from self._class(node)
            return
        self.seen.add(node)
        if (union := g.value(node, OWL.unionOf)) is not None:
            yield from self._list(union, self._sub)
        elif (both := g.value(node, OWL.intersectionOf)) is not None:
            yield from self._list(both, self._sub)
        elif (few := g.value(node, OWL.oneOf)) is not None:
            yield from self._list(few, self._nothing)
        elif (some := g.value(node, OWL.someValuesFrom)) is not None:
            yield from self._on_property(node)
            if some != OWL.Thing:
                yield from self._filler(node, some, self._sub)
        elif g.value(node, OWL.hasValue) is not None:
            yield from self._on_property(node)
        else:
            yield from self._not_here(node, "subclass")

    def _super(self, node: Node) -> Iterator[str]:
        g = self.graph
        if not isinstance(node, BNode):
            yield from self._class(node)
            return
        self.seen.add(node)
        if (both := g.value(node, OWL.intersectionOf)) is not None:
            yield from self._list(both, self._super)
        elif (no := g.value(node, OWL.complementOf)) is not None:
            yield from self._sub(no)
        elif (every := g.value(node, OWL.allValuesFrom)) is not None:
            yield from self._on_property(node)
            yield from self._filler(node, every, self._super)
        elif g.value(node, OWL.hasValue) is not None:
            yield from self._on_property(node)
        elif (most := self._at_most(node)) is not None:
            yield from self._on_property(node)
            if str(most) not in {"0", "1"}:
                yield f"at most {most} is not allowed in OWL 2 RL, only 0 and 1"
            if (kind := g.value(node, OWL.onClass)) not in (None, OWL.Thing):
                yield from self._sub(kind)
            if (kind := g.value(node, OWL.onDataRange)) is not None:
                yield from self._data_range(kind)
        else:
            yield from self._not_here(node, "superclass")

    def _equivalent(self, node: Node) -> Iterator[str]:
        if not isinstance(node, BNode):
            yield from self._class(node)
            return
        self.seen.add(node)
        if (both := self.graph.value(node, OWL.intersectionOf)) is not None:
            yield from self._list(both, self._equivalent)
        elif self.graph.value(node, OWL.hasValue) is not None:
            yield from self._on_property(node)
        else:
            yield from self._not_here(node, "equivalent class")

    def _class(self, node: Node) -> Iterator[str]:
        if node == OWL.Thing:
            yield "owl:Thing is not allowed as a class of an axiom in OWL 2 RL"
        elif node != OWL.Nothing and (node, RDF.type, OWL.Class) not in self.graph:
            yield f"{node.n3()} is used as a class and not declared as one"

    def _data_range(self, node: Node) -> Iterator[str]:
        if isinstance(node, BNode):
            self.seen.add(node)
            both = self.graph.value(node, OWL.intersectionOf)
            if both is None:
                yield from self._not_here(node, "data range")
            else:
                yield from self._list(both, self._data_range)
        elif node not in DATATYPES and (node, RDF.type, RDFS.Datatype) not in self.graph:
            yield f"{node.n3()} is not a datatype of OWL 2 RL"

    def _filler(
        self, node: Node, filler: Node, place: Callable[[Node], Iterator[str]]
    ) -> Iterator[str]:
        on = self.graph.value(node, OWL.onProperty)
        if (on, RDF.type, OWL.DatatypeProperty) in self.graph:
            return self._data_range(filler)
        return place(filler)

    def _at_most(self, node: Node) -> Node | None:
        value = self.graph.value(node, OWL.maxCardinality)
        return value if value is not None else self.graph.value(node, OWL.maxQualifiedCardinality)

    def _not_here(self, node: Node, place: str) -> Iterator[str]:
        used = {p for p in self.graph.predicates(node) if p not in (RDF.type, OWL.onProperty)}
        names = ", ".join(sorted(p.n3(self.graph.namespace_manager) for p in used)) or "nothing"
        yield f"a {place} expression with {names} is not allowed in OWL 2 RL"

    # Axioms

    def _equivalent_axiom(self, s: Node, o: Node) -> Iterator[str]:
        if (s, RDF.type, RDFS.Datatype) in self.graph:
            return self._data_range(o)
        return self._both(self._equivalent(s), self._equivalent(o))

    def _domain(self, p: Node, c: Node) -> Iterator[str]:
        if (p, RDF.type, OWL.AnnotationProperty) in self.graph:
            return iter(())
        return self._both(self._property(p), self._super(c))

    def _range(self, p: Node, c: Node) -> Iterator[str]:
        if (p, RDF.type, OWL.AnnotationProperty) in self.graph:
            return iter(())
        if (p, RDF.type, OWL.DatatypeProperty) in self.graph:
            return self._data_range(c)
        return self._both(self._object_property(p), self._super(c))

    def _chain(self, s: Node, o: Node) -> Iterator[str]:
        return self._both(self._object_property(s), self._list(o, self._object_property))

    def _members(self, s: Node, o: Node) -> Iterator[str]:
        if (s, RDF.type, OWL.AllDisjointClasses) in self.graph:
            return self._list(o, self._sub)
        if (s, RDF.type, OWL.AllDisjointProperties) in self.graph:
            return self._list(o, self._property)
        return self._list(o, self._nothing)

    def _type(self, s: Node, o: Node) -> Iterator[str]:
        if isinstance(o, BNode):
            yield from self._super(o)
        elif o == RDFS.Datatype:
            if self.graph.value(s, OWL.equivalentClass) is None:
                yield f"{s.n3()} is a datatype without a definition"
        elif str(o).startswith((str(OWL), str(RDFS), str(RDF))):
            if o not in TYPES and not (o == RDF.List and isinstance(s, BNode)):
                yield f"the type {o.n3()} is not allowed in OWL 2 RL"
            elif o in CHARACTERISTICS and o != OWL.FunctionalProperty:
                yield from self._object_property(s)

    # Properties

    def _property(self, node: Node) -> Iterator[str]:
        if not any((node, RDF.type, kind) in self.graph for kind in PROPERTY_TYPES[:2]):
            yield from self._object_property(node)

    def _object_property(self, node: Node) -> Iterator[str]:
        if isinstance(node, BNode):
            node = self.graph.value(node, OWL.inverseOf) or node
        if (node, RDF.type, OWL.ObjectProperty) not in self.graph:
            yield f"{node.n3()} is used as an object property and not declared as one"

    def _on_property(self, node: Node) -> Iterator[str]:
        on = self.graph.value(node, OWL.onProperty)
        if on is None:
            yield "a restriction names no property"
        else:
            yield from self._property(on)

    def _same_kind(self, s: Node, o: Node) -> Iterator[str]:
        kinds = {k for k in PROPERTY_TYPES for x in (s, o) if (x, RDF.type, k) in self.graph}
        if OWL.AnnotationProperty not in kinds:
            yield from self._property(s)
            yield from self._property(o)
        if len(kinds) > 1:
            yield f"{s.n3()} and {o.n3()} are properties of different kinds"

    def _typing(self) -> Iterator[str]:
        for node in set(self.graph.subjects(RDF.type)):
            types = set(self.graph.objects(node, RDF.type))
            if len(types & set(PROPERTY_TYPES)) > 1:
                yield f"{node.n3()} is declared as a property of two kinds"
            if {OWL.Class, RDFS.Datatype} <= types:
                yield f"{node.n3()} is declared both as a class and as a datatype"

    def _hierarchy(self) -> Iterator[str]:
        """Restrictions on property hierarchies, of which chains and transitivity are a part."""
        g = self.graph
        composite = set(g.subjects(OWL.propertyChainAxiom))
        composite |= set(g.subjects(RDF.type, OWL.TransitiveProperty))
        for node in list(composite):
            composite |= set(g.transitive_objects(node, RDFS.subPropertyOf))
        for node in list(composite):
            composite |= set(g.objects(node, OWL.inverseOf)) | set(g.subjects(OWL.inverseOf, node))
        for node in composite:
            if set(g.objects(node, RDF.type)) & FOR_SIMPLE_ONLY or any(
                g.triples((node, OWL.propertyDisjointWith, None))
            ):
                yield f"{node.n3()} reaches over several steps and must not be restricted as simple"
            for restriction in g.subjects(OWL.onProperty, node):
                if self._at_most(restriction) is not None:
                    yield f"{node.n3()} reaches over several steps and must not be counted"
        for node, chain in g.subject_objects(OWL.propertyChainAxiom):
            above = set(g.transitive_objects(node, RDFS.subPropertyOf)) - {node}
            if above & set(Collection(g, chain)):
                yield f"{node.n3()} has a chain through a property above it"

    # Small parts

    def _list(self, head: Node, place: Callable[[Node], Iterator[str]]) -> Iterator[str]:
        while head != RDF.nil:
            self.seen.add(head)
            first, rest = self.graph.value(head, RDF.first), self.graph.value(head, RDF.rest)
            if first is None or rest is None:
                yield "a list is broken"
                return
            yield from place(first)
            head = rest

    def _datatype(self, literal: Literal) -> URIRef:
        return RDF.langString if literal.language else literal.datatype or XSD.string

    def _nothing(self, _: Node) -> Iterator[str]:
        return iter(())

    def _both(self, *parts: Iterator[str]) -> Iterator[str]:
        for part in parts:
            yield from part
