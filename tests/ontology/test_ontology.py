"""Every term of ours is defined, explained in Danish and English, and aligned; all uses exist."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import owlrl
import pyoxigraph as ox
import pytest
from rdflib import OWL, QB, RDF, RDFS, SKOS, Graph, Literal, Namespace, URIRef
from vocabularies import Vocabularies, read_list

PROJECT = Path(__file__).resolve().parents[2]
ONTOLOGY = PROJECT / "ontology"
AG = Namespace("https://w3id.org/ansvarsgraf/def#")
ID = "https://w3id.org/ansvarsgraf/"
DEFINITION = URIRef("https://w3id.org/ansvarsgraf/def")
CONTRACT = Path(__file__).parent / "contract.txt"
IN_TEXT = re.compile(r"\bag:([A-Za-z]\w*)|" + re.escape(str(AG)) + r"([A-Za-z]\w*)")
TERM_TYPES = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, SKOS.Concept, SKOS.ConceptScheme)
MATCHES = (SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch)
TURTLE = ox.RdfFormat.TURTLE

#: What owlrl types the messages with which it says that a graph contradicts itself.
INCONSISTENT = URIRef("http://www.daml.org/2002/03/agents/agent-ont#ErrorMessage")


# What is checked, as functions of what is given


def defined(graph: Graph) -> set[str]:
    """Local names of the terms that the ontology defines."""
    return {
        str(s)[len(AG) :]
        for kind in TERM_TYPES
        for s in graph.subjects(RDF.type, kind)
        if str(s).startswith(str(AG))
    }


def terms_in_turtle(text: bytes) -> set[str]:
    """Local names of our terms in a Turtle text, also in the SPARQL that its literals hold."""
    found: set[str] = set()
    for quad in ox.parse(text, format=TURTLE):
        for term in (quad.subject, quad.predicate, quad.object):
            if isinstance(term, ox.NamedNode) and term.value.startswith(str(AG)):
                found.add(term.value[len(AG) :])
            elif isinstance(term, ox.Literal) and ("ag:" in term.value or str(AG) in term.value):
                found |= terms_in_text(term.value)
    return found - {""}


def terms_in_text(text: str) -> set[str]:
    """Local names of our terms in SPARQL: prefixed names and IRIs."""
    return {a or b for a, b in IN_TEXT.findall(text)}


def terms_used(project: Path) -> dict[str, set[str]]:
    """File → local names of our terms that it uses: data, shapes, ontology, questions and rules."""
    used = {}
    for folder in ("data", "shapes", "ontology"):
        for path in sorted((project / folder).rglob("*.ttl")):
            used[path.relative_to(project).as_posix()] = terms_in_turtle(path.read_bytes())
    for path in sorted((project / "graph_service").rglob("*.rq")):
        text = path.read_text(encoding="utf-8")
        used[path.relative_to(project).as_posix()] = terms_in_text(text)
    return used


def undefined(project: Path, names: set[str]) -> dict[str, set[str]]:
    """File → the terms in it that ``names`` does not have."""
    return {file: used - names for file, used in terms_used(project).items() if used - names}


def badly_explained(graph: Graph) -> Iterator[str]:
    """Terms that lack a label or a definition in Danish or English, or have two in a language."""
    for name in sorted(defined(graph)):
        term = AG[name]
        concept = (term, RDF.type, SKOS.Concept) in graph
        scheme = (term, RDF.type, SKOS.ConceptScheme) in graph
        for predicate in (SKOS.prefLabel if concept or scheme else RDFS.label, SKOS.definition):
            texts = [o for o in graph.objects(term, predicate) if isinstance(o, Literal)]
            if sorted(str(o.language) for o in texts) != ["da", "en"] or not all(map(str, texts)):
                yield f"{name}: {predicate.fragment}"
        if (term, RDFS.isDefinedBy, DEFINITION) not in graph:
            yield f"{name}: isDefinedBy"
        if concept and len(list(graph.objects(term, SKOS.notation))) != 1:
            yield f"{name}: notation"
        if concept and len(list(graph.objects(term, SKOS.inScheme))) != 1:
            yield f"{name}: inScheme"


def unaligned(graph: Graph) -> set[str]:
    """Classes and properties without any relation to another vocabulary."""
    terms = {t for kind in TERM_TYPES[:3] for t in graph.subjects(RDF.type, kind)}
    ours = {t for t in terms if str(t).startswith(str(AG))}
    return {
        str(t)[len(AG) :]
        for t in ours
        if not any(
            not str(o).startswith(str(AG))
            for match in (*MATCHES, RDFS.subClassOf, RDFS.subPropertyOf)
            for o in graph.objects(t, match)
        )
    }


def unknown_reuse(text: bytes, vocabularies: Vocabularies) -> set[str]:
    """IRIs of other vocabularies in a Turtle text that those do not have.

    Predicates, types and datatypes must belong to a known vocabulary; other objects must exist
    when their vocabulary is known.
    """
    found = set()
    for quad in ox.parse(text, format=TURTLE):
        must = [quad.predicate.value]
        may = [quad.subject.value] if isinstance(quad.subject, ox.NamedNode) else []
        if isinstance(quad.object, ox.Literal):
            must.append(quad.object.datatype.value)
        elif isinstance(quad.object, ox.NamedNode):
            kind = must if quad.predicate.value == str(RDF.type) else may
            kind.append(quad.object.value)
        found |= {i for i in must if not i.startswith(ID) and not vocabularies.has(i)}
        found |= {i for i in may if vocabularies.namespace(i) and not vocabularies.has(i)}
    return found


def misused(graph: Graph, triples: Iterator[ox.Quad] | list[ox.Quad]) -> Counter[str]:
    """How often a property has a literal for a thing, the reverse, or a value not in its list."""
    things = set(graph.subjects(RDF.type, OWL.ObjectProperty))
    literals = set(graph.subjects(RDF.type, OWL.DatatypeProperty))
    lists: dict[URIRef, set[URIRef]] = defaultdict(set)
    for p, scheme in graph.subject_objects(QB.codeList):
        lists[p] |= set(graph.subjects(SKOS.inScheme, scheme))
    found: Counter[str] = Counter()
    for quad in triples:
        p = URIRef(quad.predicate.value)
        literal = isinstance(quad.object, ox.Literal)
        wrong_kind = literal if p in things else p in literals and not literal
        if wrong_kind or (p in lists and URIRef(quad.object.value) not in lists[p]):
            found[f"{p.fragment} {quad.object}"] += 1
    return found


def _by_address(iri: str) -> list[str | int]:
    """The order of the project's Turtle: by the IRI in its brackets, numbers by value."""
    parts = re.split(r"([0-9]+)", f"<{iri}>")
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]


def untidy(text: str) -> list[str]:
    """What is not in the one form: prefixes sorted, subjects sorted by address, one empty line."""
    found = []
    blocks = text.rstrip("\n").split("\n\n")
    prefixes = [line for line in blocks[0].splitlines() if line.startswith("@prefix")]
    if prefixes != sorted(prefixes) or not prefixes:
        found.append("prefixes")
    if any(not b.strip() or b.startswith("\n") for b in blocks) or not text.endswith(".\n"):
        found.append("empty lines")
    spaces = {m[1]: m[2] for m in re.finditer(r"@prefix ([\w-]*): <(.*)> \.", blocks[0])}
    subjects = []
    for block in blocks[1:]:
        first = block.split(maxsplit=1)[0]
        prefix, _, local = first.partition(":")
        subjects.append(first.strip("<>") if first.startswith("<") else spaces[prefix] + local)
    if subjects != sorted(set(subjects), key=_by_address):
        found.append("subjects")
    return found


# What is given


@pytest.fixture(scope="module")
def ontology() -> Graph:
    graph = Graph()
    for path in sorted(ONTOLOGY.rglob("*.ttl")):
        graph.parse(path, format="turtle")
    return graph


@pytest.fixture(scope="module")
def vocabularies() -> Vocabularies:
    return Vocabularies(ONTOLOGY / "terms")


TURTLE_FILES = [
    path.relative_to(PROJECT).as_posix()
    for folder in ("ontology", "data", "shapes")
    for path in sorted((PROJECT / folder).rglob("*.ttl"))
]


# The product


def test_the_contract_is_kept(ontology: Graph) -> None:
    names = {n for n in CONTRACT.read_text(encoding="utf-8").splitlines() if n[:1] != "#"}
    assert names - defined(ontology) == set()


def test_every_term_used_is_defined(ontology: Graph) -> None:
    assert undefined(PROJECT, defined(ontology)) == {}


def test_every_term_is_explained_in_danish_and_english(ontology: Graph) -> None:
    assert list(badly_explained(ontology)) == []


def test_every_class_and_property_is_aligned(ontology: Graph) -> None:
    assert unaligned(ontology) == set()


def test_every_term_is_defined_in_one_file() -> None:
    homes: dict[str, set[str]] = defaultdict(set)
    for path in sorted(ONTOLOGY.rglob("*.ttl")):
        for name in defined(Graph().parse(path, format="turtle")):
            homes[name].add(path.name)
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_values_stand_in_concept_files_and_nothing_else_does() -> None:
    for path in sorted(ONTOLOGY.rglob("*.ttl")):
        graph = Graph().parse(path, format="turtle")
        kinds = {k for k in TERM_TYPES for s in graph.subjects(RDF.type, k) if s.startswith(AG)}
        values = {SKOS.Concept, SKOS.ConceptScheme}
        assert (kinds <= values) if path.parent.name == "concepts" else not kinds & values


def test_every_list_is_used_and_every_value_is_in_its_list(ontology: Graph) -> None:
    schemes = set(ontology.subjects(RDF.type, SKOS.ConceptScheme))
    assert set(ontology.objects(None, QB.codeList)) == schemes
    for scheme in schemes:
        members = set(ontology.subjects(SKOS.inScheme, scheme))
        assert set(ontology.objects(scheme, SKOS.hasTopConcept)) == members
        notations = [str(ontology.value(m, SKOS.notation)) for m in members]
        assert len(set(notations)) == len(notations) > 1


def test_labels_name_one_class_or_property(ontology: Graph) -> None:
    """A reader who sees a label must not have to guess which of two properties is meant."""
    for kinds in ((OWL.Class,), (OWL.ObjectProperty, OWL.DatatypeProperty)):
        terms = {t for k in kinds for t in ontology.subjects(RDF.type, k) if t.startswith(AG)}
        labels = Counter(label for t in terms for label in ontology.objects(t, RDFS.label))
        assert [str(label) for label, times in labels.items() if times > 1] == []


@pytest.mark.parametrize("file", TURTLE_FILES)
def test_reused_terms_exist_in_their_vocabulary(file: str, vocabularies: Vocabularies) -> None:
    assert unknown_reuse((PROJECT / file).read_bytes(), vocabularies) == set()


@pytest.mark.parametrize("file", [f for f in TURTLE_FILES if f.startswith("data/")])
def test_data_uses_properties_as_they_are_defined(file: str, ontology: Graph) -> None:
    quads = ox.parse((PROJECT / file).read_bytes(), format=TURTLE)
    assert misused(ontology, quads) == Counter()


@pytest.mark.parametrize("file", [f for f in TURTLE_FILES if f.startswith("ontology/")])
def test_the_ontology_is_tidy(file: str) -> None:
    assert untidy((PROJECT / file).read_text(encoding="utf-8")) == []


def test_term_lists_say_what_they_are() -> None:
    for path in sorted((ONTOLOGY / "terms").glob("*.txt")):
        header, names = read_list(path)
        assert set(header) == {"vocabulary", "namespace", "version", "purpose"}, path.name
        assert names == sorted(set(names)), path.name
        assert all(re.fullmatch(r"[A-Za-z][\w-]*", n) for n in names), path.name


def test_the_axioms_entail_what_users_meet(ontology: Graph) -> None:
    """By owlrl on a small example: hierarchies, inverses, transitivity, the chain."""
    example = """
    @prefix : <http://example.org/> .
    @prefix ag: <https://w3id.org/ansvarsgraf/def#> .
    :misbrugscenter ag:unitOfActor :socialforvaltning . :socialforvaltning ag:unitOfActor :kommune .
    :odense a ag:Municipality ; ag:actsAs :kommune .
    :pligt ag:borneBy :odense ; ag:bearer :kommune ; ag:evidence :sted .
    :sted ag:inDocument :aftalen .
    :modstrid ag:side :a , :b . :indsats ag:sameTextAs :genoptryk .
    """
    graph = Graph()
    for triple in ontology:
        graph.add(triple)
    graph.parse(data=example, format="turtle")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    ex = Namespace("http://example.org/")
    for triple in (
        (ex.misbrugscenter, AG.unitOfActor, ex.kommune),
        (ex.misbrugscenter, AG.broaderActor, ex.kommune),
        (ex.odense, RDF.type, AG.Actor),
        (ex.pligt, AG.heldBy, ex.odense),
        (ex.pligt, AG.heldBy, ex.kommune),
        (ex.pligt, AG.mentionedIn, ex.aftalen),
        (ex.modstrid, AG.between, ex.a),
        (ex.genoptryk, AG.sameTextAs, ex.indsats),
    ):
        assert triple in graph, triple
    assert (ex.kommune, AG.unitOfActor, ex.misbrugscenter) not in graph
    # A commitment has bearers too and is no responsibility.
    assert (ex.pligt, RDF.type, AG.Responsibility) not in graph
    assert list(graph.subjects(RDF.type, INCONSISTENT)) == []


def test_statements_are_not_mistaken_for_responsibilities(ontology: Graph) -> None:
    """What may stand on a statement has no domain, or the statement would become something else."""
    shared = [
        "bearer",
        "bearerMode",
        "sharedWith",
        "task",
        "modality",
        "phase",
        "targetGroup",
        "recipient",
        "channel",
        "trigger",
        "condition",
        "consentRequired",
        "deadlineText",
        "deadlineDays",
        "dayKind",
        "deadlineMonths",
        "deadlineKind",
        "deadlineFrom",
        "legalBasis",
        "mentionsProvision",
        "agreedIn",
        "statedIn",
        "appliesIn",
        "validFrom",
        "validTo",
        "notStated",
        "bearerInferred",
        "statementStatus",
        "evidence",
        "purpose",
        "offer",
    ]
    assert [n for n in shared if ontology.value(AG[n], RDFS.domain) is not None] == []


# The checks find what is wrong


def test_a_contradiction_would_be_noticed() -> None:
    text = """
    @prefix : <http://example.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
    :A a owl:Class ; owl:disjointWith :B . :B a owl:Class . :x a :A , :B .
    """
    graph = Graph().parse(data=text, format="turtle")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    assert list(graph.subjects(RDF.type, INCONSISTENT)) != []


def test_an_undefined_term_is_found_in_every_kind_of_file(tmp_path: Path) -> None:
    ttl = f"@prefix ag: <{AG}> . <http://example.org/x> ag:bearer ag:Nobody ."
    shape = '<http://example.org/r> <http://example.org/p> "CONSTRUCT { ?x ag:noSuch 1 }" .'
    files = {
        "data/deep/x.ttl": ttl,
        "ontology/x.ttl": ttl,
        "shapes/x.ttl": shape,
        "graph_service/questions/x.rq": f"SELECT * {{ ?x ag:gone ?y ; <{AG}away> ?z }}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert undefined(tmp_path, {"bearer"}) == {
        "data/deep/x.ttl": {"Nobody"},
        "ontology/x.ttl": {"Nobody"},
        "shapes/x.ttl": {"noSuch"},
        "graph_service/questions/x.rq": {"gone", "away"},
    }


def _without(graph: Graph, triple: tuple[URIRef, URIRef, str]) -> Graph:
    copy = Graph()
    subject, predicate, language = triple
    for s, p, o in graph:
        if (s, p, getattr(o, "language", None) or "") != (subject, predicate, language):
            copy.add((s, p, o))
    return copy


@pytest.mark.parametrize(
    ("name", "predicate", "language"),
    [
        ("bearer", RDFS.label, "da"),
        ("bearer", RDFS.label, "en"),
        ("Responsibility", SKOS.definition, "da"),
        ("Responsibility", RDFS.isDefinedBy, ""),
        ("Must", SKOS.prefLabel, "da"),
        ("Must", SKOS.notation, ""),
        ("Must", SKOS.inScheme, ""),
    ],
)
def test_a_missing_explanation_is_found(
    ontology: Graph, name: str, predicate: URIRef, language: str
) -> None:
    broken = _without(ontology, (AG[name], predicate, language))
    assert len(broken) < len(ontology)
    assert any(line.startswith(f"{name}:") for line in badly_explained(broken))


def test_a_missing_alignment_is_found(ontology: Graph) -> None:
    broken = Graph()
    for s, p, o in ontology:
        if s != AG.bearer or p not in MATCHES:
            broken.add((s, p, o))
    assert unaligned(broken) == {"bearer"}


@pytest.mark.parametrize(
    "iri",
    [
        "http://data.europa.eu/eli/ontology#LegalResourceSubdivison",
        "http://www.w3.org/ns/oa#hasSelecter",
        "http://www.w3.org/ns/org#unitof",
        "http://purl.org/dc/terms/conformTo",
        "http://www.w3.org/ns/prov#wasDerivedOf",
        "http://schema.org/noSuchThing",
        "http://purl.org/vocab/cpsv#Service",
        "http://example.org/vocabulary#anything",
    ],
)
def test_a_term_that_no_vocabulary_has_is_found(iri: str, vocabularies: Vocabularies) -> None:
    as_predicate = f"<http://example.org/s> <{iri}> 1 .".encode()
    as_type = f"<http://example.org/s> a <{iri}> .".encode()
    assert unknown_reuse(as_predicate, vocabularies) == {iri}
    assert unknown_reuse(as_type, vocabularies) == {iri}


@pytest.mark.parametrize(
    "triple",
    ['ag:bearer "kommunen"', "ag:trigger <http://example.org/x>", "ag:modality ag:Yes"],
)
def test_a_property_used_wrongly_is_found(ontology: Graph, triple: str) -> None:
    text = f"@prefix ag: <{AG}> . <http://example.org/s> {triple} ."
    assert sum(misused(ontology, ox.parse(text, format=TURTLE)).values()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@prefix b: <b:> .\n@prefix a: <a:> .\n\na:x a a:C .\n", "prefixes"),
        ("@prefix a: <a:> .\n\na:y a a:C .\n\na:x a a:C .\n", "subjects"),
        ("@prefix a: <a:> .\n\na:x a a:C .\n\na:x a a:D .\n", "subjects"),
        ("@prefix a: <a:> .\n\n\na:x a a:C .\n", "empty lines"),
    ],
)
def test_an_untidy_file_is_found(text: str, said: str) -> None:
    assert said in untidy(text)


def test_the_checks_read_something(ontology: Graph) -> None:
    """A test that scans nothing passes for the wrong reason."""
    assert len(defined(ontology)) > 300
    used = terms_used(PROJECT)
    for start in ("ontology/", "data/", "graph_service/"):
        assert any(names for file, names in used.items() if file.startswith(start)), start
