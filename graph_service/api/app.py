"""The web application: routes of the API, of the pages and of SPARQL, put together."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from graph_service import __version__
from graph_service.api import lists, search, things
from graph_service.api.problems import Problem, respond, wants_html
from graph_service.questions.parameters import ParameterError
from graph_service.service import NoSnapshotError, Service
from graph_service.settings import Settings
from graph_service.sparql import protocol
from graph_service.store import StoreError
from graph_service.web import pages

log = logging.getLogger("ansvarsgraf")


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application over the snapshot in service.

    Args:
        settings: defaults to what the environment says.
    """
    settings = settings or Settings.from_environment()
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with protocol.pool_for(app, service):
            yield

    app = FastAPI(
        title="Ansvarsgraf",
        description="Hvem har ansvaret for hvad i det tværsektorielle sundhedsvæsen. "
        "Hvert svar har kildehenvisning.",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.service = service
    app.include_router(lists.router(service.questions))
    app.include_router(things.router)
    app.include_router(search.router)
    app.include_router(protocol.router)
    app.include_router(pages.router)
    pages.mount_static(app)

    @app.get("/healthz", include_in_schema=False)
    def healthz(request: Request) -> Response:
        """200 when a snapshot is served."""
        return PlainTextResponse(f"ok {service.manifest.id}\n")

    def answer(request: Request, problem: Problem) -> Response:
        if wants_html(request) and not request.url.path.startswith(("/api/", "/sparql")):
            return pages.problem_page(request, problem)
        return respond(problem)

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> Response:
        return answer(request, error)

    @app.exception_handler(ParameterError)
    async def on_parameter(request: Request, error: ParameterError) -> Response:
        return answer(
            request,
            Problem(
                "unknown-parameter",
                f"{error.name}: {error.reason}",
                parameter=error.name,
                nearest=error.nearest,
            ),
        )

    @app.exception_handler(NoSnapshotError)
    async def on_no_snapshot(request: Request, error: NoSnapshotError) -> Response:
        return answer(request, Problem("no-snapshot", "Kør `ansvarsgraf build` først."))

    @app.exception_handler(StoreError)
    async def on_store(request: Request, error: StoreError) -> Response:
        log.warning("store: %s", error)
        return answer(
            request,
            Problem("store-unavailable", "Prøv igen om et øjeblik.", headers={"Retry-After": "5"}),
        )

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        kind = "method-not-allowed" if error.status_code == 405 else "not-found"
        detail = (
            "Adressen kan kun læses."
            if kind == "method-not-allowed"
            else f"Der er intet på adressen {request.url.path}."
        )
        return answer(request, Problem(kind, detail, headers=dict(error.headers or {})))

    @app.exception_handler(Exception)
    async def on_error(request: Request, error: Exception) -> Response:
        log.exception("unexpected error for %s", request.url.path)
        return answer(request, Problem("internal", "Fejlen er skrevet i loggen."))

    return app
