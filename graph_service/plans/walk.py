"""Steps that walk the index along a pattern."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from graph_service.build import shapes
from graph_service.plans.layout import Layout
from graph_service.plans.read import Unread
from graph_service.plans.source import Maker, Source, Writer, agreeing, in_one, nothing
from graph_service.store.index import ANYTHING, Index, Steps

#: A walk along a path, from the number of a thing.
Hop = Callable[[int], Sequence[int]]


@dataclass(frozen=True)
class Walk:
    """A maker: bind a register to each thing to which a property leads.

    Attributes:
        steps: of the property, in a direction.
        start, end: registers.
    """

    steps: Steps
    start: int
    end: int

    def __call__(self, source: Source, following: Writer) -> None:
        steps = source.value(self.steps)
        source.block(f"for r[{self.end}] in {steps}[r[{self.start}]]:", following)

    def or_nothing(self, source: Source, following: Writer) -> None:
        """The same, or once to nothing where it leads nowhere."""
        steps = source.value(self.steps)
        head = f"for r[{self.end}] in {steps}[r[{self.start}]] or (None,):"
        source.block(head, following)


class Walker:
    """Makes the steps.

    Args:
        index: what is walked.
        layout: where registers are.
    """

    def __init__(self, index: Index, layout: Layout) -> None:
        self._index, self._layout = index, layout

    def hop(self, path: shapes.Path, *, back: bool = False) -> Hop:
        """A walk along a path; each thing as often as there are ways to it."""
        match path:
            case shapes.Predicate(iri):
                there = self._index.properties.get(iri)
                if there is None:
                    return lambda _: ()
                steps = (self._index.backward if back else self._index.forward)[there.number]
                return steps.__getitem__
            case shapes.Inverse(inner):
                return self.hop(inner, back=not back)
            case shapes.Alternative(paths):
                hops = [self.hop(p, back=back) for p in paths]
                return lambda thing: [x for hop in hops for x in hop(thing)]
            case shapes.Sequence(paths):
                first, *others = [self.hop(p, back=back) for p in (paths[::-1] if back else paths)]

                def walk(thing: int) -> Sequence[int]:
                    found = first(thing)
                    for hop in others:
                        found = [y for x in found for y in hop(x)]
                    return found

                return walk
            case shapes.Repeat(inner, "?"):
                once = self.hop(inner, back=back)

                def at_most_once(thing: int) -> Sequence[int]:
                    if thing < 0:
                        raise Unread("a path of no steps from what is not in the graph")
                    return list(dict.fromkeys((thing, *once(thing))))

                return at_most_once
        raise Unread("a path of any length")

    def found(self, source: Source, path: shapes.Path, start: int, *, back: bool) -> str:
        """The expression of the things to which a path leads from a register. Properties, and
        several of them, are walked without a call: nearly all steps are of these kinds."""
        match path:
            case shapes.Predicate(iri) if iri in self._index.properties:
                steps = self._index.backward if back else self._index.forward
                return f"{source.value(steps[self._index.properties[iri].number])}[r[{start}]]"
            case shapes.Inverse(inner):
                return self.found(source, inner, start, back=not back)
            case shapes.Alternative(paths):
                each = [self.found(source, p, start, back=back) for p in paths]
                return "(" + "".join(f"*{one}, " for one in each) + ")"
        return f"{source.value(self.hop(path, back=back))}(r[{start}])"

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
            if there is None:
                return nothing
            steps = self._index.forward[there.number]
            subjects = self._index.subjects[there.number]

            def make(source: Source, following: Writer) -> None:
                if given:
                    found = f"r[{subject}] in {source.value(subjects)}[r[{value}]]"
                else:
                    found = f"r[{value}] in {source.value(steps)}[r[{subject}]]"
                source.block(f"if {found}:", following)

            return make

        def make_counted(source: Source, following: Writer) -> None:
            found = self.found(source, path, subject, back=False)
            source.block(f"for _ in range({found}.count(r[{value}])):", following)

        return make_counted

    def walk(self, path: shapes.Path, start: int, end: int, state: str, *, back: bool) -> Maker:
        """Bind a register to each end of a path.

        Args:
            start, end: registers.
            state: ``new``, or ``maybe`` where the end may be bound before and must then be so.
            back: whether the path is walked from its value.
        """
        if isinstance(path, shapes.Predicate) and state != "maybe":
            # Without a call: nearly all steps are of this kind.
            there = self._index.properties.get(path.iri)
            if there is None:
                return nothing
            steps = (self._index.backward if back else self._index.forward)[there.number]
            return Walk(steps, start, end)

        def make(source: Source, following: Writer) -> None:
            found = self.found(source, path, start, back=back)
            if state == "maybe":
                agreeing(source, end, found, following)
            else:
                source.block(f"for r[{end}] in {found}:", following)

        return make
