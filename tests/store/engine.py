"""Real SPARQL servers of one's own: free port, own data folder, stopped and removed afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import httpx

from graph_service.settings import Settings
from tests.hosts import free_port

#: docs/external-store.md shows this file; a test holds the two against each other.
INI = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/temp.db
TransactionFile = {folder}/temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
NumberOfBuffers = 40000
MaxDirtyBuffers = 30000
DirsAllowed = {folder}
ThreadsPerQuery = 1
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 10
[SPARQL]
ResultSetMaxRows = {rows}
MaxQueryExecutionTime = 300
"""


class Engine(ABC):
    """A server over its own folder.

    Args:
        folder: an empty folder; removed by :meth:`remove`.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.http = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Its query address."""

    @abstractmethod
    def settings(self, settings: Settings) -> Settings:
        """The settings of a service that uses it."""

    @abstractmethod
    def command(self) -> list[str]:
        """What starts it, in its folder."""

    def start(self) -> None:
        """Start, and wait until it answers."""
        # Ends with these tests also when they are killed.
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        self._process = subprocess.Popen(
            [*guard, *self.command()],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 120
        while time.monotonic() < end:
            logs = "".join(log.read_text()[-2000:] for log in self.folder.glob("*.log"))
            assert self._process.poll() is None, logs
            try:
                if httpx.post(self.url, data={"query": "ASK {}"}, timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.2)
        raise TimeoutError(f"{self.command()} did not come up")

    def kill(self) -> None:
        """As a power cut does."""
        if self._process:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def worked(self) -> float:
        """Seconds that its processor has worked."""
        assert self._process
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def graphs(self) -> set[str]:
        """The named graphs that hold something of ours."""
        form = {
            "query": "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } "
            'FILTER(CONTAINS(STR(?g), "/graph/merged/")) }'
        }
        head = {"Accept": "application/sparql-results+json"}
        answer = httpx.post(self.url, data=form, headers=head, timeout=60).json()
        return {row["g"]["value"] for row in answer["results"]["bindings"]}


class Virtuoso(Engine):
    """A Virtuoso 7.

    Args:
        rows: the server's ``ResultSetMaxRows``.
    """

    def __init__(self, folder: Path, rows: int = 1_000_000) -> None:
        super().__init__(folder)
        ini = INI.format(folder=folder, sql=free_port(), http=self.http, rows=rows)
        (folder / "virtuoso.ini").write_text(ini)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}/sparql"

    def settings(self, settings: Settings) -> Settings:
        return replace(
            settings,
            store=self.url,
            store_graphs=f"http://127.0.0.1:{self.http}/sparql-graph-crud-auth",
            store_login="digest:dba:dba",
        )

    def command(self) -> list[str]:
        return ["virtuoso-t", "+foreground", "+configfile", "virtuoso.ini"]

    def start(self) -> None:
        (self.folder / "virtuoso.lck").unlink(missing_ok=True)
        super().start()

    def forget(self) -> None:
        """Lose all data, as a disk that was changed does; only while it is not running."""
        for name in ("virtuoso.db", "virtuoso.trx", "virtuoso.pxa"):
            (self.folder / name).unlink(missing_ok=True)


class Oxigraph(Engine):
    """``oxigraph serve``: the library that the embedded store uses, as a server.

    Args:
        seconds: the server's own limit on a query, in whole seconds.
    """

    def __init__(self, folder: Path, seconds: int = 60) -> None:
        super().__init__(folder)
        self._seconds = seconds

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}/query"

    def settings(self, settings: Settings) -> Settings:
        graphs = f"http://127.0.0.1:{self.http}/store"
        return replace(settings, store=self.url, store_graphs=graphs)

    def command(self) -> list[str]:
        return [
            *(str(Path(sys.executable).with_name("oxigraph")), "serve", "--location", "data"),
            *("--bind", f"127.0.0.1:{self.http}", "--timeout-s", str(self._seconds)),
        ]


E = TypeVar("E", bound=Engine)


@contextmanager
def running(engine: E) -> Iterator[E]:
    """Start a server, and leave nothing of it."""
    try:
        engine.start()
        yield engine
    finally:
        engine.remove()
        assert not engine.folder.exists()
