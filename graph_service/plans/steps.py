"""The steps of a program, but for those that walk (:mod:`graph_service.plans.walk`).

Each function gives a maker: what makes a step of the step that follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyoxigraph as ox

from graph_service.plans.layout import FOUND, Maker, Run, Step, chained
from graph_service.plans.values import Evaluated, Registers, ValueProblem

Passes = Callable[[Registers], bool]


class Proven(Exception):
    """The group of an ``EXISTS`` has a solution."""


def offered(slot: int, terms: Sequence[int]) -> Maker:
    """Bind a register to each of some terms."""

    def make(following: Step) -> Step:
        def step(r: Registers) -> None:
            for one in terms:
                r[slot] = r[one]
                following(r)

        return step

    return make


def allowed(slot: int, terms: Sequence[int]) -> Maker:
    """Go on for each of some terms that a register holds; bind it where nothing is bound."""

    def make(following: Step) -> Step:
        def step(r: Registers) -> None:
            before = r[slot]
            for one in terms:
                if before is None or before == r[one]:
                    r[slot] = r[one]
                    following(r)
            r[slot] = before

        return step

    return make


def computed(slot: int, value: Evaluated) -> Maker:
    """Bind a register to the value of an expression; to nothing where it has none."""

    def make(following: Step) -> Step:
        def step(r: Registers) -> None:
            try:
                found = value(r)
            except ValueProblem:
                found = None
            # A truth value would equal the number of a term.
            r[slot] = ox.Literal(found) if isinstance(found, bool) else found
            following(r)

        return step

    return make


def filtered(passes: Passes) -> Maker:
    """Go on where a filter holds."""

    def make(following: Step) -> Step:
        def step(r: Registers) -> None:
            if passes(r):
                following(r)

        return step

    return make


def remembered(passes: Passes, asked: int, known: int) -> Maker:
    """As :func:`filtered`, of one register: what the filter said of a value it says again.

    Args:
        asked: the register.
        known: another one, for what was said in this run.
    """

    def said_before(r: Registers) -> bool:
        said: Any = r[known]
        if said is None:
            said = r[known] = {}
        value = r[asked]
        answer = said.get(value)
        if answer is None:
            answer = said[value] = passes(r)
        return bool(answer)

    return filtered(said_before)


def optional(makers: Sequence[Maker], new: Sequence[int], flag: int) -> Maker:
    """What some steps find, or else, once, nothing.

    Args:
        new: the registers that they alone bind.
        flag: a register that tells whether they found something.
    """

    def make(following: Step) -> Step:
        def found(r: Registers) -> None:
            r[flag] = True
            following(r)

        chain = chained(makers, found)

        def step(r: Registers) -> None:
            r[flag] = False
            chain(r)
            if not r[flag]:
                for slot in new:
                    r[slot] = None
                following(r)

        return step

    return make


def either(branches: Sequence[tuple[Sequence[int], Sequence[Maker]]]) -> Maker:
    """What each of some chains of steps finds.

    Args:
        branches: the registers that only the others bind, and the steps.
    """

    def make(following: Step) -> Step:
        chains = [(unbound, chained(makers, following)) for unbound, makers in branches]

        def step(r: Registers) -> None:
            for unbound, chain in chains:
                for slot in unbound:
                    r[slot] = None
                chain(r)

        return step

    return make


def by_itself(run: Run, slots: Sequence[int], once: int) -> Maker:
    """The rows of a query that depends on nothing around it.

    Args:
        slots: the registers of its columns.
        once: a register that keeps its rows.
    """

    def make(following: Step) -> Step:
        def step(r: Registers) -> None:
            rows: Any = r[once]
            if rows is None:
                kept = r[FOUND]
                rows = r[once] = list(run(r))
                r[FOUND] = kept
            for row in rows:
                for slot, value in zip(slots, row, strict=True):
                    r[slot] = value
                following(r)

        return step

    return make


def exists(makers: Sequence[Maker], maybe: Sequence[int], *, positive: bool) -> Passes:
    """Whether some steps find anything.

    Args:
        maybe: the registers around them that they bind where nothing is bound.
        positive: or else whether they find nothing.
    """

    def proven(_: Registers) -> None:
        raise Proven

    chain = chained(makers, proven)

    def there_is(r: Registers) -> bool:
        before = [r[slot] for slot in maybe]
        try:
            chain(r)
        except Proven:
            for slot, value in zip(maybe, before, strict=True):
                r[slot] = value
            return positive
        return not positive

    return there_is
