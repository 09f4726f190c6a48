"""The steps of a program, but for those that walk (:mod:`graph_service.plans.walk`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graph_service.plans.layout import FEW, FOUND, Run
from graph_service.plans.source import Maker, Source, Writer, agreeing, chained, registers
from graph_service.plans.values import Registers
from graph_service.plans.walk import Walk

#: Tells whether there is something: True, or None.
Finds = Callable[[Registers], object]


def offered(slot: int, terms: Sequence[int]) -> Maker:
    """Bind a register to each of some terms."""

    def make(source: Source, following: Writer) -> None:
        source.block(f"for r[{slot}] in {each_once(terms)}:", following)

    return make


def allowed(slot: int, terms: Sequence[int]) -> Maker:
    """Go on for each of some terms that a register holds; bind it where nothing is bound."""

    return lambda source, following: agreeing(source, slot, each_once(terms), following)


def each_once(terms: Sequence[int]) -> str:
    """The expression of the terms; of those that are not few, the last is repeated."""
    held = registers(terms)
    return held if len(terms) <= FEW else f"dict.fromkeys({held})"


def absent(finds: Finds) -> Maker:
    """Go on where nothing is found."""

    def make(source: Source, following: Writer) -> None:
        source.block(f"if {source.value(finds)}(r) is None:", following)

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
        go_on = source.places(following)

        def found(source: Source) -> None:
            source.line(f"r[{flag}] = True")
            go_on(source)

        def without(source: Source) -> None:
            for slot in new:
                source.line(f"r[{slot}] = None")
            go_on(source)

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
        go_on = source.places(following)
        for unbound, makers in branches:
            for slot in unbound:
                source.line(f"r[{slot}] = None")
            chained(makers, go_on)(source)

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


def exists(makers: Sequence[Maker], maybe: Sequence[int], shared: set[int]) -> Finds:
    """Whether some steps find anything.

    Args:
        maybe: the registers around them that they bind where nothing is bound.
        shared: registers that are filled or read elsewhere too.
    """
    source = Source(shared, until_found=True)
    walk = source.made(chained(makers, lambda source: source.line("return True")))
    if not maybe:
        return walk

    def restored(r: Registers) -> object:
        before = [r[slot] for slot in maybe]
        found = walk(r)
        for slot, value in zip(maybe, before, strict=True):
            r[slot] = value
        return found

    return restored
