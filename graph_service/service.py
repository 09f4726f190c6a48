"""What a running server holds: the settings and the answers of the snapshot in service."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from graph_service.answers import Answers
from graph_service.build.publish import Manifest, NoSnapshotError, current, manifest_of
from graph_service.questions import registry
from graph_service.settings import Settings
from graph_service.store import Store
from graph_service.store.embedded import EmbeddedStore


@dataclass(frozen=True)
class InService:
    """A snapshot that answers."""

    answers: Answers
    manifest: Manifest
    folder: Path


class Service:
    """The snapshot in service, and how to swap it for the newest one.

    Args:
        settings: where things are.

    Attributes:
        on_swap: called, in the thread that takes it, after a snapshot came into service, the first
            too: other processes may serve an older one.
        swaps: how often one took the place of another.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.questions = registry()
        self.on_swap: list[Callable[[], None]] = []
        self.swaps = 0
        self._lock = Lock()
        self._now: InService | None = None

    @property
    def snapshot(self) -> str:
        """Id of the snapshot in service; empty before the first."""
        return self._now.manifest.id if self._now else ""

    @property
    def answers(self) -> Answers:
        """The answers of the snapshot in service.

        Raises:
            NoSnapshotError: nothing has been published.
            StoreError: the snapshot cannot be opened on this machine.
        """
        return self._in_service().answers

    @property
    def manifest(self) -> Manifest:
        """The manifest of the snapshot in service. Raises as :attr:`answers`."""
        return self._in_service().manifest

    @property
    def folder(self) -> Path:
        """The folder of the snapshot in service. Raises as :attr:`answers`."""
        return self._in_service().folder

    def reload(self) -> Manifest:
        """Take the published snapshot in service, if it is another one than now.

        Requests under way keep the store they began with.

        Raises:
            NoSnapshotError: nothing has been published; what is in service stays.
            StoreError: it cannot be opened, or a remote store does not hold it; what is in service
                stays.
        """
        return self._take(sure=True)

    def _take(self, *, sure: bool) -> Manifest:
        """As :meth:`reload`; not ``sure``, a remote store is asked for it by the first query only,
        so that the service can start before that store does."""
        with self._lock:
            folder = current(self.settings.snapshots)
            before = self._now
            if before and before.folder == folder:
                return before.manifest
            manifest = manifest_of(folder)
            store: Store
            if self.settings.store == "embedded":
                store = EmbeddedStore(folder)
            else:
                from graph_service.store.remote import RemoteStore

                store = remote = RemoteStore(
                    self.settings.store,
                    manifest.id,
                    self.settings.query_seconds,
                    self.settings.store_login,
                    folder,
                    sure=False,
                )
                if sure:
                    remote.make_sure()
            self._now = InService(Answers(store, self.questions), manifest, folder)
            if before:
                self.swaps += 1
                before.answers.let_go()
        for tell in self.on_swap:
            tell()
        if before:
            # A program is a ring of functions, which only the collector finds; it seldom looks.
            gc.collect()
        return manifest

    def context(self) -> dict[str, object]:
        """The JSON-LD context of the project."""
        path = self.settings.project / "ontology" / "context.jsonld"
        loaded: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
        return loaded

    def _in_service(self) -> InService:
        now = self._now
        if now is None:
            self._take(sure=False)
            now = self._now
        assert now is not None
        return now


__all__ = ["NoSnapshotError", "Service"]
