"""What the tests of the files beside a store share: a graph as it is handed over, a full disk."""

from __future__ import annotations

import errno
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pyoxigraph as ox
import pytest


def lines_of(store: ox.Store, graph: ox.NamedNode | None = None) -> list[bytes]:
    """A named graph of a store, or the default graph, in N-Triples."""
    named = graph or ox.DefaultGraph()
    dumped = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=named)
    assert dumped is not None
    return dumped.splitlines()


@contextmanager
def refusing(most: int) -> Iterator[None]:
    """A disk on which no file may have more than so many bytes; writing must fail with a number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        with pytest.raises(OSError) as refused:
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.errno in (errno.ENOSPC, errno.EFBIG, errno.EIO)
