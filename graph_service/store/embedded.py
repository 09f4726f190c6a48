"""The graph in this process: a published snapshot, opened read-only with Oxigraph.

The named questions walk the index beside the store (:mod:`graph_service.plans`), which takes a
seventh of the time that Oxigraph's store in memory needs, and things are described from it; all
else is asked of Oxigraph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyoxigraph as ox

from graph_service.ordering import of_terms
from graph_service.plans import Programs, Unread
from graph_service.questions import Question
from graph_service.store import Fact, Row, Solutions, StoreError, index
from graph_service.store.index import Index
from graph_service.store.tables import read_in
from graph_service.store.things import asked, asked_labels
from graph_service.vocabulary import prefixes_of

MERGED = ox.DefaultGraph()


class EmbeddedStore:
    """A snapshot on disk.

    Args:
        folder: the snapshot's folder, as :func:`graph_service.build.current` gives it.
    """

    def __init__(self, folder: Path) -> None:
        self.snapshot = folder.name
        self.folder = folder
        try:
            self._disk = ox.Store.read_only(str(folder / "store"))
        except OSError as error:
            raise StoreError(str(error)) from error
        # A snapshot that an earlier version published has no such file.
        self._index = Index(folder) if (folder / index.FILE).is_file() else None
        self._programs = Programs(self._index) if self._index else None

    def read_in(self) -> None:
        """Have the system read the index into its memory: from the disk, each of the first
        questions about a large graph waits for some sixty places of it.

        Raises:
            StoreError: it cannot be read.
        """
        if self._index:
            read_in(self.folder / index.FILE)

    def let_go(self) -> None:
        if self._index:
            self._programs = Programs(self._index)
            self._index.let_go()

    def select(self, query: str, prefixes: dict[str, str] | None = None) -> Iterator[Row]:
        result = self._run(query, prefixes)
        assert isinstance(result, ox.QuerySolutions)
        names = [variable.value for variable in result.variables]
        for solution in result:
            yield {
                name: term for name, term in zip(names, solution, strict=True) if term is not None
            }

    def answer(self, question: Question, terms: Mapping[str, tuple[str, ...]]) -> Solutions:
        program = self._programs.of(question, terms) if self._programs else None
        if program:
            try:
                return program.solutions(terms)
            except Unread:
                pass
        query = question.sparql(terms).removesuffix(question.unsorted[0])
        return of_terms(list(question.columns), self.select(query, question.prefixes))

    def ask(self, query: str) -> bool:
        return bool(self._run(query))

    def about(self, things: Sequence[str]) -> Iterator[Fact]:
        return self._index.about(things) if self._index else asked(self, things)

    def labels(self, things: Sequence[str]) -> Iterator[tuple[str, str]]:
        return self._index.labels(things) if self._index else asked_labels(self, things)

    def describes(self, thing: ox.NamedNode) -> bool:
        if self._index:
            return self._index.describes(thing.value)
        try:
            return next(self._disk.quads_for_pattern(thing, None, None, MERGED), None) is not None
        except OSError as error:
            raise StoreError(str(error)) from error

    def _run(
        self, query: str, prefixes: dict[str, str] | None = None
    ) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        try:
            return self._disk.query(query, prefixes=prefixes or prefixes_of(query))
        except OSError as error:
            raise StoreError(str(error)) from error
