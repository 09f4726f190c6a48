"""What is told of a limit names it, in Danish, and says how to ask better."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graph_service.api.problems import Problem
from graph_service.settings import Settings
from graph_service.sparql import failures
from graph_service.sparql.worker import Job

SETTINGS = replace(
    Settings.from_environment({"ANSVARSGRAF_PROJECT": "/p"}),
    query_seconds=7.0,
    query_memory=300 * 1024**2,
    write_seconds=8.0,
    write_memory=500 * 1024**2,
)
JOB = Job("", "json", 7.0, rows=1234, size=5 * 1024**2)


@pytest.mark.parametrize(
    ("problem", "kind", "limit", "advice"),
    [
        (failures.time_limit(7.0), "time-limit", "7 sekunder", "LIMIT"),
        (failures.of_death("time", SETTINGS), "time-limit", "7 sekunder", "bind mindst én"),
        (failures.of_death("memory", SETTINGS), "memory-limit", "300 MB", "begræns mønstrene"),
        (failures.of_death("stack", SETTINGS), "query-too-deep", "flere led", "Brug VALUES"),
        (failures.of_job({"kind": "row-limit"}, JOB), "row-limit", "1234 rækker", "OFFSET"),
        (failures.of_job({"kind": "size-limit"}, JOB), "size-limit", "5 MB", "færre variabler"),
        (
            failures.of_job({"kind": "size-limit"}, replace(JOB, graph="default")),
            "size-limit",
            "5 MB",
            "hver for sig",
        ),
        (failures.too_many(3), "too-many", "3 forespørgsler", "Vent på svar"),
        (failures.too_busy(), "too-busy", "venter", "navngivne spørgsmål"),
        (
            failures.of_change("time", SETTINGS, unchanged=True),
            "time-limit",
            "8 sekunder",
            "del den i flere",
        ),
        (
            failures.of_change("memory", SETTINGS, unchanged=True),
            "memory-limit",
            "500 MB",
            "Del ændringen",
        ),
    ],
)
def test_a_limit_is_named_with_advice(problem: Problem, kind: str, limit: str, advice: str) -> None:
    assert problem.kind == kind
    assert limit in problem.detail
    assert advice in problem.detail
    assert problem.document()["detail"] == problem.detail
