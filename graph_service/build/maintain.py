"""Keep what is inferred in step with a change, without inferring everything again.

Delete and rederive (Gupta, Mumick and Subrahmanian 1993), on the same rules as a full build:

1. From each triple changed, find every conclusion that it could bring or take, through each
   pattern of each rule, those within NOT EXISTS included; and on from each of these.
2. Take away all conclusions that could be lost.
3. In rounds, rule by rule in the order of a full build, put back what still follows and add what
   now does. A conclusion that could be lost is asked for backwards, from its rule's head; one that
   could be gained is asked for by the solutions found in step 1.

Like a full build, this presumes that what stands within a NOT EXISTS is settled by the rules
before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph_service.build.expressions import Binding, known
from graph_service.build.grammar import parse
from graph_service.build.infer import INFERRED, MAX_ROUNDS
from graph_service.build.patterns import Branch, Pattern, Variable
from graph_service.build.reach import View
from graph_service.build.shapes import Term
from graph_service.build.solve import crossings, finish, join, resolve, solutions, unify
from graph_service.vocabulary import ID, PREFIXES


@dataclass(frozen=True)
class Change:
    """Triples added to a graph and triples removed from it."""

    added: frozenset[ox.Triple] = frozenset()
    removed: frozenset[ox.Triple] = frozenset()


@dataclass(frozen=True)
class Rule:
    """A rule: what follows, and the conjunctions from which it does."""

    name: str
    heads: tuple[Pattern, ...]
    branches: tuple[Branch, ...]


def compile_rules(texts: Iterable[tuple[str, str]]) -> list[Rule]:
    """Rules from their names and CONSTRUCT queries.

    Raises:
        ValueError: a rule uses a part of SPARQL that is not read or evaluated here.
    """
    found = []
    for name, text in texts:
        query = parse(text, PREFIXES)
        for branch in query.branches:
            for expression in (*branch.filters, *(e for _, e in branch.binds)):
                known(expression)
        found.append(Rule(name, query.template, query.branches))
    return found


Proof = tuple[Rule, Branch, Binding]


@dataclass
class _Candidates:
    """What a change could bring and take."""

    lost: set[ox.Triple] = field(default_factory=set)
    gained: dict[ox.Triple, list[Proof]] = field(default_factory=lambda: defaultdict(list))


def maintain(store: ox.Store, change: Change, rules: list[Rule]) -> Change:
    """The whole change of the merged graph: the change itself and that of what is inferred.

    Args:
        store: the graph before the change: all triples in the default graph, and those of them
            that are inferred in ``graph/inferred`` too.
        change: of what is asserted, descriptions of passages included.
    """
    added = change.added - change.removed
    before = View(store)
    removed = {t for t in change.removed if t in before and not _inferred(store, t)}
    wide = View(store)
    for triple in added:
        wide.add(triple)
    fresh = [t for t in added if t not in before]
    start = [(t, True) for t in fresh] + [(t, False) for t in removed]
    found = _candidates(store, before, wide, start, added, rules)

    after = wide.copy()
    pending = found.lost | removed | set(found.gained)
    for triple in pending:
        after.remove(triple)
    _rederive(after, pending, found, wide, rules)
    touched = set(fresh) | removed | found.lost | set(found.gained)
    return Change(
        frozenset(t for t in touched if t in after and t not in before),
        frozenset(t for t in touched if t in before and t not in after),
    )


def _inferred(store: ox.Store, t: ox.Triple) -> bool:
    return ox.Quad(t.subject, t.predicate, t.object, INFERRED) in store


def _candidates(
    store: ox.Store,
    before: View,
    wide: View,
    queue: list[tuple[ox.Triple, bool]],
    certain: Set[ox.Triple],
    rules: list[Rule],
) -> _Candidates:
    """Every conclusion that could come or go; ``wide`` grows by those that could come.

    Args:
        queue: the triples that come (True) and go.
        certain: triples that stay whatever follows.
    """
    found = _Candidates()
    while queue:
        triple, comes = queue.pop()
        for rule in rules:
            for branch in rule.branches:
                for binding, positive in _uses(branch, triple, wide):
                    for head in _heads(rule, binding):
                        there = head in before
                        if head in certain:
                            continue
                        if not there and (comes or not positive):
                            if head not in found.gained:
                                wide.add(head)
                                queue.append((head, True))
                            found.gained[head].append((rule, branch, binding))
                        elif (
                            there
                            and not (comes and positive)
                            and head not in found.lost
                            and _inferred(store, head)
                        ):
                            found.lost.add(head)
                            queue.append((head, False))
    return found


def _uses(branch: Branch, triple: ox.Triple, view: View) -> Iterator[tuple[Binding, bool]]:
    """The solutions that could depend on a triple; whether it is one of the patterns that hold."""
    own = branch.variables()
    count = len(branch.patterns)
    for patterns in branch.deep():
        positive = len(patterns) == count and patterns == branch.patterns
        for i, pattern in enumerate(patterns):
            if not positive and i < count:
                continue
            rest = patterns[:i] + patterns[i + 1 :]
            for start in crossings(pattern, triple, view):
                for binding in join(rest, start, view):
                    bound = {v: t for v, t in binding.items() if v in own}
                    done = finish(branch, bound, view, loose=True)
                    if done is not None:
                        yield done, positive


def _heads(rule: Rule, binding: Binding) -> Iterator[ox.Triple]:
    """The triples about things of ours that a solution makes."""
    for head in rule.heads:
        if (made := _made(head, binding)) is not None:
            yield made


def _made(head: Pattern, binding: Binding) -> ox.Triple | None:
    subject, value = resolve(head.subject, binding), resolve(head.object, binding)
    verb: Term | None
    if isinstance(head.path, Variable):
        verb = binding.get(head.path)
    else:
        verb = ox.NamedNode(getattr(head.path, "iri", ""))
    if not isinstance(subject, ox.NamedNode) or not isinstance(verb, ox.NamedNode):
        return None
    if value is None or not subject.value.startswith(ID):
        return None
    return ox.Triple(subject, verb, value)


def _rederive(
    after: View, pending: set[ox.Triple], found: _Candidates, wide: View, rules: list[Rule]
) -> None:
    """Put into ``after`` what follows of the pending triples."""
    for _ in range(MAX_ROUNDS):
        count = len(pending)
        for rule in rules:
            derived = [t for t in pending if _follows(rule, t, found, after, wide)]
            for triple in derived:
                after.add(triple)
                pending.discard(triple)
        if len(pending) == count:
            return
    raise RuntimeError(f"the inference rules reach no fixpoint in {MAX_ROUNDS} rounds")


def _follows(rule: Rule, triple: ox.Triple, found: _Candidates, after: View, wide: View) -> bool:
    if triple in found.gained:
        return any(
            next(solutions(branch, binding, after), None) is not None
            for by, branch, binding in found.gained[triple]
            if by is rule
        )
    for head in rule.heads:
        start = unify(head, (triple.subject, triple.predicate, triple.object), {})
        if start is None:
            continue
        for branch in rule.branches:
            made = {v for v, _ in branch.binds}
            if not head.variables() <= made | branch.variables():
                continue
            for binding in _linked(rule, start, made, wide):
                for solution in solutions(branch, binding, after):
                    if _made(head, solution) == triple:
                        return True
    return False


def _linked(rule: Rule, start: Binding, made: set[Variable], wide: View) -> Iterator[Binding]:
    """Bindings of a rule's solution from a thing that the rule made.

    A variable that is computed cannot be solved for. But a solution that makes a thing makes all
    the triples of the rule's head about it at once, so these tell what its other variables were.
    """
    links = tuple(h for h in rule.heads if h.variables() & made & set(start))
    others = [h for h in links if h.variables() - made]
    if not others:
        yield start
        return
    single = []
    for head in others:
        values = list(join((head,), start, wide))
        if len(values) == 1:
            single.append(head)
    chosen = tuple(single) or (others[0],)
    yield from join(chosen, start, wide)
