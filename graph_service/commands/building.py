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
    manifest_of,
)
from graph_service.build.publish import refusal
from graph_service.cli import CommandError, Progress
from graph_service.commands.reviewing import print_violations
from graph_service.service import Service
from graph_service.settings import Settings
from graph_service.store import StoreError
from graph_service.wording import many

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
    """Build and publish; tell of errors by file and line and leave the old snapshot in service.

    Args:
        publish: whether the graph goes to the store that the settings name, too.

    Raises:
        CommandError: with code 2, what was to be built is not whole; with 4, the graph could not
            be written, or the store did not take it.
        ValueError: ``publish``, and the settings do not say where.
    """
    if publish:
        from graph_service.store.upload import prepare

        prepare(settings)
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
            f"Lageret tog ikke imod grafen.\n{advice(error)}\nTeknisk besked: {error}\n"
            "Intet er udgivet; den seneste gode graf er stadig i drift.",
            4,
        ) from None
    except OSError as error:
        raise CommandError(
            f"Grafen kan ikke skrives i {settings.snapshots}: {refusal(error)} ({error}).\n"
            "Intet er udgivet; den seneste gode graf er stadig i drift.",
            4,
        ) from None
    graphs = many(len(manifest.graphs), "graf", "grafer")
    print(f"Graf {manifest.id}: {manifest.triples} tripler i {graphs}.")
    return 0


def advice(error: StoreError) -> str:
    """What to do when a remote store did not take a graph."""
    match error.status:
        case 0:
            return (
                "Kører det, og er adresserne i ANSVARSGRAF_STORE og ANSVARSGRAF_STORE_GRAPHS "
                "rigtige? Lagerets egen log siger mere."
            )
        case 401 | 403:
            what = "Ret ANSVARSGRAF_STORE_LOGIN: navn og kode for en, der må skrive i lageret."
        case 300 | 301 | 302 | 303 | 307 | 308 | 404 | 405:
            what = "Ret ANSVARSGRAF_STORE eller ANSVARSGRAF_STORE_GRAPHS: dér er lageret ikke."
        case _:
            what = "Se i lagerets egen log, og om dets disk er fuld; kør så kommandoen igen."
    return f"Det svarede {error.status}. {what}"


def serve_command(settings: Settings, host: str, port: int, processes: int = 0) -> int:
    """Serve until stopped; the graph is opened by the processes that answer, not here."""
    from graph_service.server import serve

    try:
        manifest_of(current(settings.snapshots))
    except NoSnapshotError:
        raise CommandError(NOTHING_PUBLISHED, 3) from None
    except StoreError as error:
        raise CommandError(f"Grafen kan ikke læses: {error}", 4) from None
    print(f"Ansvarsgraf: http://{host}:{port}", flush=True)
    try:
        serve(settings, host, port, processes)
    except OSError as error:
        raise CommandError(f"Adressen {host}:{port} kan ikke bruges: {error.strerror}", 4) from None
    return 0
