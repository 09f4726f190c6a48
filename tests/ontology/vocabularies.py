"""Which terms the vocabularies have that we reuse: RDFLib's closed namespaces and our term lists.

A list in ``ontology/terms`` stands for a vocabulary that RDFLib lacks, or adds what its version of
one lacks. Nothing is fetched.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

from rdflib import (
    DCAT,
    DCTERMS,
    FOAF,
    ODRL2,
    ORG,
    OWL,
    PROV,
    QB,
    RDF,
    RDFS,
    SDO,
    SH,
    SKOS,
    VOID,
    XSD,
    URIRef,
)

CLOSED = (DCAT, DCTERMS, FOAF, ODRL2, ORG, OWL, PROV, QB, RDF, RDFS, SH, SKOS, VOID, XSD)
SCHEMA_ORG = "http://schema.org/"
HEADER = re.compile(r"# (\w+): (.+)")


def read_list(path: Path) -> tuple[dict[str, str], list[str]]:
    """The header (vocabulary, namespace, version, purpose) and the local names of a term list."""
    header, names = {}, []
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := HEADER.match(line):
            header[match[1]] = match[2]
        else:
            names.append(line)
    return header, names


class Vocabularies:
    """Knows of an IRI whether it is a term of a vocabulary that the project reuses."""

    def __init__(self, lists: Path) -> None:
        self._listed: dict[str, set[str]] = {}
        for path in sorted(lists.glob("*.txt")):
            header, names = read_list(path)
            self._listed[header["namespace"]] = set(names)

    def namespace(self, iri: str) -> str | None:
        """The namespace of the vocabulary that ``iri`` belongs to; None when it is of none."""
        spaces = [str(n) for n in CLOSED] + [SCHEMA_ORG, *self._listed]
        found = [n for n in spaces if iri.startswith(n)]
        return max(found, key=len) if found else None

    def has(self, iri: str) -> bool:
        """Whether the vocabulary of ``iri`` has such a term."""
        space = self.namespace(iri)
        if space is None:
            return False
        local = iri[len(space) :]
        if local in self._listed.get(space, ()):
            return True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if space == SCHEMA_ORG:
                return SDO[local] in SDO
            return any(str(n) == space and URIRef(iri) in n for n in CLOSED)
