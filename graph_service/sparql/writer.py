"""The writer process: change the published graph, check it, and publish the result, or nothing.

Started by :mod:`graph_service.sparql.writing` as ``python -m graph_service.sparql.writer``. On
standard input: one line of JSON (:class:`Change`), then the bytes of the body. On standard output:
one line of JSON, ``{"snapshot", "created"}`` or ``{"kind", "detail", ...}`` of a problem.

What is written here holds until the next ``ansvarsgraf build``, which starts from data/ again
(docs/operations.md says how to keep it); inferred triples and findings are those of the last build.

Sources: SPARQL 1.1 Graph Store HTTP Protocol, section 5; SPARQL 1.1 Update; RFC 9110, section 13.
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
from graph_service.build.publish import alone, current, publish, refusal
from graph_service.build.quads import in_graph
from graph_service.build.validate import check
from graph_service.sparql.confine import confine
from graph_service.sparql.engine_words import own_words
from graph_service.sparql.failures import of_job, other_service
from graph_service.sparql.preconditions import Preconditions, graph_marks
from graph_service.sparql.rewrite import with_using
from graph_service.sparql.worker import NO_XML, Job, reason_of_syntax
from graph_service.vocabulary import PREFIXES, graph
from graph_service.wording import many

#: Violations that an answer names; and the most characters of where a triple stands.
NAMED_VIOLATIONS, LONGEST_PLACE = 20, 500
MULTIPART = "multipart/form-data"
#: The merged graph, as a request names it.
DEFAULT = "default"
#: What is written to the default graph, which merges all graphs, lies in this one.
DEFAULT_GRAPH = graph("default")


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        method: ``put``, ``post``, ``patch``, ``delete`` or ``update``.
        project, snapshots: folders of the project and of its snapshots.
        graph: IRI of the graph; not for an update.
        content_type: Content-Type of the body.
        base: base IRI of the body.
        using, using_named: the dataset that the protocol names for an update.
        target: the graph that the preconditions are about, ``default`` for the merged one.
        if_match, if_none_match: these headers, or None.
        network: whether an update asks other hosts, which the guard has allowed.
    """

    method: str
    project: str
    snapshots: str
    graph: str = ""
    content_type: str = ""
    base: str = ""
    using: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()
    target: str = ""
    if_match: str | None = None
    if_none_match: str | None = None
    network: bool = False


@dataclass(frozen=True)
class Named:
    """Named graphs.

    Attributes:
        quads: their triples.
        names: IRIs of all of them, the empty ones too.
    """

    quads: set[ox.Quad]
    names: set[str]

    @staticmethod
    def of(store: ox.Store) -> Named:
        """The named graphs of a store."""
        default = ox.DefaultGraph()
        return Named(
            {quad for quad in store if quad.graph_name != default},
            {name.value for name in store.named_graphs()},
        )


def may_be_made(before: Named, change: Change, snapshot: str) -> None:
    """Let a change pass that can be made, and whose preconditions hold: in this order, for what
    fails anyhow has none (RFC 9110, section 13.2.1).

    Args:
        snapshot: id of the snapshot that ``before`` is.

    Raises:
        Problem: not-found, unsupported-media-type, precondition-failed.
    """
    conditions = Preconditions(change.if_match, change.if_none_match)
    if change.method == "update":
        conditions.demand(conditions.of_snapshot(snapshot), there=True)
        return
    # The default graph is, though the named graph in which its changes are kept may not be.
    there = change.target == DEFAULT or change.target in before.names
    if change.method in ("delete", "patch") and not there:
        raise Problem("not-found", f"Grafen {change.graph} findes ikke.")
    if change.method in ("put", "post"):
        form_of(change.content_type)
    conditions.demand(graph_marks(snapshot, change.target), there=there)


def changed(before: Named, change: Change, body: bytes) -> Named:
    """The named graphs after a change that :func:`may_be_made`.

    Raises:
        Problem: bad-content, bad-query, cannot-be-done, other-graph, other-service,
            unsupported-media-type.
    """
    if change.method == "update":
        return updated(before, change, body.decode("utf-8"))
    name = ox.NamedNode(change.graph)
    here = {quad for quad in before.quads if quad.graph_name == name}
    if change.method == "delete":
        return Named(before.quads - here, before.names - {change.graph})
    if change.method == "patch":
        triples = patched(here, change, body.decode("utf-8"))
    else:
        triples = parsed(change.content_type, body, change.base)
    kept = before.quads if change.method == "post" else before.quads - here
    return Named(kept | set(in_graph(triples, name)), before.names | {change.graph})


def parsed(content_type: str, body: bytes, base: str) -> list[ox.Triple]:
    """The triples of a body, or of all parts of a multipart body.

    Raises:
        Problem: bad-content, unsupported-media-type.
    """
    wanted = form_of(content_type)
    if wanted is None:
        head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", errors="replace")
        message = BytesParser(policy=HTTP).parsebytes(head + body)
        if not message.is_multipart():
            raise Problem("bad-content", "Indholdet har ingen dele, som multipart/form-data har.")
        triples: list[ox.Triple] = []
        for part in message.iter_parts():
            media = part.get_content_type()
            content = part.get_payload(decode=True)
            if not isinstance(content, bytes) or media == MULTIPART:
                raise Problem("unsupported-media-type", "Hver del skal være en graf for sig.")
            triples += parsed(media, content, base)
        return triples
    try:
        quads = list(ox.parse(body, format=wanted, base_iri=base or None))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"Linje {line}: grafen" if line else "Grafen"
        words = own_words(str(error))
        raise Problem("bad-content", f"{where} kan ikke læses. {words}", line=line) from None
    if any(not isinstance(quad.graph_name, ox.DefaultGraph) for quad in quads):
        raise Problem("bad-content", "Indholdet skal være én graf, ikke flere navngivne.")
    return [quad.triple for quad in quads]


def form_of(content_type: str) -> ox.RdfFormat | None:
    """The format of a body that holds one graph; None when it has several parts.

    Raises:
        Problem: unsupported-media-type.
    """
    media = content_type.partition(";")[0].strip().lower()
    if media == MULTIPART:
        return None
    wanted = ox.RdfFormat.from_media_type(media) if media else None
    if wanted is None or (wanted.supports_datasets and wanted != ox.RdfFormat.JSON_LD):
        raise Problem(
            "unsupported-media-type",
            "Send en graf som text/turtle, application/n-triples, application/ld+json eller "
            "application/rdf+xml.",
        )
    return wanted


def patched(quads: set[ox.Quad], change: Change, text: str) -> list[ox.Triple]:
    """The triples of a graph after a SPARQL Update that sees and changes it alone, as its default
    graph (Graph Store HTTP Protocol, section 5.7).

    Raises:
        Problem: bad-query, cannot-be-done, other-service; other-graph when the update writes to a
            named graph.
    """
    store = ox.Store()
    store.bulk_extend(in_graph(quad.triple for quad in quads))
    run(store, change, text)
    if list(store.named_graphs()):
        raise Problem(
            "other-graph",
            f"PATCH ændrer kun grafen {change.graph}. Skriv opdateringen uden GRAPH, eller send "
            "den til /sparql.",
        )
    return [quad.triple for quad in store]


def updated(before: Named, change: Change, text: str) -> Named:
    """The named graphs after a SPARQL Update.

    The update sees all graphs merged as its default graph, as queries do; what it adds there goes
    to :data:`DEFAULT_GRAPH`.

    Raises:
        Problem: bad-query, cannot-be-done, other-service; bad-content when the update takes
            something out of the default graph that stands in another graph, or when it cannot be
            told whether it does.
    """
    merged = {quad.triple for quad in before.quads}
    store = ox.Store()
    store.bulk_extend(before.quads)
    store.bulk_extend(in_graph(merged))
    for name in before.names:
        store.add_graph(ox.NamedNode(name))
    run(store, change, text)
    after = Named.of(store)
    default, own = ox.DefaultGraph(), ox.NamedNode(DEFAULT_GRAPH)
    plain = {quad.triple for quad in store.quads_for_pattern(None, None, None, default)}
    added, removed = plain - merged, merged - plain
    quads = (after.quads | set(in_graph(added, own))) - set(in_graph(removed, own))
    left = {quad.triple for quad in quads}
    if plain and removed and (removed & left or plain - left):
        raise Problem(
            "bad-content",
            "Standardgrafen samler de navngivne grafer, og det, som står i en af dem, kan kun "
            "fjernes dér. Skriv GRAPH <…> { … } i opdateringen.",
        )
    return Named(quads, after.names | ({DEFAULT_GRAPH} if added else set()))


def run(store: ox.Store, change: Change, text: str) -> None:
    """Do an update on a store. Raises Problem bad-query, cannot-be-done, other-service."""
    try:
        store.update(
            with_using(text, change.using, change.using_named),
            base_iri=change.base or None,
            prefixes=PREFIXES,
        )
    except SyntaxError as error:
        raise of_job(reason_of_syntax(error), Job("", "", 0, 0, 0)) from None
    except (OSError, RuntimeError, ValueError) as error:
        words = own_words(str(error))
        if change.network:
            raise other_service(words) from None
        raise Problem("cannot-be-done", f"Opdateringen kan ikke udføres. {words}") from None


def must_be_known(quads: set[ox.Quad]) -> None:
    """Check that quads are RDF 1.1, and can stand in every format that graphs are given in.

    Raises:
        Problem: bad-content, for a triple in a triple, a direction of text (RDF 1.2), or a
            character that XML 1.0 does not have (section 2.2).
    """
    for quad in quads:
        value = quad.object
        if isinstance(value, ox.Triple):
            why = "En tripel kan ikke være værdi i en anden; det er RDF 1.2"
        elif not isinstance(value, ox.Literal):
            continue
        elif value.direction:
            why = "Tekst kan ikke have en skriveretning; det er RDF 1.2"
        elif NO_XML.search(value.value):
            why = "Teksten har et tegn, som ikke kan stå i XML"
        else:
            continue
        where = f"{quad.subject} {quad.predicate}"
        raise Problem("bad-content", f"{why}. Det står ved {where[:LONGEST_PLACE]}.")


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
            f"Grafen ville bryde reglerne for data {many(len(broken), 'sted', 'steder')}, så intet "
            f"er ændret. {'Det første' if len(broken) > 1 else 'Det'} er {broken[0].focus}: "
            f"{broken[0].message_da}",
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
    snapshots = Path(change.snapshots)
    with alone(snapshots):
        folder = current(snapshots)
        before = Named.of(ox.Store.read_only(str(folder / "store")))
        may_be_made(before, change, folder.name)
        after = changed(before, change, body)
        if after != before:
            must_be_known(after.quads - before.quads)
            must_hold(after.quads, Path(change.project))
            folder = snapshots / publish(after.quads, snapshots, names=after.names).id
    return {"snapshot": folder.name, "created": change.graph in after.names - before.names}


def main() -> None:
    """Arguments: memory limit in bytes, process id of the parent, and ``network`` when the network
    stays open."""
    limit, parent = int(sys.argv[1]), int(sys.argv[2])
    confine(limit, parent, niceness=5, network=sys.argv[3:] == ["network"])
    values = json.loads(sys.stdin.buffer.readline())
    for name in ("using", "using_named"):
        values[name] = tuple(values[name])
    body = sys.stdin.buffer.read()
    try:
        told = write(Change(**values), body)
    except Problem as problem:
        told = {"kind": problem.kind, "detail": problem.detail, "more": problem.more}
    except OSError as error:
        print(error, file=sys.stderr)
        detail = f"Intet er ændret, for {refusal(error)}."
        told = {"kind": "not-written", "detail": detail, "more": {}}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
