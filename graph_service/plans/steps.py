"""The steps of a program, but for those that walk (:mod:`graph_service.plans.walk`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyoxigraph as ox

from graph_service.plans.layout import FOUND, Run
from graph_service.plans.source import Maker, Source, Writer, agreeing, chained, registers
from graph_service.plans.values import Evaluated, Registers, ValueProblem
from graph_service.plans.walk import Walk

Passes = Callable[[Registers], bool]


class Proven(Exception):
    """The group of an ``EXISTS`` has a solution."""


def offered(slot: int, terms: Sequence[int]) -> Maker:
    """Bind a register to each of some terms."""

    def make(source: Source, following: Writer) -> None:
        source.block(f"for r[{slot}] in {registers(terms)}:", following)

    return make


def allowed(slot: int, terms: Sequence[int]) -> Maker:
    """Go on for each of some terms that a register holds; bind it where nothing is bound."""

    return lambda source, following: agreeing(source, slot, registers(terms), following)


def computed(slot: int, value: Evaluated) -> Maker:
    """Bind a register to the value of an expression; to nothing where it has none."""

    def found(r: Registers) -> object:
        try:
            found = value(r)
        except ValueProblem:
            return None
        # A truth value would equal the number of a term.
        return ox.Literal(found) if isinstance(found, bool) else found

    def make(source: Source, following: Writer) -> None:
        source.line(f"r[{slot}] = {source.value(found)}(r)")
        following(source)

    return make


def filtered(passes: Passes) -> Maker:
    """Go on where a filter holds."""

    def make(source: Source, following: Writer) -> None:
        source.block(f"if {source.value(passes)}(r):", following)

    return make


def remembered(passes: Passes, asked: int, known: int) -> Maker:
    """As :func:`filtered`, of one register: what the filter said of a value it says again.

    Args:
        asked: the register.
        known: another one, for what was said in this run.
    """

    def say(r: Registers) -> bool:
        answer = passes(r)
        said: Any = r[known]
        if said is None:
            r[known] = {r[asked]: answer}
        else:
            said[r[asked]] = answer
        return answer

    def make(source: Source, following: Writer) -> None:
        said = source.name()
        source.line(f"{said} = r[{known}] and r[{known}].get(r[{asked}])")
        source.block(f"if {source.value(say)}(r) if {said} is None else {said}:", following)

    return make


def optional(makers: Sequence[Maker], new: Sequence[int], flag: int) -> Maker:
    """What some steps find, or else, once, nothing.

    Args:
        new: the registers that they alone bind.
        flag: a register that tells whether they found something.
    """
    if len(makers) == 1 and isinstance(walk := makers[0], Walk) and list(new) == [walk.end]:
        return walk.or_nothing

    def make(source: Source, following: Writer) -> None:
        go_on = source.call(following)

        def found(source: Source) -> None:
            source.line(f"r[{flag}] = True")
            source.line(go_on)

        def without(source: Source) -> None:
            for slot in new:
                source.line(f"r[{slot}] = None")
            source.line(go_on)

        source.line(f"r[{flag}] = False")
        chained(makers, found)(source)
        source.block(f"if not r[{flag}]:", without)

    return make


def either(branches: Sequence[tuple[Sequence[int], Sequence[Maker]]]) -> Maker:
    """What each of some chains of steps finds.

    Args:
        branches: the registers that only the others bind, and the steps.
    """

    def make(source: Source, following: Writer) -> None:
        go_on = source.call(following)
        for unbound, makers in branches:
            for slot in unbound:
                source.line(f"r[{slot}] = None")
            chained(makers, lambda source: source.line(go_on))(source)

    return make


def by_itself(run: Run, slots: Sequence[int], once: int) -> Maker:
    """The rows of a query that depends on nothing around it.

    Args:
        slots: the registers of its columns.
        once: a register that keeps its rows.
    """

    def rows(r: Registers) -> Any:
        if r[once] is None:
            kept = r[FOUND]
            r[once] = list(run(r))
            r[FOUND] = kept
        return r[once]

    def make(source: Source, following: Writer) -> None:
        source.block(f"for {registers(slots)} in {source.value(rows)}(r):", following)

    return make


def exists(
    makers: Sequence[Maker], maybe: Sequence[int], shared: set[int], *, positive: bool
) -> Passes:
    """Whether some steps find anything.

    Args:
        maybe: the registers around them that they bind where nothing is bound.
        shared: registers that are filled or read elsewhere too.
        positive: or else whether they find nothing.
    """
    source = Source(shared)
    proven = f"raise {source.value(Proven)}"
    walk = source.made(chained(makers, lambda source: source.line(proven)))

    def there_is(r: Registers) -> bool:
        before = [r[slot] for slot in maybe]
        try:
            walk(r)
        except Proven:
            for slot, value in zip(maybe, before, strict=True):
                r[slot] = value
            return positive
        return not positive

    return there_is
