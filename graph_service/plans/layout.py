"""What a program is made of: registers, the steps that fill them, the names they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph_service.build.patterns import Variable
from graph_service.plans.read import Unread
from graph_service.plans.values import Registers, made
from graph_service.store import Term
from graph_service.store.index import NOWHERE, Index

#: Gives the rows of a SELECT.
Run = Callable[[Registers], Iterable[Sequence[object]]]
#: The register that holds what was found.
FOUND = 0
#: Values of a parameter that are few: what is remembered of each is still there for the next thing.
FEW = 10
#: In place of a parameter's term while a question is compiled.
PLACE = "urn:parameter:"


@dataclass
class Names:
    """The variables that are known at a place.

    Attributes:
        slots: name → register.
        certain: those that are bound in every solution.
        maybe: those that are bound in some.
        made: those whose value need not be the number of a term.
    """

    slots: dict[str, int] = field(default_factory=dict)
    certain: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)

    def copy(self) -> Names:
        """Another that begins as this one."""
        return Names(dict(self.slots), set(self.certain), set(self.maybe), set(self.made))

    def known(self) -> set[str]:
        """Those that are bound in some solution at least."""
        return self.certain | self.maybe


class Layout:
    """Which register holds what.

    Args:
        index: whose numbers stand for terms.
        asked: parameter and place → the number of the thing that is asked for first.

    Attributes:
        registers: their contents before a program runs.
        places: parameter and place → the register of that term.
        walked: the registers of those literals that patterns have.
        memos: the registers that hold an empty dictionary when a run begins.
        given: variable → the registers of the parameter's terms, of which it is one.
        shared: the registers that something is in at the start, or that functions fill or read
            beside the source of one walk.
    """

    def __init__(self, index: Index, asked: Mapping[tuple[str, int], int | None]) -> None:
        self._asked = asked
        self.registers: Registers = [None]
        self.places: dict[tuple[str, int], int] = {}
        self.walked: set[int] = set()
        self.memos: list[int] = []
        self.given: dict[str, list[int]] = {}
        self.shared: set[int] = {FOUND}
        self._index = index
        self._constants: dict[Term | ox.Triple, int] = {}

    def register(self, value: object = None) -> int:
        """A new register with a value."""
        self.registers.append(value)
        slot = len(self.registers) - 1
        return slot if value is None else self.share(slot)

    def memo(self) -> int:
        """A new register for what is remembered during a run."""
        self.memos.append(self.share(self.register()))
        return self.memos[-1]

    def share(self, slot: int) -> int:
        """A register that a function reads or fills by itself."""
        self.shared.add(slot)
        return slot

    def slot(self, name: str, names: Names) -> int:
        """The register of a variable."""
        if name not in names.slots:
            names.slots[name] = self.register()
        return names.slots[name]

    def asked(self, term: ox.NamedNode) -> int | None:
        """The number of a constant, or of what a parameter is when the program is made."""
        given = place_of(term)
        return self._asked.get(given[1]) if given else self._index.number(str(term))

    def constant(self, term: Term | ox.Triple) -> tuple[int, bool]:
        """The register of a constant, and whether it holds the number of a term."""
        given = place_of(term)
        if given:
            is_thing, place = given
            if place not in self.places:
                self.places[place] = self.share(self.register())
            return self.places[place], is_thing
        if term not in self._constants:
            number = self._index.number(str(term))
            absent = made(term) if isinstance(term, ox.Literal) else term
            self._constants[term] = self.register(absent if number is None else number)
        slot = self._constants[term]
        return slot, type(self.registers[slot]) is int

    def is_given(self, term: Term | ox.Triple | Variable) -> bool:
        """Whether it is a term that a parameter gives, or a variable that is one of a few."""
        if isinstance(term, Variable):
            return 0 < len(self.given.get(term.value, ())) <= FEW
        return place_of(term) is not None

    def end(self, term: Term | ox.Triple | Variable, names: Names) -> tuple[int, str]:
        """The register of an end of a pattern, and what is known of it."""
        if isinstance(term, Variable):
            name = term.value
            if name in names.made:
                if name not in self.given:
                    raise Unread(f"?{name} was made and stands in a pattern")
                self.walked.update(self.given[name])
            slot = self.slot(name, names)
            if name in names.certain:
                return slot, "known"
            return slot, "maybe" if name in names.maybe else "new"
        slot, is_number_of_term = self.constant(term)
        if not is_number_of_term:
            if place_of(term):
                self.walked.add(slot)
            else:
                # What no triple has leads nowhere.
                slot = self.register(NOWHERE)
        return slot, "known"


def placeholder(name: str, place: int, term: str) -> str:
    """What stands for the term of a parameter while a question is compiled."""
    kind = "thing" if term.startswith("<") else "value"
    return f"<{PLACE}{kind}:{name}:{place}>"


def place_of(term: Term | ox.Triple) -> tuple[bool, tuple[str, int]] | None:
    """Whether a placeholder stands for a thing, and for which parameter and place; None of a term
    that is no placeholder."""
    if not isinstance(term, ox.NamedNode) or not term.value.startswith(PLACE):
        return None
    kind, name, place = term.value.removeprefix(PLACE).split(":")
    return kind == "thing", (name, int(place))
