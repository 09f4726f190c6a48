"""Settings, read once from the environment; every one has a default that works on a fresh clone."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: An address of a service elsewhere.
ADDRESS = re.compile(r"https?://[^\s/?#]")
PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """What differs between installations.

    Attributes:
        project: folder that holds ``data/``, ``ontology/`` and ``shapes/``.
        snapshots: folder that holds the published snapshots and the pointer to the current one.
        corpus: folder of the source documents, or None when they are not at hand.
        public_url: web address under which the service is reached, without a trailing slash;
            empty means the address of each request.
        store: ``embedded``, or the http(s) address of a SPARQL 1.1 service.
        store_graphs: address of that service's Graph Store Protocol, for ``build --publish``.
        store_login: ``digest:USER:PASSWORD``, ``basic:USER:PASSWORD`` or ``bearer:TOKEN`` for it.
        admin_token: secret for the calls that change something; empty switches them off.
        cors_origins: origins that may read the API from a browser; empty means none.
        allowed_hosts: hosts that SERVICE and LOAD may reach, in lower case and with the port unless
            it is the usual one; empty means none.
        workers: processes that run free SPARQL.
        query_seconds: wall-clock limit of a free query, in seconds.
        query_memory: address-space limit of a worker, in bytes.
        query_rows: most rows or triples that a free query may give.
        query_bytes: most bytes that the result of a free query may have.
        graph_bytes: most bytes that a graph which is read whole may have.
        write_seconds: wall-clock limit of a change, in seconds.
        write_memory: address-space limit of the process that makes a change, in bytes.
        query_queue: most free queries that may wait for a worker.
        queries_per_address: most free queries from one address that may run and wait.
        cache_bytes: most bytes that cached answers may hold.
        log_requests: write a line to the log for each request.
        log_queries: write the full text of free queries to the log.
        processes: processes that answer; 0 means one for each core, at most four.
        connections: most open connections, over all processes.
        connections_per_address: most open connections from one address, over all processes.
        refusals_per_second: requests of one address a second that may be refused before it is read
            more slowly; 0 for no limit.
        header_seconds: longest time for a request's line and headers to arrive.
        idle_seconds: longest time that a connection may stay open between requests.
        notice_seconds: how long the service goes on answering after SIGTERM while ``/readyz`` says
            that it closes.
        contact: whom users write to: a mail address, a web address or words; empty when not set.
    """

    project: Path
    snapshots: Path
    corpus: Path | None
    public_url: str = ""
    store: str = "embedded"
    store_graphs: str = ""
    store_login: str = ""
    admin_token: str = ""
    cors_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    workers: int = 2
    query_seconds: float = 10.0
    query_memory: int = 2 * 1024**3
    query_rows: int = 100_000
    query_bytes: int = 64 * 1024**2
    graph_bytes: int = 256 * 1024**2
    write_seconds: float = 600.0
    write_memory: int = 4 * 1024**3
    query_queue: int = 32
    queries_per_address: int = 16
    cache_bytes: int = 16 * 1024**2
    log_requests: bool = True
    log_queries: bool = False
    processes: int = 0
    connections: int = 2000
    connections_per_address: int = 500
    refusals_per_second: float = 20.0
    header_seconds: float = 10.0
    idle_seconds: float = 30.0
    notice_seconds: float = 0.0
    contact: str = ""

    @property
    def changeable(self) -> bool:
        """Whether the graph can be changed over HTTP: there is a key, and the graph is here."""
        return bool(self.admin_token) and self.store == "embedded"

    @staticmethod
    def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
        """Read ``ANSVARSGRAF_*`` (docs/settings.md lists them).

        Raises:
            ValueError: a number is not a number; the message names the setting.
        """

        def text(name: str, default: str = "") -> str:
            return environ.get("ANSVARSGRAF_" + name, default).strip()

        def number(name: str, default: float) -> float:
            value = text(name)
            try:
                return float(value) if value else default
            except ValueError:
                raise ValueError(f"ANSVARSGRAF_{name} must be a number, not {value!r}") from None

        def words(name: str) -> tuple[str, ...]:
            return tuple(text(name).replace(",", " ").split())

        def yes(name: str, default: bool) -> bool:
            value = text(name).lower()
            return value in {"1", "true", "yes", "ja"} if value else default

        project = Path(text("PROJECT") or PROJECT)
        default = Settings(project, project, None)
        beside = project.parent / "shared" / "sources"
        corpus = Path(text("CORPUS")) if text("CORPUS") else (beside if beside.is_dir() else None)
        store, login = text("STORE") or default.store, text("STORE_LOGIN")
        graphs = text("STORE_GRAPHS")
        for name, address in (("STORE", store), ("STORE_GRAPHS", graphs)):
            if address not in ("", "embedded") and not ADDRESS.match(address):
                raise ValueError(
                    f"ANSVARSGRAF_{name} skal være en adresse, der begynder med http:// eller "
                    f"https://, ikke {address!r}"
                )
        if login and not login.startswith(("digest:", "basic:", "bearer:")):
            raise ValueError(
                "ANSVARSGRAF_STORE_LOGIN skal være digest:BRUGER:KODE, basic:BRUGER:KODE "
                "eller bearer:NØGLE"
            )
        return Settings(
            project=project,
            snapshots=Path(text("SNAPSHOTS") or project / "build" / "snapshots"),
            corpus=corpus,
            public_url=text("PUBLIC_URL").rstrip("/"),
            store=store,
            store_graphs=graphs,
            store_login=login,
            admin_token=text("ADMIN_TOKEN"),
            cors_origins=words("CORS_ORIGINS"),
            allowed_hosts=tuple(host.lower() for host in words("ALLOWED_HOSTS")),
            workers=int(number("WORKERS", default.workers)),
            query_seconds=number("QUERY_SECONDS", default.query_seconds),
            query_memory=int(number("QUERY_MEMORY", default.query_memory)),
            query_rows=int(number("QUERY_ROWS", default.query_rows)),
            query_bytes=int(number("QUERY_BYTES", default.query_bytes)),
            graph_bytes=int(number("GRAPH_BYTES", default.graph_bytes)),
            write_seconds=number("WRITE_SECONDS", default.write_seconds),
            write_memory=int(number("WRITE_MEMORY", default.write_memory)),
            query_queue=int(number("QUERY_QUEUE", default.query_queue)),
            queries_per_address=int(number("QUERIES_PER_ADDRESS", default.queries_per_address)),
            cache_bytes=int(number("CACHE_BYTES", default.cache_bytes)),
            log_requests=yes("LOG_REQUESTS", default.log_requests),
            log_queries=yes("LOG_QUERIES", default.log_queries),
            processes=int(number("PROCESSES", default.processes)),
            connections=int(number("CONNECTIONS", default.connections)),
            connections_per_address=int(
                number("CONNECTIONS_PER_ADDRESS", default.connections_per_address)
            ),
            refusals_per_second=number("REFUSALS_PER_SECOND", default.refusals_per_second),
            header_seconds=number("HEADER_SECONDS", default.header_seconds),
            idle_seconds=number("IDLE_SECONDS", default.idle_seconds),
            notice_seconds=number("NOTICE_SECONDS", default.notice_seconds),
            contact=text("CONTACT"),
        )
