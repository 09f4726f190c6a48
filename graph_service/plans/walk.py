"""Steps that walk the index along a pattern."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graph_service.build import shapes
from graph_service.plans.layout import Layout, Maker, Step, in_one, nothing
from graph_service.plans.read import Unread
from graph_service.plans.values import Registers
from graph_service.store.index import ANYTHING, Index

#: A walk along a path, from the number of a thing.
Hop = Callable[[int], Sequence[int]]


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

        def make(following: Step) -> Step:
            steps = [walk(following) for walk in walks]

            def step(r: Registers) -> None:
                for one in steps:
                    one(r)

            return step

        return make

    def around(
        self, start: int, end: int, state: str, property: int, named: str, *, back: bool
    ) -> Maker:
        """Walk all properties of a thing, or all that lead to it."""
        around = self._index.around
        if "maybe" in (state, named):
            raise Unread("any property of what may be bound")

        def make(following: Step) -> Step:
            def step(r: Registers) -> None:
                for name, thing in around(r[start], back=back):  # type: ignore[arg-type]
                    if (named == "known" and r[property] != name) or (
                        state == "known" and r[end] != thing
                    ):
                        continue
                    r[property], r[end] = name, thing
                    following(r)

            return step

        return make

    def check(self, path: shapes.Path, subject: int, value: int) -> Maker:
        """Go on for each way along a path between two registers."""
        if isinstance(path, shapes.Predicate):
            there = self._index.properties.get(path.iri)
            if there is None:
                return lambda _: nothing
            steps = self._index.forward[there.number]

            def make(following: Step) -> Step:
                def step(r: Registers) -> None:
                    if r[value] in steps[r[subject]]:  # type: ignore[index]
                        following(r)

                return step

            return make

        hop = self.hop(path)

        def make_counted(following: Step) -> Step:
            def step(r: Registers) -> None:
                for _ in range(hop(r[subject]).count(r[value])):  # type: ignore[arg-type]
                    following(r)

            return step

        return make_counted

    def walk(self, path: shapes.Path, start: int, end: int, state: str, *, back: bool) -> Maker:
        """Bind a register to each end of a path.

        Args:
            start, end: registers.
            state: ``new``, or ``maybe`` where the end may be bound before and must then be so.
            back: whether the path is walked from its value.
        """
        hop = self.hop(path, back=back)
        if state == "maybe":

            def make_maybe(following: Step) -> Step:
                def step(r: Registers) -> None:
                    before = r[end]
                    for thing in hop(r[start]):  # type: ignore[arg-type]
                        if before is None or thing == before:
                            r[end] = thing
                            following(r)
                    r[end] = before

                return step

            return make_maybe
        if isinstance(path, shapes.Predicate):
            # Without a call between: nearly all steps are of this kind.
            there = self._index.properties.get(path.iri)
            if there is None:
                return lambda _: nothing
            steps = (self._index.backward if back else self._index.forward)[there.number]

            def make_plain(following: Step) -> Step:
                def step(r: Registers) -> None:
                    for thing in steps[r[start]]:  # type: ignore[index]
                        r[end] = thing
                        following(r)

                return step

            return make_plain

        def make(following: Step) -> Step:
            def step(r: Registers) -> None:
                for thing in hop(r[start]):  # type: ignore[arg-type]
                    r[end] = thing
                    following(r)

            return step

        return make
