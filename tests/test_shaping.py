"""How what the graph says becomes plain data, whatever it says."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from graph_service.shaping import SHAPED, member, plain, to_json
from graph_service.vocabulary import AG, DCTERMS, RDFS, XSD


@pytest.mark.parametrize(
    ("text", "datatype", "expected"),
    [
        ("7", "integer", 7),
        ("+007", "integer", 7),
        ("-3.50", "decimal", -3.5),
        (".5", "decimal", 0.5),
        ("x", "integer", "x"),
        ("1_000", "integer", "1_000"),
        ("٣", "integer", "٣"),
        ("NaN", "decimal", "NaN"),
        ("1e5", "decimal", "1e5"),
        ("9" * 5000, "integer", "9" * 5000),
        ("", "decimal", ""),
        ("7", "string", "7"),
    ],
)
def test_a_number_is_one_where_it_is_written_as_one(
    text: str, datatype: str, expected: object
) -> None:
    found = plain(ox.Literal(text, datatype=ox.NamedNode(XSD + datatype)))
    assert found == expected
    assert type(found) is type(expected)
    assert to_json({"value": found})


def test_a_property_never_has_the_name_of_a_member_that_is_none() -> None:
    assert member(AG + "targetGroup") == "target_group"
    assert member(DCTERMS + "isPartOf") == "is_part_of"
    assert member(RDFS + "label") == "rdfs:label"
    assert member(DCTERMS + "type") == "dcterms:type"
    for name in ("iri", "bearer", *SHAPED):
        foreign = "http://example.org/" + name
        assert member(foreign) == foreign
