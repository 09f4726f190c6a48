"""Draw the conclusions that users meet, by the SPARQL rules in ``rules/``, run to a fixpoint.

Each rule is one CONSTRUCT in a file of its own; files run in the order of their names, rounds
repeat until a round adds nothing. What follows goes to ``graph/inferred``. ``owlrl`` is the
referee for what the ontology's axioms state (tests/build/test_infer.py) and can take the place of
the axiom rules (``build --reasoner owlrl``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pyoxigraph as ox

from graph_service.build.quads import in_graph, store_of
from graph_service.vocabulary import ID, PREFIXES, RDF, graph

RULES = Path(__file__).parent / "rules"
INFERRED = ox.NamedNode(graph("inferred"))
MAX_ROUNDS = 20


def rules() -> list[tuple[str, str]]:
    """Name and CONSTRUCT of each rule, in the order in which they run."""
    return [(path.stem, path.read_text(encoding="utf-8")) for path in sorted(RULES.glob("*.rq"))]


def infer(
    quads: Iterable[ox.Quad],
    *,
    reasoner: str = "rules",
    tell: Callable[[str], None] = lambda _: None,
) -> set[ox.Quad]:
    """The triples that follow from ``quads`` and are not among them, in ``graph/inferred``.

    Args:
        quads: what is asserted, in any graphs.
        reasoner: ``rules``, or ``owlrl`` to let that library draw what the axioms state.
        tell: called with a line of progress.

    Raises:
        RuntimeError: the rules do not reach a fixpoint in ``MAX_ROUNDS`` rounds.
    """
    store = store_of({q.triple for q in quads})
    added: set[ox.Triple] = set()
    if reasoner == "owlrl":
        _extend(store, added, _owlrl(store))
    chosen = [(n, t) for n, t in rules() if not (reasoner == "owlrl" and n.startswith("1"))]
    # Predicates that came in since a rule last ran; a rule that reads none of them can rest.
    news: dict[str, set[str] | None] = dict.fromkeys((name for name, _ in chosen), None)
    for turn in range(MAX_ROUNDS):
        before = len(added)
        for name, text in chosen:
            fresh = news[name]
            if fresh is not None and not fresh & (reads(text) or fresh):
                continue
            news[name] = set()
            made = store.query(text, prefixes=PREFIXES)
            assert isinstance(made, ox.QueryTriples)
            predicates = _extend(store, added, made)
            for other in news.values():
                if other is not None:
                    other |= predicates
        tell(f"udledning, runde {turn + 1}: {len(added) - before} nye tripler")
        if len(added) == before:
            return set(in_graph(added, INFERRED))
    raise RuntimeError(f"the inference rules reach no fixpoint in {MAX_ROUNDS} rounds")


def reads(rule: str) -> set[str]:
    """IRIs of the predicates that a rule's pattern names; empty when it can read any."""
    pattern = re.sub(r"(?m)#.*$", "", rule[rule.index("WHERE") :])
    if re.search(r"\?\w+ \?\w+ \?\w+", pattern):
        return set()
    names = re.findall(r"(?<![\w?:])([a-z][\w-]*):(\w+)", pattern)
    return {PREFIXES[prefix] + local for prefix, local in names if prefix in PREFIXES} | {
        RDF + "type"
    }


def _extend(store: ox.Store, added: set[ox.Triple], triples: Iterable[ox.Triple]) -> set[str]:
    """Add the triples about things that the store does not have yet; return their predicates."""
    new = []
    for triple in set(triples):
        subject = triple.subject
        if not isinstance(subject, ox.NamedNode) or not subject.value.startswith(ID):
            continue
        (quad,) = in_graph([triple])
        if triple not in added and quad not in store:
            added.add(triple)
            new.append(quad)
    store.extend(new)
    return {quad.predicate.value for quad in new}


def _owlrl(store: ox.Store) -> Iterable[ox.Triple]:
    """What owlrl derives about things of ours: types and relations, no literals' axioms."""
    import owlrl
    import rdflib

    data = rdflib.Graph()
    turtle = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    data.parse(data=turtle, format="nt")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(data)
    kept = rdflib.Graph()
    for s, p, o in data:
        ours = isinstance(s, rdflib.URIRef) and str(s).startswith(ID)
        if ours and p != rdflib.OWL.sameAs and o not in (rdflib.OWL.Thing, rdflib.RDFS.Resource):
            kept.add((s, p, o))
    nt = kept.serialize(format="nt", encoding="utf-8")
    return [q.triple for q in ox.parse(nt, format=ox.RdfFormat.N_TRIPLES)]
