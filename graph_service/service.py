"""What a running server holds: the settings and the answers of the snapshot in service."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock, Thread

from graph_service.answers import Answers
from graph_service.build.held import Hold
from graph_service.build.publish import Manifest, NoSnapshotError, current, manifest_of
from graph_service.heap import give_back
from graph_service.questions import registry
from graph_service.settings import Settings
from graph_service.store import Store
from graph_service.store.embedded import EmbeddedStore

log = logging.getLogger("ansvarsgraf")

#: Makes of a snapshot's answers what its readers share.
Make = Callable[[Answers], object]


@dataclass(frozen=True)
class InService:
    """A snapshot that answers."""

    answers: Answers
    manifest: Manifest
    folder: Path
    held: Hold


class Service:
    """The snapshot in service, and how to swap it for the newest one.

    Args:
        settings: where things are.

    Attributes:
        in_use: each tells what readers of a snapshot share and have used, as functions that make it
            of the answers of the next one.
        meet: called with the id of a snapshot that is ready to take the place of another, and with
            what tells whether it is still the newest; returns when it may.
        on_coming: called when a snapshot was opened that will take the place of another.
        on_swap: called, in the thread that takes it, after a snapshot came into service, the first
            too: other processes may serve an older one.
        swaps: how often one took the place of another.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.questions = registry()
        self.in_use: list[Callable[[Answers], list[Make]]] = []
        self.meet: Callable[[str, Callable[[], bool]], object] = lambda *_: None
        self.on_coming: list[Callable[[], object]] = []
        self.on_swap: list[Callable[[], object]] = []
        self.swaps = 0
        self._lock = Lock()
        self._now: InService | None = None
        self._coming: InService | None = None

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

    def reload(self, *, at_once: bool = False) -> Manifest:
        """Take the published snapshot in service, if it is another one than now.

        What readers share and have used is made first, while the former answers. Requests under
        way keep the store they began with.

        Args:
            at_once: it is in service elsewhere: that is made afterwards.

        Raises:
            NoSnapshotError: nothing has been published; what is in service stays.
            StoreError: it cannot be opened, or a remote store does not hold it; what is in service
                stays.
        """
        while True:
            coming, former = self._open(sure=True), self._now
            makes: list[Make] = []
            new = former is not None and former is not coming
            if former and new:
                makes = [make for in_use in self.in_use for make in in_use(former.answers)]
            del former
            if new and not at_once:
                self._prepare(coming, makes)
                self.meet(coming.manifest.id, partial(self._is_newest, coming))
            if self._go_live(coming):
                break
        if at_once and makes:
            Thread(target=self._prepare, args=(coming, makes), daemon=True).start()
        return coming.manifest

    def _open(self, *, sure: bool) -> InService:
        """The published snapshot; not ``sure``, a remote store is asked for it by the first query
        only, so that the service can start before that store does. Raises as :meth:`reload`."""
        with self._lock:
            folder = current(self.settings.snapshots)
            if self._now and self._now.folder == folder:
                self._coming = None
                return self._now
            if self._coming and self._coming.folder == folder:
                return self._coming
            held = Hold(folder)
            manifest = manifest_of(folder)
            store: Store
            if self.settings.store == "embedded":
                store = embedded = EmbeddedStore(folder)
                embedded.read_in()
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
            opened = InService(Answers(store, self.questions, folder), manifest, folder, held)
            self._coming = opened
        if self._now:
            for tell in self.on_coming:
                tell()
        return opened

    def _prepare(self, coming: InService, makes: list[Make]) -> None:
        for make in makes:
            try:
                make(coming.answers)
            except Exception:
                # Who needs what was not made makes it, or gets the error.
                log.exception("not all that readers of %s share is made", coming.manifest.id)

    def _is_newest(self, coming: InService) -> bool:
        return self._coming is coming

    def _go_live(self, coming: InService) -> bool:
        """Put what was opened in service; whether nothing newer was opened meanwhile."""
        with self._lock:
            before = self._now
            if before is coming:
                return True
            if self._coming is not coming:
                return False
            self._now, self._coming = coming, None
            if before:
                self.swaps += 1
                before.answers.let_go()
        for tell in self.on_swap:
            tell()
        if before:
            del before
            give_back()
        return True

    def context(self) -> dict[str, object]:
        """The JSON-LD context of the project."""
        path = self.settings.project / "ontology" / "context.jsonld"
        loaded: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
        return loaded

    def _in_service(self) -> InService:
        now = self._now
        if now is None:
            self._go_live(self._open(sure=False))
            now = self._now
        assert now is not None
        return now


__all__ = ["NoSnapshotError", "Service"]
