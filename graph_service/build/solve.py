"""Find the solutions of graph patterns near given nodes.

For small questions with something bound; whole-graph questions are Oxigraph's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pyoxigraph as ox

from graph_service.build.expressions import Binding, ExpressionError, truth, value
from graph_service.build.patterns import (
    Branch,
    Exists,
    Expression,
    Pattern,
    TermOrVariable,
    Variable,
)
from graph_service.build.reach import Automaton, View
from graph_service.build.shapes import Path, Predicate, Term


@cache
def automaton(path: Path) -> tuple[Automaton, int]:
    """The automaton of a path and its last state."""
    made = Automaton()
    return made, made.walk(0, path)


def resolve(term: TermOrVariable, binding: Binding) -> Term | None:
    """What a term stands for; None for a variable that is not bound."""
    return binding.get(term) if isinstance(term, Variable) else term


def unify(
    pattern: Pattern, triple: tuple[Term, Term | None, Term], binding: Binding
) -> Binding | None:
    """The binding extended so that a pattern is a triple; None when it cannot be."""
    found = dict(binding)
    for part, term in zip((pattern.subject, pattern.path, pattern.object), triple, strict=True):
        if term is None:
            continue
        if isinstance(part, Variable):
            if found.setdefault(part, term) != term:
                return None
        elif (part != term and not isinstance(part, Predicate)) or (
            isinstance(part, Predicate) and part.iri != getattr(term, "value", None)
        ):
            return None
    return found


def matches(pattern: Pattern, binding: Binding, view: View) -> Iterator[Binding]:
    """Every extension of a binding by one pattern."""
    s, o = resolve(pattern.subject, binding), resolve(pattern.object, binding)
    if isinstance(pattern.path, Variable | Predicate):
        p = (
            resolve(pattern.path, binding)
            if isinstance(pattern.path, Variable)
            else ox.NamedNode(pattern.path.iri)
        )
        if p is not None and not isinstance(p, ox.NamedNode):
            return
        for t in view.match(s, p, o):
            if (found := unify(pattern, (t.subject, t.predicate, t.object), binding)) is not None:
                yield found
        return
    made, end = automaton(pattern.path)
    pairs: Iterator[tuple[Term, Term]]
    if s is not None:
        pairs = ((s, n) for n, at in made.run(view, s) if at == end)
    elif o is not None:
        pairs = ((n, o) for n, at in made.back(view, o, end) if at == 0)
    else:
        nodes = {n for t in view.match(None, None, None) for n in (t.subject, t.object)}
        pairs = ((s, n) for s in nodes for n, at in made.run(view, s) if at == end)
    for start, last in pairs:
        if (found := unify(pattern, (start, None, last), binding)) is not None:
            yield found


def crossings(pattern: Pattern, triple: ox.Triple, view: View) -> Iterator[Binding]:
    """Every binding of one pattern that uses a triple."""
    if isinstance(pattern.path, Variable | Predicate):
        found = unify(pattern, (triple.subject, triple.predicate, triple.object), {})
        if found is not None:
            yield found
        return
    made, end = automaton(pattern.path)
    for step, before, after in made.crossed(triple):
        starts = [n for n, at in made.back(view, before, step.source) if at == 0]
        ends = [n for n, at in made.run(view, after, step.target) if at == end]
        for start in starts:
            for last in ends:
                if (found := unify(pattern, (start, None, last), {})) is not None:
                    yield found


def join(patterns: tuple[Pattern, ...], binding: Binding, view: View) -> Iterator[Binding]:
    """Every extension of a binding by all patterns, the most bound of them first."""
    if not patterns:
        yield binding
        return
    best = max(patterns, key=lambda p: _bound(p, binding))
    rest = tuple(p for p in patterns if p is not best)
    for found in matches(best, binding, view):
        yield from join(rest, found, view)


def _bound(pattern: Pattern, binding: Binding) -> int:
    ends = sum(resolve(t, binding) is not None for t in (pattern.subject, pattern.object))
    verb = not isinstance(pattern.path, Variable) or pattern.path in binding
    return 2 * ends + verb


def solutions(
    branch: Branch, binding: Binding, view: View, *, loose: bool = False
) -> Iterator[Binding]:
    """Every solution of a conjunction that extends a binding.

    Args:
        loose: let pass whatever an EXISTS or NOT EXISTS would decide.
    """
    for found in join(branch.patterns, binding, view):
        done = finish(branch, found, view, loose=loose)
        if done is not None:
            yield done


def finish(branch: Branch, binding: Binding, view: View, *, loose: bool) -> Binding | None:
    """A solution of the patterns with what is computed from it; None when a filter refuses it."""

    def ask(branches: tuple[Branch, ...], bound: Binding) -> bool:
        return any(next(solutions(b, bound, view), None) is not None for b in branches)

    found = dict(binding)
    try:
        for variable, expression in branch.binds:
            made = value(expression, found, ask)
            if found.setdefault(variable, made) != made:
                return None
        for expression in branch.filters:
            if loose and asks(expression):
                continue
            if not truth(value(expression, found, ask)):
                return None
    except ExpressionError:
        return None
    return found


def asks(expression: Expression) -> bool:
    """Whether an expression has an EXISTS or NOT EXISTS in it."""
    return isinstance(expression, Exists) or any(Branch(filters=(expression,)).exists())
