"""The JSON Schemas of answers and of what stands in addresses, for the OpenAPI document.

Source: OpenAPI 3.1, section 4.8.24 (Schema Object); JSON Schema 2020-12.
"""

from __future__ import annotations

from typing import Any

from graph_service.api.problems import PROBLEMS, TYPES
from graph_service.vocabulary import KINDS

Schema = dict[str, Any]
SLUG_FORM = "[a-z0-9][a-z0-9-]{0,200}"
SLUG = {"type": "string", "pattern": f"^{SLUG_FORM}$"}
PASSAGE = r"^https://w3id\.org/ansvarsgraf/id/passage/[0-9a-f_]+/[0-9]+-[0-9]+$"
TEXT = {"type": "string", "maxLength": 200}
COUNT = {"type": "integer", "minimum": 0}
ADDRESS = {"type": "string", "format": "uri"}


def ref(name: str) -> Schema:
    """A reference to a schema of :data:`SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def thing_schema(*required: str, **properties: Schema) -> Schema:
    """An object that may have more than is named here."""
    return {"type": "object", "required": list(required), "properties": properties}


LIST_OF_ANY: Schema = {"type": "array", "items": {}}
VERDICT = thing_schema(
    "date",
    "held",
    "reason",
    "rests_on",
    "changes",
    date={"type": "string", "format": "date"},
    held={"enum": ["yes", "no", "unknown"]},
    reason={"type": "string"},
    rests_on={"type": "array", "items": ref("Basis")},
    changes={"type": "array", "items": ref("Change")},
)
REFERENCE = thing_schema("iri", "id", "label", iri=ADDRESS, id={"type": "string"})
SCHEMAS: dict[str, Schema] = {
    "Problem": thing_schema(
        "type",
        "title",
        "status",
        "detail",
        type={"enum": [TYPES + kind for kind in PROBLEMS]},
        title={"type": "string"},
        status={"type": "integer"},
        detail={"type": "string"},
        parameter={"type": "string"},
        nearest={"type": "array", "items": {"type": "string"}},
        request_id={"type": ["string", "null"]},
    ),
    # What the server itself refuses (graph_service/guarded.py): no request was read, and has an id.
    "Refusal": thing_schema(
        "type",
        "title",
        "status",
        type={"const": "about:blank"},
        title={"type": "string"},
        status={"type": "integer"},
    ),
    "Reference": REFERENCE,
    "Thing": thing_schema(
        "iri",
        "id",
        iri=ADDRESS,
        id={"type": "string"},
        kind={"enum": list(KINDS)},
        label={"type": "string"},
        type={"type": "array", "items": {"type": "string"}},
        page=ADDRESS,
        data=ADDRESS,
        as_of=ref("Verdict"),
    ),
    "Finding": thing_schema(
        "id",
        id={"type": "string"},
        rule={"type": "string"},
        severity={"enum": ["Critical", "Warning", "Notice", ""]},
        title={"type": "string"},
        explanation={"type": "string"},
        suggestion={"type": "string"},
        things={"type": "array", "items": ADDRESS},
        passages={"type": "array", "items": ref("Lines")},
    ),
    "Lines": thing_schema(
        "document",
        "first_line",
        "last_line",
        document={"type": "string"},
        first_line={"type": "integer", "minimum": 1},
        last_line={"type": "integer", "minimum": 1},
    ),
    "Verdict": VERDICT,
    "Basis": thing_schema(
        "provision",
        "held",
        "reason",
        "then",
        provision=ref("Reference"),
        held={"enum": ["yes", "no", "unknown"]},
        reason={"type": "string"},
        then={"anyOf": [ref("Reference"), {"type": "null"}]},
    ),
    "Change": thing_schema(
        "label",
        "provision",
        "kind",
        "text",
        "certainty",
        "source",
        "in_force",
        label={"type": "string"},
        in_force={"type": ["boolean", "null"]},
        effective_from={"type": ["string", "null"]},
    ),
    "List": thing_schema(
        "question",
        "parameters",
        "snapshot",
        "total",
        "next",
        "items",
        question={"type": "string"},
        parameters={"type": "object", "additionalProperties": {"type": "string"}},
        snapshot={"type": "string"},
        total={"type": ["integer", "null"], "minimum": 0},
        next={"type": ["string", "null"]},
        page={"type": ["string", "null"]},
        items={"type": "array", "items": ref("Thing")},
        undated=thing_schema("total", "href", total=COUNT, href=ADDRESS),
    ),
    "Findings": {
        "allOf": [
            thing_schema("total", "items", items={"type": "array", "items": ref("Finding")}),
        ]
    },
    "Table": thing_schema(
        "question",
        "parameters",
        "columns",
        "snapshot",
        "total",
        "rows",
        columns={"type": "object", "additionalProperties": {"type": "string"}},
        total=COUNT,
        rows={"type": "array", "items": {"type": "object"}},
    ),
    "Passage": thing_schema(
        "iri",
        "file",
        "first_line",
        "last_line",
        "text",
        "no_text_because",
        text={"type": ["array", "null"], "items": {"type": "object"}},
        no_text_because={"type": ["string", "null"]},
    ),
    "Questions": thing_schema(
        "questions", questions={"type": "array", "items": {"type": "object"}}
    ),
    "Hits": thing_schema(
        "total", "items", total=COUNT, items={"type": "array", "items": ref("Reference")}
    ),
    "Index": thing_schema("snapshot", "lists", "questions", "sparql", "openapi"),
    "Description": thing_schema("openapi", "info", "paths"),
    "Snapshot": thing_schema("snapshot", "created", "triples", triples=COUNT),
    "Graph": thing_schema("@context", "@graph"),
    "Field": {"type": "string"},
}
