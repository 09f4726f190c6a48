"""Steps that walk the index along a pattern."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from graph_service.build import shapes
from graph_service.plans.layout import Layout
from graph_service.plans.read import Unread
from graph_service.plans.source import Maker, Source, Writer, agreeing, in_one, in_tuple
from graph_service.store.index import ANYTHING, Index


@dataclass(frozen=True)
class Walk:
    """A maker: bind a register to each thing to which a path leads.

    Attributes:
        found: writes the expression of the things.
        end: the register.
    """

    found: Callable[[Source], str]
    end: int

    def __call__(self, source: Source, following: Writer) -> None:
        source.each(f"r[{self.end}]", self.found(source), following)

    def or_nothing(self, source: Source, following: Writer) -> None:
        """The same, or once to nothing where it leads nowhere."""
        source.block(f"for r[{self.end}] in {self.found(source)} or (None,):", following)


class Walker:
    """Makes the steps.

    Args:
        index: what is walked.
        layout: where registers are.
    """

    def __init__(self, index: Index, layout: Layout) -> None:
        self._index, self._layout = index, layout

    def found(self, source: Source, path: shapes.Path, start: str, *, back: bool = False) -> str:
        """The expression of the things to which a path leads, each as often as there are ways.

        Args:
            start: the expression of where it begins.
            back: whether it is walked from its value.

        Raises:
            Unread: it is of any length.
        """
        match path:
            case shapes.Predicate(iri):
                there = self._index.properties.get(iri)
                if there is None:
                    return "()"
                steps = (self._index.backward if back else self._index.forward)[there.number]
                return f"{source.value(steps)}[{start}]"
            case shapes.Inverse(inner):
                return self.found(source, inner, start, back=not back)
            case shapes.Alternative(paths):
                return in_tuple(f"*{self.found(source, p, start, back=back)}" for p in paths)
            case shapes.Sequence(paths):
                thing, ways = start, ""
                for one in paths[::-1] if back else paths:
                    found = self.found(source, one, thing, back=back)
                    thing = source.name()
                    ways += f" for {thing} in {found}"
                return f"[{thing}{ways}]"
            case shapes.Repeat(inner, "?"):
                once = self.found(source, inner, start, back=back)
                return f"{source.value(at_most_once)}({start}, {once})"
        raise Unread("a path of any length")

    def scan(self, path: shapes.Path, subject: int, value: int) -> Maker:
        """Walk all triples of a property, or of several."""
        paths = path.paths if isinstance(path, shapes.Alternative) else (path,)
        if not all(isinstance(p, shapes.Predicate) for p in paths):
            raise Unread("a path of which no end is known")
        start = self._layout.register(ANYTHING)
        walks = [
            in_one(
                [
                    self.walk(p, start, subject, "new", back=True),
                    self.walk(p, subject, value, "new", back=False),
                ]
            )
            for p in paths
        ]
        if len(walks) == 1:
            return walks[0]

        def make(source: Source, following: Writer) -> None:
            go_on = source.places(following)
            for walk in walks:
                walk(source, go_on)

        return make

    def around(
        self, start: int, end: int, state: str, property: int, named: str, *, back: bool
    ) -> Maker:
        """Walk all properties of a thing, or all that lead to it."""
        if "maybe" in (state, named):
            raise Unread("any property of what may be bound")
        around = partial(self._index.around, back=back)

        def make(source: Source, following: Writer) -> None:
            name, thing = source.name(), source.name()
            known = [f"r[{property}] == {name}"] if named == "known" else []
            known += [f"r[{end}] == {thing}"] if state == "known" else []

            def bind(source: Source) -> None:
                if named != "known":
                    source.line(f"r[{property}] = {name}")
                if state != "known":
                    source.line(f"r[{end}] = {thing}")
                following(source)

            def each(source: Source) -> None:
                source.block(f"if {' and '.join(known) or True}:", bind)

            source.block(f"for {name}, {thing} in {source.value(around)}(r[{start}]):", each)

        return make

    def check(self, path: shapes.Path, subject: int, value: int, *, given: bool) -> Maker:
        """Go on for each way along a path between two registers.

        Args:
            given: whether the value is asked for, and so the same for many subjects.
        """
        if isinstance(path, shapes.Predicate):
            there = self._index.properties.get(path.iri)

            def make(source: Source, following: Writer) -> None:
                if given and there:
                    subjects = source.value(self._index.subjects[there.number])
                    found = f"r[{subject}] in {subjects}[r[{value}]]"
                else:
                    found = f"r[{value}] in {self.found(source, path, f'r[{subject}]')}"
                source.block(f"if {found}:", following)

            return make

        def make_counted(source: Source, following: Writer) -> None:
            found = self.found(source, path, f"r[{subject}]")
            source.block(f"for _ in range({found}.count(r[{value}])):", following)

        return make_counted

    def walk(self, path: shapes.Path, start: int, end: int, state: str, *, back: bool) -> Maker:
        """Bind a register to each end of a path.

        Args:
            start, end: registers.
            state: ``new``, or ``maybe`` where the end may be bound before and must then be so.
            back: whether the path is walked from its value.
        """
        found = partial(self.found, path=path, start=f"r[{start}]", back=back)
        if state == "maybe":
            return lambda source, following: agreeing(source, end, found(source), following)
        return Walk(found, end)


def at_most_once(thing: int, once: Sequence[int]) -> Sequence[int]:
    """A thing and those that are a step from it, each once.

    Raises:
        Unread: it is not in the graph, and so no end of a path here.
    """
    if thing < 0:
        raise Unread("a path of no steps from what is not in the graph")
    return list(dict.fromkeys((thing, *once)))
