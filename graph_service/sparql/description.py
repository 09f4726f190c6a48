"""Say in RDF what the service is: SPARQL Service Description, VoID, DCAT.

Sources: SPARQL 1.1 Service Description; VoID (W3C Interest Group Note, 3 March 2011), sections
3 to 5 and 7.2; DCAT 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pyoxigraph as ox

from graph_service.build.publish import Manifest
from graph_service.settings import Settings
from graph_service.sparql.media import GRAPHS, SOLUTIONS
from graph_service.vocabulary import AG, DCAT, DCTERMS, ID, RDF, RDFS, SD, SKOS, VOID, XSD

TITLE = {"da": "Ansvarsgraf", "en": "Responsibility graph"}
ABOUT = {
    "da": "Hvem har ansvaret for hvad i det tværsektorielle sundhedsvæsen, med kildehenvisninger.",
    "en": "Who is responsible for what across the sectors of Danish health care, with references.",
}
FOAF = "http://xmlns.com/foaf/0.1/"
#: What was inferred stands in the graph, so queries only match what stands there.
SIMPLE_ENTAILMENT = "http://www.w3.org/ns/entailment/Simple"
Triples = Iterator[ox.Triple]


def _iri(iri: str) -> ox.NamedNode:
    return ox.NamedNode(iri)


def _number(value: int) -> ox.Literal:
    return ox.Literal(str(value), datatype=_iri(XSD + "integer"))


class _About:
    """Writes triples about one subject."""

    def __init__(self, subject: str) -> None:
        self.subject = _iri(subject)

    def link(self, predicate: str, *objects: str) -> Triples:
        for value in objects:
            yield ox.Triple(self.subject, _iri(predicate), _iri(value))

    def says(self, predicate: str, value: ox.Literal) -> Triples:
        yield ox.Triple(self.subject, _iri(predicate), value)

    def words(self, predicate: str, words: Mapping[str, str]) -> Triples:
        for language, text in words.items():
            yield from self.says(predicate, ox.Literal(text, language=language))


def service(base: str, manifest: Manifest, settings: Settings) -> Triples:
    """The service: its endpoint, languages, features, formats and dataset.

    Args:
        base: public address, without a trailing slash.
        settings: they say whether it can be changed, and whether SERVICE may reach any host.
    """
    endpoint = base + "/sparql"
    this, dataset = _About(endpoint), _About(endpoint + "#dataset")
    default = _About(endpoint + "#default-graph")
    yield from this.link(RDF + "type", SD + "Service")
    yield from this.link(SD + "endpoint", endpoint)
    yield from this.words(RDFS + "label", TITLE)
    yield from this.link(SD + "supportedLanguage", SD + "SPARQL11Query")
    yield from this.link(SD + "feature", SD + "UnionDefaultGraph", SD + "EmptyGraphs")
    if settings.allowed_hosts:
        yield from this.link(SD + "feature", SD + "BasicFederatedQuery")
    if settings.changeable:
        yield from this.link(SD + "supportedLanguage", SD + "SPARQL11Update")
        yield from this.link(SD + "inputFormat", *(form.iri for form in GRAPHS if form.one_graph))
    yield from this.link(SD + "defaultEntailmentRegime", SIMPLE_ENTAILMENT)
    yield from this.link(SD + "resultFormat", *(form.iri for form in (*SOLUTIONS, *GRAPHS)))
    yield from this.link(SD + "defaultDataset", dataset.subject.value)
    yield from dataset.link(RDF + "type", SD + "Dataset", VOID + "Dataset")
    yield from dataset.link(RDFS + "seeAlso", base + "/.well-known/void")
    yield from dataset.link(SD + "defaultGraph", default.subject.value)
    yield from default.link(RDF + "type", SD + "Graph", VOID + "Dataset")
    yield from default.says(VOID + "triples", _number(manifest.triples))
    for number, (name, count) in enumerate(manifest.graphs.items(), 1):
        named = _About(f"{endpoint}#named-graph-{number}")
        inside = _About(f"{endpoint}#graph-{number}")
        yield from dataset.link(SD + "namedGraph", named.subject.value)
        yield from named.link(RDF + "type", SD + "NamedGraph")
        yield from named.link(SD + "name", name)
        yield from named.link(SD + "graph", inside.subject.value)
        yield from inside.link(RDF + "type", SD + "Graph", VOID + "Dataset")
        yield from inside.says(VOID + "triples", _number(count))


def void(base: str, manifest: Manifest, _: Settings) -> Triples:
    """The dataset: its size, its parts, the vocabularies it uses, and how to get at it."""
    here = _About(base + "/.well-known/void")
    this = _About(base + "/.well-known/void#dataset")
    yield from here.link(RDF + "type", VOID + "DatasetDescription")
    yield from here.link(FOAF + "primaryTopic", this.subject.value)
    yield from this.link(RDF + "type", VOID + "Dataset")
    yield from this.words(DCTERMS + "title", TITLE)
    yield from this.words(DCTERMS + "description", ABOUT)
    yield from this.says(DCTERMS + "issued", _time(manifest.created))
    yield from this.says(DCTERMS + "identifier", ox.Literal(manifest.id))
    yield from this.says(VOID + "triples", _number(manifest.triples))
    yield from this.says(VOID + "uriSpace", ox.Literal(ID))
    yield from this.link(VOID + "sparqlEndpoint", base + "/sparql")
    yield from this.link(VOID + "dataDump", _dump(base))
    yield from this.link(VOID + "vocabulary", AG.rstrip("#"), SKOS, DCTERMS)
    yield from this.link(FOAF + "homepage", base + "/")
    for number, (name, count) in enumerate(manifest.graphs.items(), 1):
        part = _About(f"{base}/.well-known/void#part-{number}")
        yield from this.link(VOID + "subset", part.subject.value)
        yield from part.link(RDF + "type", VOID + "Dataset")
        yield from part.says(DCTERMS + "identifier", ox.Literal(name))
        yield from part.says(VOID + "triples", _number(count))
        yield from part.link(VOID + "dataDump", f"{base}/rdf-graph-store?graph={_escaped(name)}")


def catalog(base: str, manifest: Manifest, _: Settings) -> Triples:
    """The catalogue with one dataset and the ways to it."""
    this, dataset = _About(base + "/api/v1/catalog"), _About(base + "/api/v1/catalog#dataset")
    yield from this.link(RDF + "type", DCAT + "Catalog")
    yield from this.words(DCTERMS + "title", TITLE)
    yield from this.words(DCTERMS + "description", ABOUT)
    yield from this.link(DCAT + "dataset", dataset.subject.value)
    yield from dataset.link(RDF + "type", DCAT + "Dataset")
    yield from dataset.words(DCTERMS + "title", TITLE)
    yield from dataset.words(DCTERMS + "description", ABOUT)
    yield from dataset.says(DCTERMS + "identifier", ox.Literal(manifest.id))
    yield from dataset.says(DCTERMS + "modified", _time(manifest.created))
    yield from dataset.link(DCTERMS + "conformsTo", AG.rstrip("#"))
    yield from dataset.link(DCAT + "landingPage", base + "/")
    media = "https://www.iana.org/assignments/media-types/"
    for form in GRAPHS:
        one = _About(f"{base}/api/v1/catalog#{form.name}")
        yield from dataset.link(DCAT + "distribution", one.subject.value)
        yield from one.link(RDF + "type", DCAT + "Distribution")
        yield from one.link(DCAT + "mediaType", media + form.media[0])
        yield from one.link(DCAT + "accessURL", base + "/rdf-graph-store?default")
        yield from one.link(DCAT + "downloadURL", f"{_dump(base)}&format={form.name}")
    services = (
        ("sparql", "/sparql", "https://www.w3.org/TR/sparql11-protocol/"),
        ("graph-store", "/rdf-graph-store", "https://www.w3.org/TR/sparql11-http-rdf-update/"),
        ("api", "/api/v1", "https://spec.openapis.org/oas/v3.1.0"),
    )
    for name, path, standard in services:
        one = _About(f"{base}/api/v1/catalog#{name}-service")
        yield from this.link(DCAT + "service", one.subject.value)
        yield from one.link(RDF + "type", DCAT + "DataService")
        yield from one.words(DCTERMS + "title", {"da": f"{TITLE['da']}: {name}"})
        yield from one.link(DCAT + "endpointURL", base + path)
        yield from one.link(DCTERMS + "conformsTo", standard)
        yield from one.link(DCAT + "servesDataset", dataset.subject.value)


def _time(text: str) -> ox.Literal:
    return ox.Literal(text.replace("+00:00", "Z"), datatype=_iri(XSD + "dateTime"))


def _dump(base: str) -> str:
    return base + "/rdf-graph-store?default"


def _escaped(iri: str) -> str:
    return iri.replace("%", "%25").replace("#", "%23").replace("&", "%26").replace("+", "%2B")


#: What can be described → how.
DESCRIPTIONS: Mapping[str, Callable[[str, Manifest, Settings], Triples]] = {
    "service": service,
    "void": void,
    "catalog": catalog,
}
