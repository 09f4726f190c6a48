"""The names of the model: namespaces, prefixes, graphs, and the addresses of things.

Source: the project's model (docs/model.md). Nothing else in the package spells out an IRI of ours.
"""

from __future__ import annotations

from typing import Final

BASE: Final = "https://w3id.org/ansvarsgraf/"
AG: Final = BASE + "def#"
ID: Final = BASE + "id/"
GRAPH: Final = BASE + "graph/"

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
OWL: Final = "http://www.w3.org/2002/07/owl#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
DCTERMS: Final = "http://purl.org/dc/terms/"
DCAT: Final = "http://www.w3.org/ns/dcat#"
OA: Final = "http://www.w3.org/ns/oa#"
ORG: Final = "http://www.w3.org/ns/org#"
ELI: Final = "http://data.europa.eu/eli/ontology#"
PROV: Final = "http://www.w3.org/ns/prov#"
SH: Final = "http://www.w3.org/ns/shacl#"
QB: Final = "http://purl.org/linked-data/cube#"
VOID: Final = "http://rdfs.org/ns/void#"
SD: Final = "http://www.w3.org/ns/sparql-service-description#"

#: The actors that a bare slug can name, in the order in which they are tried.
ACTOR_KINDS: Final = ("actor", "organisation", "body", "role")

#: Every kind of thing that has an address ``id/{kind}/{slug}``.
KINDS: Final = (
    "actor",
    "agreement",
    "assessment",
    "body",
    "claim",
    "commitment",
    "contradiction",
    "cross-reference",
    "dataset",
    "date",
    "definition",
    "derivation",
    "document",
    "duty-inheritance",
    "event",
    "figure",
    "finding",
    "hearing-remark",
    "indicator",
    "initiative",
    "law",
    "learning-point",
    "legal-change",
    "list-item",
    "message",
    "message-flow",
    "money-rule",
    "observation",
    "offer",
    "organisation",
    "passage",
    "programme",
    "recommendation",
    "remark",
    "responsibility",
    "risk",
    "role",
    "selector",
    "situation",
    "statement",
    "system",
    "target-group",
    "task",
    "territory",
    "topic",
    "wish",
)

#: The files of the corpus, by the short prefix that Turtle uses for their passages.
CORPUS_FILES: Final = {
    "p000": "000_7cab8d9282ea354a",
    "p001": "001_39b4e8be69497f32",
    "p002": "002_c953a25356026167",
    "p003": "003_63f2ce101156c2c1",
    "p004": "004_576de8b26970a828",
}

STANDARD_PREFIXES: Final = {
    "ag": AG,
    "rdf": RDF,
    "rdfs": RDFS,
    "owl": OWL,
    "xsd": XSD,
    "skos": SKOS,
    "dcterms": DCTERMS,
    "dcat": DCAT,
    "oa": OA,
    "org": ORG,
    "eli": ELI,
    "prov": PROV,
    "sh": SH,
    "qb": QB,
    "void": VOID,
    "sd": SD,
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "cpsv": "http://purl.org/vocab/cpsv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "schema": "http://schema.org/",
    "cv": "http://data.europa.eu/m8g/",
    "sdmx-measure": "http://purl.org/linked-data/sdmx/2009/measure#",
    "sdmx-dimension": "http://purl.org/linked-data/sdmx/2009/dimension#",
    "sdmx-attribute": "http://purl.org/linked-data/sdmx/2009/attribute#",
}

#: Prefix → namespace, for Turtle, for SPARQL, and for reading ``kind:slug`` on the command line.
PREFIXES: Final = {
    **STANDARD_PREFIXES,
    **{kind: f"{ID}{kind}/" for kind in KINDS if kind != "passage"},
    **{prefix: f"{ID}passage/{stem}/" for prefix, stem in CORPUS_FILES.items()},
}

#: What a query says when it uses a prefix → that prefix.
_USES: Final = {prefix + ":": prefix for prefix in PREFIXES}


def ag(name: str) -> str:
    """The IRI of a term of ours, e.g. ``ag("bearer")``."""
    return AG + name


def thing(kind: str, slug: str) -> str:
    """The IRI of a thing, e.g. ``thing("law", "sul-140")``."""
    return f"{ID}{kind}/{slug}"


def graph(name: str) -> str:
    """The IRI of a named graph, e.g. ``graph("inferred")`` or ``graph("doc/ptsd")``."""
    return GRAPH + name


def prefixes_of(query: str) -> dict[str, str]:
    """The prefixes that a query uses, with their namespaces. To read all of them takes 30 µs.

    >>> prefixes_of("ASK { ?x a ag:Body }")
    {'ag': 'https://w3id.org/ansvarsgraf/def#'}
    """
    return {prefix: PREFIXES[prefix] for use, prefix in _USES.items() if use in query}


def kind_and_slug(iri: str) -> tuple[str, str] | None:
    """Split an IRI of ours in kind and slug; None when it is not the address of a thing."""
    if not iri.startswith(ID):
        return None
    kind, _, slug = iri[len(ID) :].partition("/")
    return (kind, slug) if slug else None


def compact(iri: str) -> str:
    """The shortest prefixed name of an IRI, or the IRI itself.

    >>> compact("https://w3id.org/ansvarsgraf/def#bearer")
    'ag:bearer'
    """
    best = ""
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace) and len(namespace) > len(PREFIXES.get(best, "")):
            best = prefix
    if not best:
        return iri
    local = iri[len(PREFIXES[best]) :]
    return iri if "/" in local or "#" in local else f"{best}:{local}"


def expand(name: str) -> str:
    """The IRI of a prefixed name or of an IRI written out.

    Raises:
        ValueError: the prefix is unknown.
    """
    if name.startswith(("http://", "https://")):
        return name
    prefix, colon, local = name.partition(":")
    if prefix == "passage":
        return thing(prefix, local)
    if not colon or prefix not in PREFIXES:
        raise ValueError(f"unknown prefix in {name!r}")
    return PREFIXES[prefix] + local
