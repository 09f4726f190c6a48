"""One route for all addresses without a variable: found by a look-up, not by trying each in turn.

FastAPI tries its routes one after another, which for the hundred and more of this service takes
longer than a small question. Its own routes stay, for the description and for other methods.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, NoMatchFound, request_response
from starlette.types import ASGIApp, Receive, Scope, Send


class Exact(BaseRoute):
    """The GET routes of routers whose endpoints take the request and nothing else."""

    def __init__(self, routers: Iterable[APIRouter]) -> None:
        self._apps: dict[str, ASGIApp] = {
            route.path: request_response(route.endpoint)
            for router in routers
            for route in router.routes
            if isinstance(route, APIRoute) and route.methods == {"GET"} and "{" not in route.path
        }

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and not scope.get("root_path")
            and scope["path"] in self._apps
        ):
            return Match.FULL, {}
        return Match.NONE, {}

    def url_path_for(self, name: str, /, **path_params: object) -> object:  # type: ignore[override]
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._apps[scope["path"]](scope, receive, send)
