"""The steps of a program as Python source: loops within loops, with no call between them.

Functions that call each other take half as long again as loops that walk the same. A register that
one function alone fills and reads is a variable of it, which takes a fifth of the time of a list's
place. What is written here comes from the compiler alone: numbers of registers, and names for
values that the code is given. Nothing of a query's text stands in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any

from graph_service.plans.read import Unread
from graph_service.plans.values import Registers, ValueProblem
from graph_service.store.index import FEW as FEW_THINGS
from graph_service.store.index import Steps

#: Blocks within blocks, beyond which a function of its own goes on: a step writes two at most, what
#: is written twice at most one more, and Python allows 20 loops.
DEEPEST = 15
#: Lines that are written at several places, beyond which each calls a function.
FEW = 2
#: A register, and the target of a loop or an assignment, which is where registers are filled.
REGISTER = re.compile(r"\br\[(\d+)\]")
FILLED = re.compile(r" *(?:for (.+?) in |(r\[\d+\]) = )")
#: The name of an operator's error.
PROBLEM = "ValueProblem"
#: Writes what comes at a place.
Writer = Callable[["Source"], None]
#: Writes a step, and what follows it.
Maker = Callable[["Source", Writer], None]


class Source:
    """The functions of a chain of steps, while they are written.

    Args:
        shared: registers that are filled or read elsewhere too; it grows by those of this source.
        until_found: a function returns True for all to end.
    """

    def __init__(self, shared: set[int], *, until_found: bool = False) -> None:
        self._shared = shared
        self._until_found = until_found
        self._values: dict[str, Any] = {PROBLEM: ValueProblem}
        self._written: list[tuple[str, list[str]]] = []
        self._lines: list[str] = []
        self._depth = 1
        self._fresh = count(1)

    def name(self) -> str:
        """A name that is not used yet."""
        return f"n{next(self._fresh)}"

    def value(self, value: object) -> str:
        """The name of a value that the code uses."""
        name = self.name()
        self._values[name] = value
        return name

    def line(self, text: str) -> None:
        """Write a line at this place."""
        self._lines.append(" " * self._depth + text)

    def block(self, head: str, inside: Writer) -> None:
        """Write a block."""
        self.line(head)
        self._depth += 1
        inside(self)
        self._depth -= 1

    def each(self, variable: str, things: str, inside: Writer) -> None:
        """Write a loop. Where each thing is walked from first of all, and none of them is left when
        something is found, they are read ahead."""
        at, indent = len(self._lines), " " * self._depth
        self.block(f"for {variable} in {things}:", inside)
        inner = "".join(self._lines[at + 1 : at + 2])
        first = re.search(rf"\b(n\d+)\[{re.escape(variable)}\]", inner)
        if not self._until_found and first and isinstance(self._values.get(first[1]), Steps):
            several = self.name()
            self._lines[at : at + 1] = [
                f"{indent}{several} = {things}",
                f"{indent}if len({several}) > {FEW_THINGS}: {first[1]}.ahead({several})",
                f"{indent}for {variable} in {several}:",
            ]

    def attempt(self, inside: Writer, otherwise: str) -> None:
        """Write lines, and the one that stands for them where an operator has an error."""
        self.block("try:", inside)
        self.block(f"except {PROBLEM}:", lambda source: source.line(otherwise))

    def step(self, maker: Maker, following: Writer) -> None:
        """Write a step and what follows it; in a function of its own where this is too deep."""
        if self._depth > DEEPEST:
            self.line(self._call(self._apart(lambda source: maker(source, following))))
        else:
            maker(self, following)

    def places(self, following: Writer) -> Writer:
        """What follows at several places: a few lines at each, or else a function's call."""
        lines = self._apart(following)
        if len(lines) > FEW:
            lines = [" " + self._call(lines)]

        def write(source: Source) -> None:
            source._lines += [" " * (source._depth - 1) + line for line in lines]

        return write

    def made(self, inside: Writer) -> Callable[[Registers], object]:
        """The function that a writer writes, ready to be called.

        Raises:
            Unread: Python does not nest as deeply.
        """
        try:
            name = self._function(self._apart(inside))
            # What is compiled was written above, see the module.
            exec(self._text(), self._values)  # noqa: S102
        except (SyntaxError, RecursionError) as error:
            raise Unread("an expression that is nested too deeply") from error
        made: Callable[[Registers], object] = self._values[name]
        return made

    def _apart(self, inside: Writer) -> list[str]:
        """The lines that a writer writes, as in a function."""
        around = self._lines, self._depth
        self._lines, self._depth = [], 1
        inside(self)
        lines = self._lines
        self._lines, self._depth = around
        return lines

    def _call(self, lines: list[str]) -> str:
        """The line that calls a function of lines."""
        called = f"{self._function(lines)}(r)"
        return f"if {called}: return True" if self._until_found else called

    def _function(self, lines: list[str]) -> str:
        """The name of a function of lines."""
        name = self.name()
        self._written.append((name, lines))
        return name

    def _text(self) -> str:
        """All that is written, with what is no one else's in variables."""
        used = Counter(slot for _, lines in self._written for slot in slots_in("\n".join(lines)))
        single = {slot for slot, times in used.items() if times == 1} - self._shared
        # In place: it is the layout's, and set |= keys would make another.
        self._shared.update(used)
        text = []
        for name, lines in self._written:
            own = {slot for line in lines for slot in slots_in(target(line))} & single
            self._shared -= own
            text.append(f"def {name}(r):")
            if own:
                text.append(" " + "".join(f"v{slot} = " for slot in sorted(own)) + "None")
            text += [
                REGISTER.sub(lambda m: f"v{m[1]}" if int(m[1]) in own else m[0], line)  # noqa: B023
                for line in lines
            ]
        return "\n".join(text)


def slots_in(text: str) -> set[int]:
    """The registers in a piece of source."""
    return set(map(int, REGISTER.findall(text)))


def target(line: str) -> str:
    """What a line fills, or nothing."""
    match = FILLED.match(line)
    return (match[1] or match[2]) if match else ""


def chained(makers: Sequence[Maker], last: Writer) -> Writer:
    """Steps one within the other, the last one innermost."""
    for maker in reversed(makers):
        last = _followed(maker, last)
    return last


def _followed(maker: Maker, following: Writer) -> Writer:
    return lambda source: source.step(maker, following)


def in_one(makers: Sequence[Maker]) -> Maker:
    """Several steps as one."""
    return lambda source, following: chained(makers, following)(source)


def agreeing(source: Source, slot: int, things: str, following: Writer) -> None:
    """Write what goes on for each thing that a register holds; bound to it where it holds nothing.

    Args:
        things: the expression that gives them.
    """
    before, thing = source.name(), source.name()

    def bind(source: Source) -> None:
        source.line(f"r[{slot}] = {thing}")
        following(source)

    def each(source: Source) -> None:
        source.block(f"if {before} is None or {thing} == {before}:", bind)

    source.line(f"{before} = r[{slot}]")
    source.block(f"for {thing} in {things}:", each)
    source.line(f"r[{slot}] = {before}")


def in_tuple(parts: Iterable[str]) -> str:
    """Expressions as a tuple."""
    return "(" + "".join(f"{part}, " for part in parts) + ")"


def registers(slots: Iterable[int]) -> str:
    """Registers as a tuple, to be read or to be bound."""
    return in_tuple(f"r[{slot}]" for slot in slots)
