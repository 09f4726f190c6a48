"""schemathesis over the OpenAPI document with all its checks: no 500, no undocumented answer."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from graph_service.api.app import create_app
from tests.sparql.conftest import TOKEN, make

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
#: a graph is named in one of two ways. So do lists of a day (``as_of``) or of some members
#: (``fields``), which RDF cannot tell.
BEYOND_SCHEMAS = "^/(sparql|rdf-graph-store|graph/.*)$"
LIST = "[a-z-]+"
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
            "include-path-regex": f"^/api/v1/(?!({THOROUGH}|{OF_A_DAY})$){LIST}$",
            "checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "406"]}},
            "phases": {"coverage": {"enabled": False}},
        },
        {
            "include-path-regex": f"^/api/v1/(?!({THOROUGH}|{OF_A_DAY}|{LIST})$).+",
            "phases": {"coverage": {"enabled": False}},
        },
    ],
}
#: All that schemathesis has. Nobody has a key in the first run, so what changes something is only
#: refused, and ``ignored_auth`` sees to that.
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


#: What is done with the key.
WRITING = ["PUT", "POST", "PATCH", "DELETE"]
#: Each change is made by a process of its own and published, so these cases are few. A mark that is
#: not the present one has 412 whatever the content is, which is read after it.
WITH_THE_KEY: dict[str, Any] = {
    **{name: CONFIGURATION[name] for name in ("seed", "request-timeout")},
    "auth": {"openapi": {"key": {"bearer": TOKEN}}},
    "generation": {"deterministic": True, "max-examples": 4},
    "checks": {
        "negative_data_rejection": {"expected-statuses": [*REFUSED, "412"]},
        "positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "400", "406", "412"]},
    },
}


@dataclass
class Found:
    """What a run of schemathesis found.

    Attributes:
        operations: those of the document that it was about.
        asked: how many cases there were of each.
        made: those that cases were made up for.
        checks: the names of the checks that were done.
        statuses: of the answers, by operation.
        failures: what was wrong.
    """

    operations: set[str]
    asked: Counter[str] = field(default_factory=Counter)
    made: set[str] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    failures: list[str] = field(default_factory=list)


def explore(app: FastAPI, configuration: dict[str, Any], methods: list[str] | None) -> Found:
    """Every operation, or those of some methods, and every phase of the engine, in process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import schemathesis
        from schemathesis.config import SchemathesisConfig
        from schemathesis.engine import events, from_schema

        @schemathesis.serializer("application/sparql-query", "application/sparql-update")
        def as_text(context: object, value: object) -> bytes:
            return value if isinstance(value, bytes) else str(value).encode()

        schema = schemathesis.openapi.from_asgi(
            "/api/v1/openapi.json", app, config=SchemathesisConfig.from_dict(configuration)
        )
        schema = schema.include(method=methods) if methods else schema
        found = Found({one.ok().label for one in schema.get_all_operations()})
        for event in from_schema(schema).execute():
            if isinstance(event, events.FatalError):
                raise event.exception
            if isinstance(event, events.NonFatalError):
                found.failures.append(f"{event.label}: {event.value!r}")
            if isinstance(event, events.EngineFinished):
                assert event.stop_reason.value == "completed"
            if not isinstance(event, events.ScenarioFinished):
                continue
            record = event.recorder
            labels = Counter(node.value.operation.label for node in record.cases.values())
            found.asked += labels
            if event.phase.name == "FUZZING":
                found.made |= labels.keys()
            for name, interaction in record.interactions.items():
                if interaction.response is not None:
                    label = record.cases[name].value.operation.label
                    found.statuses[label][interaction.response.status_code] += 1
            for name, done in record.checks.items():
                case = record.cases[name].value
                found.checks.update(check.name for check in done)
                found.failures += [
                    f"{check.name}: {case.method} {case.path} {case.path_parameters} {case.query}"
                    f" {case.body!r:.300}\n{check.failure_info.failure}"
                    for check in done
                    if check.failure_info is not None
                ]
    assert not found.failures, "\n\n".join(found.failures[:10])
    return found


def described(app: FastAPI) -> set[str]:
    """The operations of the document."""
    return {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }


def test_no_answer_is_undocumented_and_none_is_an_error_of_ours(app: FastAPI) -> None:
    """The same cases each time."""
    found = explore(app, CONFIGURATION, None)
    assert found.operations == described(app)
    assert found.asked.keys() == found.made == found.operations
    assert found.checks == CHECKS
    assert found.asked.total() > CASES * len(found.operations)


def test_no_change_with_the_key_has_an_undocumented_answer_or_one_of_ours(tmp_path: Path) -> None:
    """Over a small graph of its own. Every operation changes something, but one that is asked to
    remove what another has removed."""
    app = create_app(make(tmp_path, admin_token=TOKEN))
    found = explore(app, WITH_THE_KEY, WRITING)
    assert found.operations == {one for one in described(app) if one.split()[0] in WRITING}
    assert found.asked.keys() == found.made == found.operations
    assert found.checks == CHECKS
    done = {label for label, statuses in found.statuses.items() if min(statuses) < 300}
    assert found.operations - done <= {"DELETE /rdf-graph-store"}
