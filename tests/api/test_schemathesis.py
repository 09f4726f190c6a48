"""schemathesis over the OpenAPI document with all its checks: no 500, no undocumented answer."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from graph_service.api.app import create_app
from graph_service.settings import Settings
from tests.server.conftest import server
from tests.sparql.conftest import TOKEN, make

if TYPE_CHECKING:
    from schemathesis.schemas import BaseSchema

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
#: The line of a request is bounded over HTTP, however it came to be so long.
TOO_LONG = "431"
CONFIGURATION: dict[str, Any] = {
    "seed": 5,
    "request-timeout": 60,
    "generation": {"deterministic": True, "max-examples": CASES},
    # As by default, and 413 for a text that is longer than its schema allows.
    "checks": {"negative_data_rejection": {"expected-statuses": [*REFUSED, TOO_LONG]}},
    "operations": [
        {
            "include-path-regex": BEYOND_SCHEMAS,
            "checks": {
                "positive_data_acceptance": {
                    "expected-statuses": [*ACCEPTED, "400", "406", TOO_LONG]
                }
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

#: Made-up cases for each operation over HTTP, some from two clients at the same time. What goes by
#: system is left to the run in process.
MANY = 30
OVER_HTTP: dict[str, Any] = {
    **CONFIGURATION,
    "workers": 2,
    "generation": {"deterministic": True, "max-examples": MANY},
    "phases": {"coverage": {"enabled": False}},
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


def load(served: FastAPI | str, configuration: dict[str, Any]) -> BaseSchema:
    """The document of an application, which is then asked in process, or of a server's address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import schemathesis
        from schemathesis.config import SchemathesisConfig

        @schemathesis.serializer("application/sparql-query", "application/sparql-update")
        def as_text(context: object, value: object) -> bytes:
            return value if isinstance(value, bytes) else str(value).encode()

        config = SchemathesisConfig.from_dict(configuration)
        if isinstance(served, str):
            return schemathesis.openapi.from_url(f"{served}/api/v1/openapi.json", config=config)
        return schemathesis.openapi.from_asgi("/api/v1/openapi.json", served, config=config)


def explore(schema: BaseSchema) -> Found:
    """Every operation of a document, and every phase of the engine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from schemathesis.engine import events, from_schema

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
    found = explore(load(app, CONFIGURATION))
    assert found.operations == described(app)
    assert found.asked.keys() == found.made == found.operations
    assert found.checks == CHECKS
    assert found.asked.total() > CASES * len(found.operations)


def test_no_answer_of_a_server_over_http_is_undocumented_or_an_error_of_ours(
    app: FastAPI, settings: Settings, tmp_path: Path
) -> None:
    """What only reads, asked of two processes behind uvicorn and the limits on connections. The
    whole graph is 40 MB, which a machine with much else to do does not write within 10 s."""
    log = tmp_path / "log"
    with server(settings.snapshots, log, processes=2, query_seconds=60) as running:
        schema = load(f"http://127.0.0.1:{running.port}", OVER_HTTP)
        found = explore(schema.exclude(method=WRITING))
    assert found.operations == {one for one in described(app) if one.split()[0] not in WRITING}
    assert found.asked.keys() == found.made == found.operations
    assert found.checks == CHECKS
    assert found.asked.total() > MANY / 2 * len(found.operations)


def test_no_change_with_the_key_has_an_undocumented_answer_or_one_of_ours(tmp_path: Path) -> None:
    """Over a small graph of its own. Every operation changes something, but one that is asked to
    remove what another has removed."""
    app = create_app(make(tmp_path, admin_token=TOKEN))
    found = explore(load(app, WITH_THE_KEY).include(method=WRITING))
    assert found.operations == {one for one in described(app) if one.split()[0] in WRITING}
    assert found.asked.keys() == found.made == found.operations
    assert found.checks == CHECKS
    done = {label for label, statuses in found.statuses.items() if min(statuses) < 300}
    assert found.operations - done <= {"DELETE /rdf-graph-store"}
