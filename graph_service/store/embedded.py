"""The graph in this process: a published snapshot, opened read-only with Oxigraph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox

from graph_service.store import Row, StoreError
from graph_service.vocabulary import PREFIXES


class EmbeddedStore:
    """A snapshot on disk.

    Args:
        folder: the snapshot's folder, as :func:`graph_service.build.current` gives it.
    """

    def __init__(self, folder: Path) -> None:
        self.snapshot = folder.name
        self.folder = folder
        try:
            self._store = ox.Store.read_only(str(folder / "store"))
        except OSError as error:
            raise StoreError(str(error)) from error

    def select(self, query: str) -> Iterator[Row]:
        result = self._run(query)
        assert isinstance(result, ox.QuerySolutions)
        names = [variable.value for variable in result.variables]
        for solution in result:
            yield {
                name: term for name, term in zip(names, solution, strict=True) if term is not None
            }

    def ask(self, query: str) -> bool:
        return bool(self._run(query))

    def construct(self, query: str) -> Iterator[ox.Triple]:
        result = self._run(query)
        assert isinstance(result, ox.QueryTriples)
        yield from result

    def _run(self, query: str) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        try:
            return self._store.query(query, prefixes=PREFIXES)
        except OSError as error:
            raise StoreError(str(error)) from error
