"""Start the web server."""

from __future__ import annotations

import uvicorn

from graph_service.api.app import create_app
from graph_service.settings import Settings


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until a signal stops it."""
    uvicorn.run(create_app(settings), host=host, port=port, log_level="warning")
