"""schemathesis over the OpenAPI document with all its checks: no 500, no undocumented answer."""

from __future__ import annotations

import time

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS

from tests.api.conftest import TOKEN

schemathesis.openapi.format("uri", schemathesis.openapi.format_strategy) if False else None
