"""The web application: routes of the API, of the pages and of SPARQL, put together."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from graph_service import __version__
from graph_service.api import ask, at_once, lists, observe, operations, search, things
from graph_service.api.at_once import Whole
from graph_service.api.cache import Cache
from graph_service.api.cors import Cors
from graph_service.api.exact import THREADS, Exact
from graph_service.api.joined import Joined
from graph_service.api.leaving import Leaving, Threads
from graph_service.api.metrics import STATES, Metrics, sample
from graph_service.api.observe import Observe
from graph_service.api.openapi import describe
from graph_service.api.problems import Problem, respond, wants_html
from graph_service.api.resources import RESOURCES
from graph_service.api.turns import Turns
from graph_service.questions.parameters import ParameterError, UnknownValueError
from graph_service.service import NoSnapshotError, Service
from graph_service.settings import Settings
from graph_service.sparql import protocol
from graph_service.sparql.streaming import ClientGone
from graph_service.store import StoreError, TookTooLong
from graph_service.store.asking import NobodyWaits
from graph_service.web import pages
from graph_service.web.prepare import in_use

log = logging.getLogger("ansvarsgraf")

#: FastAPI's own telemetry would send what is asked to other hosts where the environment has it so.
NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)
#: A pure ASGI layer: puts itself around an application.
Layer = Callable[[ASGIApp], ASGIApp]


class Application(FastAPI):
    """FastAPI's application with our layers around all of its own.

    What a layer answers by itself, as the cache does, goes through nothing of FastAPI's, and what
    FastAPI answers when something is broken goes through ours.
    """

    around: ASGIApp

    def put_around(self, layers: Sequence[Layer]) -> None:
        """Take layers into use, the first one outermost."""
        self.around = super().__call__
        for layer in reversed(layers):
            self.around = layer(self.around)
        self._around_at_once = at_once.of(self.around)

    def at_once(self, scope: Scope) -> Whole | None:
        """See :mod:`graph_service.api.at_once`."""
        scope["app"] = self
        return self._around_at_once(scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        await self.around(scope, receive, send)


def create_app(settings: Settings | None = None, metrics_folder: Path | None = None) -> FastAPI:
    """The application over the snapshot in service.

    Args:
        settings: defaults to what the environment says.
        metrics_folder: where several processes leave their figures for each other.
    """
    settings = settings or Settings.from_environment()
    service = Service(settings)
    service.in_use.append(in_use)
    metrics = Metrics(metrics_folder)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with protocol.pool_for(app, service):
            yield

    asked, listed = ask.router(service.questions), lists.router(service.questions)
    elsewhere = settings.store != "embedded"
    threads = Threads(THREADS, "exact") if elsewhere else None
    exact = Exact((asked, listed), threads_only=elsewhere, threads=threads)
    turns = Turns(
        THREADS if elsewhere else 1, settings.connections, settings.connections_per_address
    )
    layers: list[Layer] = [
        partial(
            Observe,
            metrics=metrics,
            log_requests=settings.log_requests,
            log_queries=settings.log_queries,
        ),
        Joined,
        partial(
            Cache,
            service=service,
            room=settings.cache_bytes,
            metrics=metrics,
            exact=exact,
            turns=turns,
        ),
    ]
    if elsewhere:
        layers.insert(1, Leaving)
    if settings.cors_origins:
        layers.insert(1, partial(Cors, origins=settings.cors_origins))
    app = Application(
        title="Ansvarsgraf",
        description="Hvem har ansvaret for hvad i det tværsektorielle sundhedsvæsen. "
        "Hvert svar har kildehenvisning. HEAD kan bruges, hvor GET kan.",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
    )
    app.put_around(layers)
    app.state.service, app.state.metrics = service, metrics
    app.state.closing, app.state.looking = False, None
    # Long texts are read one at a time: it is work of Python's, which only one thread does anyway.
    app.state.reading = Turns(1, settings.connections, settings.connections_per_address, late=0)
    app.router.routes.insert(0, exact)
    app.include_router(asked)
    app.include_router(search.router)
    app.include_router(things.router)
    app.include_router(listed)
    app.include_router(operations.router)
    app.include_router(protocol.router)
    app.include_router(pages.files)
    app.include_router(pages.router)
    pages.mount_static(app)
    describe(app, service)
    observe.KNOWN.update(service.questions, RESOURCES)
    metrics.gauges += [turns.figures, lambda: figures(app, service)]
    answer_errors(app)
    return app


def figures(app: FastAPI, service: Service) -> Mapping[str, float]:
    """The figures of the snapshot and of the pool for free SPARQL."""
    found: dict[str, float] = {"snapshot_swaps_total": service.swaps}
    if service.snapshot:
        manifest = service.manifest
        found[sample("snapshot_info", id=manifest.id, created=manifest.created)] = 1
        found["snapshot_triples"] = manifest.triples
    pool = getattr(app.state, "pool", None)
    if pool is not None:
        for name, value in pool.figures().items():
            state = name in STATES
            found[
                sample("pool", state=name) if state else sample("pool_events_total", event=name)
            ] = value
    return found


def methods_at(app: FastAPI, path: str) -> list[str]:
    """The methods that an address can be used with, of all its routes; HEAD wherever GET is.

    :class:`Exact` stands first, and answers nothing that the routes after it do not.
    """
    found: set[str] = set()
    for route in iter_route_contexts(app.routes[1:]):
        if route.path_regex.match(path):
            found |= route.methods or set()
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def answer_errors(app: FastAPI) -> None:
    """Answer every error as a problem document, or as a page where a browser asks for one."""

    def answer(request: Request, problem: Problem) -> Response:
        problem.more.setdefault("request_id", getattr(request.state, "request_id", None))
        if request.url.path.startswith(("/api/", "/sparql")):
            return respond(problem)
        page = wants_html(request)
        response = pages.problem_page(request, problem) if page else respond(problem)
        response.headers.add_vary_header("Accept")
        return response

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> Response:
        return answer(request, error)

    @app.exception_handler(ParameterError)
    async def on_parameter(request: Request, error: ParameterError) -> Response:
        unknown = isinstance(error, UnknownValueError)
        return answer(
            request,
            Problem(
                "not-found" if unknown else "unknown-parameter",
                f"{error.name}: {error.reason}",
                parameter=error.name,
                nearest=error.nearest,
            ),
        )

    @app.exception_handler(NoSnapshotError)
    async def on_no_snapshot(request: Request, error: NoSnapshotError) -> Response:
        return answer(
            request,
            Problem("no-snapshot", "Kør `ansvarsgraf build` først.", headers={"Retry-After": "60"}),
        )

    @app.exception_handler(NobodyWaits)
    @app.exception_handler(ClientGone)
    async def on_leaving(request: Request, error: Exception) -> Response:
        """For the log and the figures; nobody reads it."""
        return Response(status_code=499)

    @app.exception_handler(StoreError)
    async def on_store(request: Request, error: StoreError) -> Response:
        log.warning("store: %s", error)
        why = "Svaret kom ikke inden for tidsgrænsen. " if isinstance(error, TookTooLong) else ""
        return answer(request, Problem("store-unavailable", f"{why}Prøv igen om et øjeblik."))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers = {"Allow": ", ".join(methods_at(app, request.url.path))}
            detail = f"Adressen kan bruges med {headers['Allow']}."
            return answer(request, Problem("method-not-allowed", detail, headers=headers))
        detail = f"Der er intet på adressen {request.url.path[:200]}."
        return answer(request, Problem("not-found", detail, headers=headers))

    @app.exception_handler(Exception)
    async def on_error(request: Request, error: Exception) -> Response:
        log.exception("unexpected error for %s", request.url.path[:200])
        return answer(request, Problem("internal", "Fejlen er skrevet i loggen."))
