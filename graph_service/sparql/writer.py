"""The writer process: change the published graph, check it, and publish the result, or nothing.

Started by :mod:`graph_service.sparql.writing` as ``python -m graph_service.sparql.writer``. On
standard input: one line of JSON (:class:`Change`), then the bytes of the body. On standard output:
one line of JSON, ``{"snapshot", "created"}`` or ``{"kind", "detail", ...}`` of a problem.

What is written here holds until the next ``ansvarsgraf build``, which starts from data/ again;
inferred triples and findings are those of the last build.

Sources: SPARQL 1.1 Graph Store HTTP Protocol, section 5; SPARQL 1.1 Update.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from graph_service.api.problems import Problem
from graph_service.build import GUARDS
from graph_service.build.load import parse_file
from graph_service.build.publish import current, publish
from graph_service.build.validate import check
from graph_service.sparql.confine import confine
from graph_service.sparql.failures import of_job
from graph_service.sparql.rewrite import with_using
from graph_service.sparql.worker import Job, reason_of_syntax
from graph_service.vocabulary import PREFIXES, graph

#: Violations that an answer names.
NAMED_VIOLATIONS = 20
MULTIPART = "multipart/form-data"


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        method: ``put``, ``post``, ``delete`` or ``update``.
        project, snapshots: folders of the project and of its snapshots.
        graph: IRI of the graph; not for an update.
        content_type: Content-Type of the body.
        base: base IRI of the body.
        using, using_named: the dataset that the protocol names for an update.
    """

    method: str
    project: str
    snapshots: str
    graph: str = ""
    content_type: str = ""
    base: str = ""
    using: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()


def changed(quads: set[ox.Quad], change: Change, body: bytes) -> set[ox.Quad]:
    """The named-graph quads after a change.

    Raises:
        Problem: bad-content, bad-query, not-found, unsupported-media-type.
    """
    if change.method == "update":
        return updated(quads, change, body.decode("utf-8"))
    name = ox.NamedNode(change.graph)
    before = {quad for quad in quads if quad.graph_name == name}
    if change.method == "delete":
        if not before:
            raise Problem("not-found", f"Grafen {change.graph} findes ikke.")
        return quads - before
    new = {
        ox.Quad(t.subject, t.predicate, t.object, name)
        for t in parsed(change.content_type, body, change.base)
    }
    return (quads - before if change.method == "put" else quads) | new


def parsed(content_type: str, body: bytes, base: str) -> list[ox.Triple]:
    """The triples of a body, or of all parts of a multipart body.

    Raises:
        Problem: bad-content, unsupported-media-type.
    """
    media = content_type.partition(";")[0].strip().lower()
    if media == MULTIPART:
        head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", errors="replace")
        message = BytesParser(policy=HTTP).parsebytes(head + body)
        triples: list[ox.Triple] = []
        for part in message.iter_parts():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            triples += parsed(part.get_content_type(), content, base)
        return triples
    wanted = ox.RdfFormat.from_media_type(media) if media else None
    if wanted is None or (wanted.supports_datasets and wanted != ox.RdfFormat.JSON_LD):
        raise Problem(
            "unsupported-media-type",
            "Send en graf som text/turtle, application/n-triples, application/ld+json eller "
            "application/rdf+xml.",
        )
    try:
        quads = list(ox.parse(body, format=wanted, base_iri=base or None))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise Problem("bad-content", f"Grafen kan ikke læses: {error}", line=line) from None
    if any(not isinstance(quad.graph_name, ox.DefaultGraph) for quad in quads):
        raise Problem("bad-content", "Indholdet skal være én graf, ikke flere navngivne.")
    return [quad.triple for quad in quads]


def updated(quads: set[ox.Quad], change: Change, text: str) -> set[ox.Quad]:
    """The named-graph quads after a SPARQL Update.

    Raises:
        Problem: bad-query; bad-content when the update writes to the default graph, which is
            made from the named graphs at publishing.
    """
    merged = {ox.Quad(*quad.triple) for quad in quads}
    store = ox.Store()
    store.bulk_extend(quads)
    store.bulk_extend(merged)
    try:
        store.update(
            with_using(text, change.using, change.using_named),
            base_iri=change.base or None,
            prefixes=PREFIXES,
        )
    except SyntaxError as error:
        raise of_job(reason_of_syntax(error), Job("", "", 0, 0, 0)) from None
    except (OSError, RuntimeError, ValueError) as error:
        raise Problem("bad-query", f"Opdateringen kan ikke udføres: {error}") from None
    after = set(store)
    plain = {quad for quad in after if isinstance(quad.graph_name, ox.DefaultGraph)}
    named = after - plain
    merged_after = {ox.Quad(*quad.triple) for quad in named}
    added, lost = plain - merged - merged_after, (merged & merged_after) - plain
    if added or (lost and plain):
        raise Problem(
            "bad-content",
            "Standardgrafen dannes af de navngivne grafer ved udgivelsen og kan ikke ændres "
            "direkte. Skriv GRAPH <…> { … } i opdateringen.",
        )
    return named


def must_hold(quads: set[ox.Quad], project: Path) -> None:
    """Check quads against the shapes that must hold.

    Raises:
        Problem: invalid-graph, naming the first violations.
    """
    files = [project / "shapes" / f"{name}.ttl" for name in GUARDS]
    shapes = [triple for path in files if path.is_file() for triple in parse_file(path, path.name)]
    if not shapes:
        return
    findings = ox.NamedNode(graph("findings"))
    triples = {quad.triple for quad in quads if quad.graph_name != findings}
    broken = [v for v in check(triples, shapes, {}) if v.severity == "Violation"]
    if broken:
        raise Problem(
            "invalid-graph",
            f"Grafen ville bryde {len(broken)} regler for data, så intet er ændret. "
            f"Den første: {broken[0].focus}: {broken[0].message_da}",
            violations=[
                {"focus": v.focus, "path": v.path, "value": v.value, "message": v.message_da}
                for v in broken[:NAMED_VIOLATIONS]
            ],
        )


def write(change: Change, body: bytes) -> dict[str, Any]:
    """Make a change and publish it.

    Raises:
        Problem: nothing was changed.
    """
    folder = current(Path(change.snapshots))
    store = ox.Store.read_only(str(folder / "store"))
    quads = {quad for quad in store if not isinstance(quad.graph_name, ox.DefaultGraph)}
    after = changed(quads, change, body)
    created = bool(change.graph) and all(q.graph_name.value != change.graph for q in quads)
    if after != quads:
        must_hold(after, Path(change.project))
        folder = Path(change.snapshots) / publish(after, Path(change.snapshots)).id
    return {"snapshot": folder.name, "created": created}


def main() -> None:
    """Argument: process id of the parent."""
    confine(0, int(sys.argv[1]), niceness=5)
    values = json.loads(sys.stdin.buffer.readline())
    for name in ("using", "using_named"):
        values[name] = tuple(values[name])
    body = sys.stdin.buffer.read()
    try:
        told = write(Change(**values), body)
    except Problem as problem:
        told = {"kind": problem.kind, "detail": problem.detail, "more": problem.more}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
