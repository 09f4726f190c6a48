"""``build`` and ``serve``: a graph from the project's Turtle, and the service over it."""

from __future__ import annotations

import sys
from pathlib import Path

from graph_service.build import (
    InvalidGraphError,
    NoSnapshotError,
    TurtleError,
    build,
    current,
)
from graph_service.build.publish import refusal
from graph_service.cli import CommandError, Progress
from graph_service.commands.reviewing import print_violations
from graph_service.service import Service
from graph_service.settings import Settings
from graph_service.store import StoreError

NOTHING_PUBLISHED = "Der er ikke udgivet nogen graf endnu. Kør: ansvarsgraf build"


def service_for(settings: Settings) -> Service:
    """The service over the published snapshot."""
    service = Service(settings)
    try:
        service.reload()
    except NoSnapshotError:
        raise CommandError(NOTHING_PUBLISHED, 3) from None
    except StoreError as error:
        raise CommandError(f"Grafen kan ikke nås: {error}", 4) from None
    return service


def build_command(settings: Settings, reasoner: str, engine: str, publish: bool = False) -> int:
    """Build and publish; tell of errors by file and line and leave the old snapshot in service."""
    try:
        with Progress().shown() as tell:

            def before(folder: Path) -> None:
                if publish:
                    from graph_service.store.upload import upload

                    upload(settings, folder, tell=tell)

            manifest = build(settings, reasoner=reasoner, engine=engine, before=before, tell=tell)
    except TurtleError as error:
        raise CommandError(
            f"{error}\nIntet er udgivet; den seneste gode graf er stadig i drift.", 2
        ) from None
    except InvalidGraphError as error:
        print_violations(error.violations)
        print("Intet er udgivet; den seneste gode graf er stadig i drift.", file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        raise CommandError(f"Projektet er ikke helt: {error}", 2) from None
    except StoreError as error:
        raise CommandError(
            f"Lageret tog ikke imod grafen: {error}. Den gamle er i drift.", 4
        ) from None
    except OSError as error:
        raise CommandError(
            f"Grafen kan ikke skrives i {settings.snapshots}: {refusal(error)} ({error}).\n"
            "Intet er udgivet; den seneste gode graf er stadig i drift.",
            4,
        ) from None
    print(f"Graf {manifest.id}: {manifest.triples} tripler i {len(manifest.graphs)} grafer.")
    return 0


def serve_command(settings: Settings, host: str, port: int, processes: int = 0) -> int:
    """Serve until stopped; the graph is opened by the processes that answer, not here."""
    from graph_service.server import serve

    try:
        current(settings.snapshots)
    except NoSnapshotError:
        raise CommandError(NOTHING_PUBLISHED, 3) from None
    print(f"Ansvarsgraf: http://{host}:{port}", flush=True)
    try:
        serve(settings, host, port, processes)
    except OSError as error:
        raise CommandError(f"Adressen {host}:{port} kan ikke bruges: {error.strerror}", 4) from None
    return 0
