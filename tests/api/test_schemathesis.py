"""schemathesis over the OpenAPI document with all its checks: no 500, no undocumented answer."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import pytest
from fastapi import FastAPI

pytestmark = pytest.mark.long

#: Cases that are made up for each operation, beside its examples.
CASES = 3
#: Schemathesis goes through the bounds and the opposites of every parameter by system too, in some
#: 400 cases for a list. Lists are one function, and so are things and questions: it does so with
#: these of them, and with every operation that is none. (It would leave out the address that it
#: reads the document from, if no entry of the configuration named it; the last entry does.)
THOROUGH = (
    "responsibilities|search|catalog|things/.*|evidence/.*"
    "|questions/(who-receives|due-by|duties-of-organisation)|admin/.*"
)
#: What a client may be told where the text, or the parameters together, are wrong in a way that no
#: schema can say: whether a text is SPARQL or RDF, which formats the answer to it can have, and that
#: a graph is named in one of two ways. So do lists of a day (``as_of``), which RDF cannot tell.
BEYOND_SCHEMAS = "^/(sparql|rdf-graph-store|graph/.*)$"
OF_A_DAY = "(responsibilities|agreements|programmes|legal-bases)(/[^/]+)?"
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "429", "5xx"]
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429"]
CONFIGURATION: dict[str, Any] = {
    "seed": 5,
    "request-timeout": 60,
    "generation": {"deterministic": True, "max-examples": CASES},
    # As by default, and 413 for a text that is longer than its schema allows.
    "checks": {"negative_data_rejection": {"expected-statuses": REFUSED}},
    "operations": [
        {
            "include-path-regex": BEYOND_SCHEMAS,
            "checks": {
                "positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "400", "406"]}
            },
        },
        {
            "include-path-regex": "^/api/v1/responsibilities$",
            "checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "406"]}},
        },
        {
            "include-path-regex": f"^/api/v1/(?!responsibilities$){OF_A_DAY}$",
            "checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "406"]}},
            "phases": {"coverage": {"enabled": False}},
        },
        {
            "include-path-regex": f"^/api/v1/(?!({THOROUGH}|{OF_A_DAY})$).+",
            "phases": {"coverage": {"enabled": False}},
        },
    ],
}
#: All that schemathesis has. Nobody here has a key, so what changes something is only refused:
#: ``ignored_auth`` sees to that, and test_openapi makes the changes.
CHECKS = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
    "object_level_authorization",
}


def test_no_answer_is_undocumented_and_none_is_an_error_of_ours(app: FastAPI) -> None:
    """Every operation and every phase of the engine, in process; the same cases each time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import schemathesis
        from schemathesis.config import SchemathesisConfig
        from schemathesis.engine import events, from_schema

        @schemathesis.serializer("application/sparql-query", "application/sparql-update")
        def as_text(context: object, value: object) -> bytes:
            return value if isinstance(value, bytes) else str(value).encode()

        schema = schemathesis.openapi.from_asgi(
            "/api/v1/openapi.json", app, config=SchemathesisConfig.from_dict(CONFIGURATION)
        )
        operations = {found.ok().label for found in schema.get_all_operations()}
        asked: Counter[str] = Counter()
        made: set[str] = set()
        checks: set[str] = set()
        failures: list[str] = []
        for event in from_schema(schema).execute():
            if isinstance(event, events.FatalError):
                raise event.exception
            if isinstance(event, events.NonFatalError):
                failures.append(f"{event.label}: {event.value!r}")
            if isinstance(event, events.EngineFinished):
                assert event.stop_reason.value == "completed"
            if not isinstance(event, events.ScenarioFinished):
                continue
            record = event.recorder
            labels = Counter(node.value.operation.label for node in record.cases.values())
            asked += labels
            if event.phase.name == "FUZZING":
                made |= labels.keys()
            for name, done in record.checks.items():
                case = record.cases[name].value
                checks.update(check.name for check in done)
                failures += [
                    f"{check.name}: {case.method} {case.path} {case.path_parameters} {case.query}"
                    f" {case.body!r:.300}\n{check.failure_info.failure}"
                    for check in done
                    if check.failure_info is not None
                ]
    assert not failures, "\n\n".join(failures[:10])
    described = {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    assert operations == described
    assert asked.keys() == made == operations
    assert checks == CHECKS
    assert asked.total() > CASES * len(operations)
