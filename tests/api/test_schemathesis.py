"""schemathesis over the OpenAPI document with all its checks: no 500, no undocumented answer."""

from __future__ import annotations

import warnings

from fastapi import FastAPI

#: Seconds that it may take, and cases for each operation and phase.
SECONDS, CASES = 40.0, 2


def test_no_answer_is_undocumented_and_none_is_an_error_of_ours(app: FastAPI) -> None:
    """Every phase of the engine, in process; each failure is told with what was asked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import schemathesis
        from schemathesis.engine import events, from_schema

        schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
        schema.config.max_time = SECONDS
        schema.config.generation.max_examples = CASES
        schema.config.seed = 5
        asked, failures = 0, []
        for event in from_schema(schema).execute():
            if isinstance(event, events.FatalError):
                raise event.exception
            if not isinstance(event, events.ScenarioFinished):
                continue
            record = event.recorder
            asked += len(record.cases)
            for name, checks in record.checks.items():
                case = record.cases[name].value
                failures += [
                    f"{check.name}: {case.method} {case.path} {case.path_parameters} {case.query}"
                    f"\n{check.failure_info.failure}"
                    for check in checks
                    if check.failure_info is not None
                ]
    assert not failures, "\n\n".join(failures[:10])
    assert asked > 150
