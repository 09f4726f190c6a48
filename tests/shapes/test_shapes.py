"""The shapes hold of a sound graph, and each of them says so when it is broken."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox
import pytest
from shape_cases import CASES, HARMLESS, SOUND, Case, triples

from graph_service.build import load, validate
from graph_service.build.incremental import Incremental
from graph_service.build.shapes import Alternative, Predicate, ShapesGraph, Term
from graph_service.build.validate import Violation, check
from graph_service.settings import PROJECT
from graph_service.vocabulary import AG, OWL, QB, RDF, RDFS, SH, compact

SOURCES = load(PROJECT)
SHAPES = SOURCES.guards
GRAPH = ShapesGraph(SHAPES)
SHAPE = "https://w3id.org/ansvarsgraf/shape#"
ONTOLOGY = [q.triple for q in SOURCES.quads if q.graph_name.value.endswith("/ontology")]
#: What makes a value unfit for every constraint on values.
UNFIT = '"navn@firma.dk"^^<urn:unfit>'
#: Properties that only rules use; the classes of their values say what these must have.
ONLY_INFERRED = {
    AG + name
    for name in (
        "answersFor",
        "bearerByInheritance",
        "borneBy",
        "boundBy",
        "derivation",
        "fallsUnder",
        "forOrganisation",
        "heldBy",
        "mentionedIn",
        "viaActor",
        "viaAgreement",
        "viaBody",
    )
}
#: Property → the shapes that its values must have.
VALUE_SHAPES: dict[str, set[str]] = {}
for _shape in GRAPH.subjects():
    for _property in GRAPH.objects(_shape, SH + "targetObjectsOf"):
        VALUE_SHAPES.setdefault(_property.value, set()).add(_shape.value)
VALUE_CONSTRAINTS = ("node", "datatype", "nodeKind", "pattern", "in", "hasValue", "or")


def messages(data: set[ox.Triple]) -> list[str]:
    return [v.message_da for v in check(data, SHAPES, {})]


def test_the_sound_graph_is_sound() -> None:
    assert messages(triples(SOUND)) == []


@pytest.fixture(params=["engine alone", "store first"])
def each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small graphs go to the engine at once; here also as large ones, through the store."""
    if request.param == "store first":
        monkeypatch.setattr(validate, "LARGE", 0)


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_graph_is_told(case: Case) -> None:
    out = triples(case.out)
    assert out <= triples(SOUND), "the case takes out what is there"
    said = messages((triples(SOUND) - out) | triples(case.into))
    assert any(case.said in message for message in said), said


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_text_passes(text: str) -> None:
    said = messages(triples(SOUND + f'task:opgave dcterms:description "{text}"@da .'))
    assert said == []


def constraints() -> Iterator[Term]:
    """Every node that constrains something: shapes, nested shapes, SPARQL constraints."""
    silent = {
        "path",
        "property",
        "sparql",
        "targetClass",
        "targetSubjectsOf",
        "targetObjectsOf",
        "targetNode",
        "message",
    }
    for subject in GRAPH.subjects():
        names = {p.removeprefix(SH) for p, _ in GRAPH.about(subject) if p.startswith(SH)}
        own = names - silent - {"declare", "prefix", "namespace", "prefixes", "alternativePath"}
        if own and not names <= {"zeroOrMorePath", "oneOrMorePath", "inversePath"}:
            yield subject


def test_every_constraint_speaks_danish_and_english() -> None:
    mute = [
        str(node)
        for node in constraints()
        if not (GRAPH.message(node, "da") and GRAPH.message(node, "en"))
    ]
    assert mute == []


def property_cases() -> Iterator[tuple[str, str, set[ox.Triple], str]]:
    """Shape, constraint, a graph that breaks it, and what is to be said, for each property shape."""
    for number, shape in enumerate(sorted(GRAPH.subjects(), key=str)):
        target = _target(shape)
        if target is None:
            continue
        for i, inner in enumerate(sorted(GRAPH.objects(shape, SH + "property"), key=str)):
            path = GRAPH.path_of(inner)
            focus = ox.NamedNode(f"urn:focus:{number}:{i}")
            about = {p.removeprefix(SH) for p, _ in GRAPH.about(inner)}
            first = path.paths[0] if isinstance(path, Alternative) else path
            verb = ox.NamedNode(first.iri) if isinstance(first, Predicate) else None
            base = {ox.Triple(focus, *target)}
            label = f"{shape} {GRAPH.message(inner, 'en')}"
            said = GRAPH.message(inner, "da")
            if about & {"minCount", "qualifiedMinCount"}:
                yield label, "count", {t for t in base if t.predicate != verb}, said
            if verb is None:
                continue
            two = {ox.Triple(focus, verb, ox.NamedNode(f"urn:value:{n}")) for n in (1, 2)}
            if "maxCount" in about:
                yield label, "maxCount", base | two, said
            if about & set(VALUE_CONSTRAINTS):
                unfit = next(iter(triples(f"<{focus.value}> <{verb.value}> {UNFIT} .")))
                yield label, "value", base | {unfit}, said


def value_cases() -> Iterator[tuple[str, str, set[ox.Triple], str]]:
    """The same for each property whose values a shape is about."""
    for number, (name, shapes) in enumerate(sorted(VALUE_SHAPES.items())):
        focus = f"urn:user:{number}"
        for shape in sorted(shapes):
            node = ox.NamedNode(shape)
            about = [node, *sorted(GRAPH.objects(node, SH + "property"), key=str)]
            said = next(m for n in about if (m := GRAPH.message(n, "da")))
            told = f"{compact(name)}: {said[:1].lower()}{said[1:]}"
            yield f"{name} {shape}", "value", triples(f"<{focus}> <{name}> {UNFIT} ."), told


def _target(shape: Term) -> tuple[ox.NamedNode, Term] | None:
    for of in GRAPH.objects(shape, SH + "targetClass"):
        return ox.NamedNode(RDF + "type"), of
    for of in sorted(GRAPH.objects(shape, SH + "targetSubjectsOf"), key=str):
        assert isinstance(of, ox.NamedNode)
        return of, ox.NamedNode("urn:value:0")
    return None


@pytest.mark.usefixtures("each_way")
def test_every_property_shape_is_broken_by_a_graph_made_for_it() -> None:
    cases = [case for case in (*property_cases(), *value_cases()) if case[2]]
    found: dict[str, set[str]] = {}
    for violation in check(set().union(*(data for _, _, data, _ in cases)), SHAPES, {}):
        found.setdefault(violation.focus, set()).add(violation.message_da)
    silent = [
        (label, constraint)
        for label, constraint, data, said in cases
        if said not in found.get(next(iter(data)).subject.value, set())
    ]
    assert len(cases) > 250
    assert silent == []


def _terms(kind: str) -> set[str]:
    return {
        t.subject.value
        for t in ONTOLOGY
        if t.predicate.value == RDF + "type" and t.object.value == OWL + kind
        if isinstance(t.subject, ox.NamedNode) and t.subject.value.startswith(AG)
    }


def test_every_property_of_the_model_has_a_shape() -> None:
    properties = _terms("ObjectProperty") | _terms("DatatypeProperty")
    only_privacy = {name for name, of in VALUE_SHAPES.items() if of == {SHAPE + "Privacy"}}
    assert properties - (VALUE_SHAPES.keys() - only_privacy) - ONLY_INFERRED == set()


def test_every_class_of_the_model_has_a_shape() -> None:
    shaped = {c for s in GRAPH.subjects() for c in GRAPH.objects(s, SH + "targetClass")}
    parents = {
        t.subject.value: t.object for t in ONTOLOGY if t.predicate.value == RDFS + "subClassOf"
    }
    classes = _terms("Class")
    bare = {c for c in classes if ox.NamedNode(c) not in shaped and parents.get(c) not in shaped}
    assert bare == set()


def test_every_coded_property_takes_its_values_from_its_list() -> None:
    lists = [(t.subject.value, t.object) for t in ONTOLOGY if t.predicate.value == QB + "codeList"]
    wrong = []
    for iri, scheme in lists:
        name = getattr(scheme, "value", "").removeprefix(AG).removesuffix("Scheme")
        of_list = {SHAPE + f"{name}ListValue", SHAPE + "CodedValue"}
        if iri == AG + "severity":  # of two lists: the word of a source, and that of a finding
            of_list = {SHAPE + "SeverityValue"}
        if not of_list & VALUE_SHAPES.get(iri, set()):
            wrong.append((iri, name))
    assert wrong == []


def test_the_privacy_shape_reads_every_property_that_holds_text() -> None:
    read = {name for name, shapes in VALUE_SHAPES.items() if SHAPE + "Privacy" in shapes}
    checked_otherwise = {AG + "sha256", AG + "municipalityCode", RDF + "value"}
    with_text = {
        q.predicate.value
        for q in SOURCES.quads
        if isinstance(q.object, ox.Literal)
        and (q.object.language or q.object.datatype.value.endswith("#string"))
    }
    assert with_text - read - checked_otherwise == set()


def test_the_shapes_can_be_validated_incrementally() -> None:
    Incremental(SHAPES)


def test_a_violation_names_the_thing_the_rule_and_the_file() -> None:
    data = triples(SOUND) - triples("responsibility:r ag:task task:opgave .")
    thing = "https://w3id.org/ansvarsgraf/id/responsibility/r"
    assert check(data, SHAPES, {thing: "data/aftale.ttl"}) == [
        Violation(
            focus=thing,
            path=AG + "task",
            value="",
            component=SH + "MinCountConstraintComponent",
            message_da="Skal have mindst én opgave (ag:task).",
            message_en="Must have at least one task (ag:task).",
            file="data/aftale.ttl",
            severity="Violation",
        )
    ]


def test_a_date_that_is_none_is_told_only_as_a_violation(caplog: pytest.LogCaptureFixture) -> None:
    assert messages(triples('date:e-1 ag:notAfter "2020-02-30"^^xsd:date .'))
    assert caplog.records == []
