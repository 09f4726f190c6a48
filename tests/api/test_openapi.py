"""The OpenAPI document: every operation's example is really called, every answer fits."""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

import jsonschema_rs
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from graph_service.api.resources import RESOURCES
from graph_service.api.schemas import SCHEMAS
from graph_service.questions import registry

LISTS = [f"/api/v1/{name}" for name in RESOURCES]
DETAILS = [f"/api/v1/{name}/{{slug}}" for name in RESOURCES if name != "evidence"]
OTHERS = [
    "/api/v1",
    "/api/v1/things/{kind}/{slug}",
    "/api/v1/evidence/{file}/{lines}",
    "/api/v1/search",
    "/api/v1/questions",
    *(f"/api/v1/questions/{name}" for name in registry()),
]


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict:
    return client.get("/api/v1/openapi.json").json()


def test_every_operation_of_the_api_is_described(document: dict, app: FastAPI) -> None:
    assert set(document["paths"]) == {*LISTS, *DETAILS, *OTHERS, "/api/v1/admin/reload"}
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["tags"]


def example_of(operation: dict) -> dict[str, str]:
    values = {}
    for parameter in operation.get("parameters", []):
        if "example" in parameter:
            value = parameter["example"]
            values[parameter["name"]] = ",".join(value) if isinstance(value, list) else str(value)
    return values


@cache
def validator(name: str) -> jsonschema_rs.Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    return jsonschema_rs.validator_for(schema, validate_formats=True)


@pytest.mark.parametrize("path", [*LISTS, *DETAILS, *OTHERS])
def test_the_example_of_each_operation_has_an_answer_that_fits(
    client: TestClient, document: dict, path: str
) -> None:
    operation = document["paths"][path]["get"]
    values = example_of(operation)
    needed = [p["name"] for p in operation.get("parameters", []) if p["required"]]
    if path.endswith("findings/{slug}") and "slug" not in values:
        pytest.skip("no rule has found anything yet")
    assert set(needed) <= set(values), f"{path} has no example for {needed}"
    address = path
    for name in list(values):
        if f"{{{name}}}" in path:
            address = address.replace(f"{{{name}}}", quote(values.pop(name)))
    answer = client.get(address, params=values)
    assert answer.status_code == 200, answer.text
    content = operation["responses"]["200"]["content"]
    media = answer.headers["content-type"]
    assert media in content
    schema = content[media]["schema"]
    validator(schema["$ref"].rpartition("/")[2]).validate(answer.json())
    body = answer.json()
    if "total" in body and path != "/api/v1/findings":
        assert body["total"] != 0, "the example gives nothing"


def test_errors_fit_their_schema(client: TestClient) -> None:
    for address in ("/api/v1/events?x=1", "/api/v1/events/nope", "/api/v1/events?format=pdf"):
        validator("Problem").validate(client.get(address).json())
    validator("Problem").validate(client.delete("/api/v1/events").json())
