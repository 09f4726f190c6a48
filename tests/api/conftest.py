"""A client of the whole application over the project's own graph."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi import FastAPI

from graph_service.api.app import create_app
from graph_service.settings import Settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

TOKEN = "en-lang-hemmelighed"


@pytest.fixture(scope="session")
def app(settings: Settings) -> FastAPI:
    return create_app(
        replace(settings, admin_token=TOKEN, cors_origins=("https://a.example",), workers=1)
    )


@pytest.fixture(scope="session")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as made:
        yield made
