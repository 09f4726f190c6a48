"""What a running server holds: the settings and the answers of the snapshot in service."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from graph_service.answers import Answers
from graph_service.build.publish import Manifest, NoSnapshotError, current, manifest_of
from graph_service.questions import registry
from graph_service.settings import Settings
from graph_service.store import Store
from graph_service.store.embedded import EmbeddedStore
from graph_service.store.remote import RemoteStore


class Service:
    """The snapshot in service, and how to swap it for the newest one.

    Args:
        settings: where things are.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.questions = registry()
        self._lock = threading.Lock()
        self._answers: Answers | None = None
        self._manifest: Manifest | None = None
        self._folder: Path | None = None

    @property
    def answers(self) -> Answers:
        """The answers of the snapshot in service.

        Raises:
            NoSnapshotError: nothing has been published.
        """
        if self._answers is None:
            self.reload()
        assert self._answers is not None
        return self._answers

    @property
    def manifest(self) -> Manifest:
        """The manifest of the snapshot in service. Raises as :attr:`answers`."""
        if self._manifest is None:
            self.reload()
        assert self._manifest is not None
        return self._manifest

    @property
    def folder(self) -> Path:
        """The folder of the snapshot in service. Raises as :attr:`answers`."""
        if self._folder is None:
            self.reload()
        assert self._folder is not None
        return self._folder

    def reload(self) -> Manifest:
        """Take the published snapshot in service, if it is another one than now.

        Requests under way keep the store they began with.

        Raises:
            NoSnapshotError: nothing has been published; what is in service stays.
        """
        with self._lock:
            folder = current(self.settings.snapshots)
            if self._folder != folder:
                manifest = manifest_of(folder)
                store: Store
                if self.settings.store == "embedded":
                    store = EmbeddedStore(folder)
                else:
                    store = RemoteStore(
                        self.settings.store, manifest.id, self.settings.query_seconds
                    )
                self._answers = Answers(store, self.questions)
                self._manifest, self._folder = manifest, folder
            assert self._manifest is not None
            return self._manifest

    def context(self) -> dict[str, object]:
        """The JSON-LD context of the project."""
        path = self.settings.project / "ontology" / "context.jsonld"
        loaded: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
        return loaded


__all__ = ["NoSnapshotError", "Service"]
