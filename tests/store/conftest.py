"""What the tests of a module's server share."""

from __future__ import annotations

import pytest

from graph_service.answers import Answers
from graph_service.service import Service
from graph_service.settings import Settings

# A failure in these shows what was compared, as in a module of tests.
pytest.register_assert_rewrite("tests.store.compare", "tests.store.every_server")


@pytest.fixture(scope="module")
def remote(loaded: Settings) -> Answers:
    """Answers of the server that a module's ``loaded`` names."""
    return Service(loaded).answers
