"""JSON-LD, compacted with the project's context.

Written by hand, as the context is ours: it takes the milliseconds where a general processor takes
a second for a page of things. Tests hold it against RDFLib, which must read back the same triples.
Source: JSON-LD 1.1, sections 4.1 (context), 4.2.3 (type coercion) and 9 (grammar).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from graph_service.vocabulary import RDF, XSD


@dataclass(frozen=True)
class Term:
    """How the context writes one property.

    Attributes:
        name: the key.
        type: ``@id``, ``@vocab``, a datatype's IRI, or empty.
        language: of its strings, or empty.
        many: always an array.
        by_language: its strings stand under the names of their languages.
    """

    name: str
    type: str = ""
    language: str = ""
    many: bool = False
    by_language: bool = False


@dataclass(frozen=True)
class Entry:
    """One value as it stands in a node.

    Attributes:
        key: the key.
        value: its JSON.
        many: whether the key's value is always an array.
        language: the language under which it stands, or empty.
    """

    key: str
    value: Any
    many: bool = False
    language: str = ""


class Context:
    """A context read for writing.

    Args:
        path: file with ``@context``.
    """

    def __init__(self, path: Path) -> None:
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self.context: dict[str, Any] = loaded["@context"]
        self.prefixes: dict[str, str] = {}
        self.terms: dict[str, list[Term]] = {}
        self.definitions: dict[str, str] = {}
        raw = {k: v for k, v in self.context.items() if not k.startswith("@")}
        for name, value in raw.items():
            if isinstance(value, str):
                target = value
                if target.endswith(("#", "/")):
                    self.prefixes[name] = target
            elif value.get("@prefix"):
                self.prefixes[name] = value["@id"]
        self.id_key = next((n for n, v in raw.items() if v == "@id"), "@id")
        self.type_key = next((n for n, v in raw.items() if v == "@type"), "@type")
        vocabulary = self.context.get("@vocab", "")
        for name, value in raw.items():
            if name in self.prefixes or (isinstance(value, str) and value.startswith("@")):
                continue
            definition = {"@id": value} if isinstance(value, str) else value
            iri = self.expand(definition.get("@id", vocabulary + name))
            kind = definition.get("@type", "")
            container = definition.get("@container", ())
            container = (container,) if isinstance(container, str) else tuple(container)
            term = Term(
                name,
                kind if kind.startswith("@") else self.expand(kind) if kind else "",
                definition.get("@language") or "",
                "@set" in container,
                "@language" in container,
            )
            if definition.get("@reverse"):
                continue
            self.terms.setdefault(iri, []).append(term)
            self.definitions[name] = iri

    def expand(self, name: str) -> str:
        """The IRI of a compact name."""
        prefix, colon, local = name.partition(":")
        return self.prefixes[prefix] + local if colon and prefix in self.prefixes else name

    @lru_cache(maxsize=50_000)  # noqa: B019 - one context lives as long as the process
    def compact(self, iri: str) -> str:
        """The shortest prefixed name of an IRI, or the IRI itself."""
        best = iri
        for prefix, space in self.prefixes.items():
            if iri.startswith(space) and len(iri) > len(space):
                short = f"{prefix}:{iri[len(space) :]}"
                if len(short) < len(best) and not short.partition(":")[2].startswith("//"):
                    best = short
        return best

    @lru_cache(maxsize=5_000)  # noqa: B019
    def vocab(self, iri: str) -> str:
        """The key or name of a class or a controlled value."""
        for term in self.terms.get(iri, ()):
            return term.name
        return self.compact(iri)

    def entry(self, predicate: str, value: ox.NamedNode | ox.BlankNode | ox.Literal) -> Entry:
        """How one value of a property is written."""
        terms = self.terms.get(predicate, [])
        if isinstance(value, ox.Literal):
            return self._literal(predicate, terms, value)
        iri = value.value if isinstance(value, ox.NamedNode) else str(value)
        for term in terms:
            if term.type == "@vocab":
                return Entry(term.name, self.vocab(iri), term.many)
            if term.type == "@id":
                return Entry(term.name, self.compact(iri), term.many)
        for term in terms:
            if not term.type and not term.by_language:
                return Entry(term.name, {self.id_key: self.compact(iri)}, term.many)
        return Entry(self.compact(predicate), {self.id_key: self.compact(iri)})

    def _literal(self, predicate: str, terms: list[Term], value: ox.Literal) -> Entry:
        language, datatype = value.language or "", value.datatype.value
        for term in terms:
            if language and term.by_language:
                return Entry(term.name, value.value, term.many, language)
            if language and term.language == language and not term.type:
                return Entry(term.name, value.value, term.many)
            if not language and term.type == datatype:
                return Entry(term.name, value.value, term.many)
        plain = [t for t in terms if not t.type and not t.language and not t.by_language]
        key, many = (plain[0].name, plain[0].many) if plain else (self.compact(predicate), False)
        if language:
            return Entry(key, {"@value": value.value, "@language": language}, many)
        if datatype == XSD + "string":
            return Entry(key, value.value, many)
        return Entry(key, {"@value": value.value, "@type": self.compact(datatype)}, many)

    def used(self, names: set[str]) -> dict[str, Any]:
        """The part of the context that these keys and values need."""
        needed = set(names) | {self.id_key, self.type_key}
        for name in list(needed):
            needed.add(name.partition(":")[0])
        for name in list(needed):
            definition = self.context.get(name)
            parts = definition.values() if isinstance(definition, dict) else [definition]
            needed.update(
                p.partition(":")[0] for p in parts if isinstance(p, str) and not p.startswith("@")
            )
        return {k: v for k, v in self.context.items() if k.startswith("@") or k in needed}


@lru_cache(maxsize=4)
def read_context(path: Path, modified: int) -> Context:
    """The context in a file, read once for each time that it changed."""
    return Context(path)


def to_jsonld(triples: Iterable[ox.Triple], context: Path) -> bytes:
    """Triples as JSON-LD; ``@graph`` holds one node for each subject, in the order they come."""
    reader = read_context(context, context.stat().st_mtime_ns)
    nodes: dict[str, dict[str, Any]] = {}
    names: set[str] = set()
    for triple in triples:
        subject = triple.subject
        iri = subject.value if isinstance(subject, ox.NamedNode) else str(subject)
        node = nodes.setdefault(iri, {reader.id_key: reader.compact(iri)})
        value = triple.object
        if not isinstance(value, ox.NamedNode | ox.BlankNode | ox.Literal):
            continue
        if triple.predicate.value == RDF + "type" and isinstance(value, ox.NamedNode):
            entry = Entry(reader.type_key, reader.vocab(value.value), many=True)
        else:
            entry = reader.entry(triple.predicate.value, value)
        names.add(entry.key)
        names.update(_names(entry.value))
        holder, key = node, entry.key
        if entry.language:
            holder, key = node.setdefault(entry.key, {}), entry.language
        held = holder.get(key)
        if held is None:
            holder[key] = [entry.value] if entry.many else entry.value
        elif isinstance(held, list):
            held.append(entry.value)
        else:
            holder[key] = [held, entry.value]
    for node in nodes.values():
        names.add(str(node[reader.id_key]))
    document = {"@context": reader.used(names), "@graph": list(nodes.values())}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _names(value: Any) -> Iterable[str]:
    """The strings of a value that may name something in the context."""
    if isinstance(value, dict):
        return [v for k, v in value.items() if k != "@value" and isinstance(v, str)]
    return [value] if isinstance(value, str) and len(value) < 300 else []
