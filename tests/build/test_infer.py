"""What follows: held against owlrl for the axioms, against cases worked out by hand for carrying."""

import re

import owlrl
import pyoxigraph as ox
import pytest
import rdflib

from graph_service.answers import Answers
from graph_service.build.infer import infer, rules
from graph_service.build.load import load
from graph_service.build.passages import describe
from graph_service.settings import PROJECT
from graph_service.vocabulary import AG, ID, PREFIXES, RDF

PREFIX = "".join(f"@prefix {p}: <{ns}> .\n" for p, ns in PREFIXES.items())
WORLD = """
ag:Municipality rdfs:subClassOf org:Organization . ag:Hospital rdfs:subClassOf org:Organization .
ag:Region rdfs:subClassOf org:Organization .
actor:kommune a ag:GenericActor . actor:region a ag:GenericActor .
actor:misbrugscenter a ag:GenericActor ; ag:unitOfActor actor:kommune .
actor:sygehus a ag:GenericActor ; ag:unitOfActor actor:region .
actor:somatisk-sygehus a ag:GenericActor ; ag:kindOfActor actor:sygehus .
actor:psykiatrisygehus a ag:GenericActor ; ag:kindOfActor actor:sygehus .
actor:hjerteafdeling a ag:GenericActor ; ag:unitOfActor actor:somatisk-sygehus .
organisation:syd a ag:Region ; ag:actsAs actor:region .
organisation:odense a ag:Municipality ; ag:actsAs actor:kommune ; ag:territory territory:syd .
organisation:nyborg a ag:Municipality ; ag:actsAs actor:kommune ; ag:territory territory:syd .
organisation:aarhus a ag:Municipality ; ag:actsAs actor:kommune .
organisation:ouh a ag:Hospital ; ag:actsAs actor:somatisk-sygehus, actor:sygehus ;
  org:unitOf organisation:syd .
organisation:psyk a ag:Hospital ; ag:actsAs actor:psykiatrisygehus, actor:sygehus ;
  org:unitOf organisation:syd .
body:forum a ag:Body ; ag:member organisation:nyborg .
agreement:parent a ag:Agreement ; ag:party organisation:syd, organisation:odense .
agreement:annex a ag:Agreement ; ag:partOf agreement:parent .
agreement:forum a ag:Agreement ; ag:party body:forum .
responsibility:kommune a ag:Responsibility ; ag:bearer actor:kommune ; ag:agreedIn agreement:annex .
responsibility:center a ag:Responsibility ; ag:bearer actor:misbrugscenter ;
  ag:agreedIn agreement:parent .
responsibility:sygehus a ag:Responsibility ; ag:bearer actor:sygehus ; ag:agreedIn agreement:parent .
responsibility:hjerte a ag:Responsibility ; ag:bearer actor:hjerteafdeling ;
  ag:agreedIn agreement:parent .
responsibility:forum a ag:Responsibility ; ag:bearer actor:kommune ; ag:agreedIn agreement:forum .
responsibility:lov a ag:Responsibility ; ag:bearer actor:kommune ; ag:statedIn agreement:annex ;
  ag:statement statement:lov .
statement:lov ag:statementStatus ag:Law .
responsibility:lokal a ag:Responsibility ; ag:bearer actor:kommune ; ag:agreedIn agreement:parent ;
  ag:appliesIn territory:fyn .
duty-inheritance:psyk a ag:DutyInheritance ; ag:fromActor actor:somatisk-sygehus ;
  ag:toActor actor:psykiatrisygehus ; ag:agreedIn agreement:parent .
responsibility:arv a ag:Responsibility ; ag:bearer actor:somatisk-sygehus ;
  ag:agreedIn agreement:parent .
"""


def world(extra: str = "") -> dict[str, set[str]]:
    """Responsibility → organisations that bear it, in a small world."""
    quads = set(ox.parse((PREFIX + WORLD + extra).encode(), format=ox.RdfFormat.TURTLE))
    borne: dict[str, set[str]] = {}
    for q in infer(quads):
        if q.predicate.value == AG + "borneBy":
            duty = q.subject.value.rpartition("/")[2]
            borne.setdefault(duty, set()).add(q.object.value.rpartition("/")[2])
    return borne


@pytest.mark.parametrize(
    ("duty", "bearers"),
    [
        # Odense bears what kommunen bears, also in an annex of the agreement it is a party of.
        ("kommune", {"odense"}),
        # ... and what its misbrugscenter bears; Nyborg and Aarhus are outside the agreement.
        ("center", {"odense"}),
        # OUH and the psychiatric hospital act as sygehuset; the region answers for its units.
        ("sygehus", {"ouh", "psyk", "syd"}),
        # A department's duty is its hospital's and the region's, not another kind of hospital's.
        ("hjerte", {"ouh", "syd"}),
        # A member of a body that is a party is bound through the body.
        ("forum", {"nyborg"}),
        # What the law imposes binds everybody who acts as that actor.
        ("lov", {"odense", "nyborg", "aarhus"}),
        # A duty inherited: psychiatry does the same.
        ("arv", {"ouh", "psyk", "syd"}),
    ],
)
def test_who_bears_it(duty: str, bearers: set[str]) -> None:
    assert world()[duty] == bearers


def test_a_local_duty_binds_only_where_it_applies() -> None:
    assert "lokal" not in world()
    assert world("organisation:odense ag:territory territory:fyn .")["lokal"] == {"odense"}


def test_a_unit_does_not_bear_its_whole_s_other_duties() -> None:
    extra = "organisation:center a ag:Hospital ; ag:actsAs actor:misbrugscenter ; org:unitOf organisation:odense ."
    borne = world(extra)
    assert borne["center"] == {"odense", "center"}
    assert "center" not in borne["kommune"]


def test_each_carried_duty_says_how() -> None:
    quads = set(ox.parse((PREFIX + WORLD).encode(), format=ox.RdfFormat.TURTLE))
    store = ox.Store()
    store.extend(ox.Quad(q.subject, q.predicate, q.object) for q in quads | infer(quads))
    rows = store.query(
        "SELECT ?actor ?agreement ?body WHERE { responsibility:forum ag:derivation ?d . "
        "?d a ag:Derivation ; ag:forOrganisation organisation:nyborg ; ag:viaActor ?actor ; "
        "ag:viaAgreement ?agreement ; ag:viaBody ?body }",
        prefixes=PREFIXES,
    )
    (row,) = rows
    assert [term.value.rpartition("/")[2] for term in row] == ["kommune", "forum", "forum"]
    missing = store.query(
        "ASK { ?r ag:borneBy ?o FILTER NOT EXISTS { ?r ag:derivation/ag:forOrganisation ?o } }",
        prefixes=PREFIXES,
    )
    assert not missing


def test_odense_and_ouh_bear_in_the_real_programme(answers: Answers) -> None:
    def bears(organisation: str, duty: str) -> bool:
        return answers.store.ask(
            f"ASK {{ responsibility:{duty} ag:borneBy organisation:{organisation} }}"
        )

    assert bears("odense-kommune", "kommune-almen-genoptraening")
    assert not bears("odense-kommune", "sygehus-specialiseret-genoptraening")
    assert bears("odense-universitetshospital", "sygehus-specialiseret-genoptraening")
    assert not bears("odense-universitetshospital", "kommune-almen-genoptraening")


def test_every_rule_says_what_it_is_for() -> None:
    assert [name for name, text in rules() if not text.startswith("# ")] == []


@pytest.mark.referee
def test_owlrl_draws_the_same_from_the_axioms_on_the_real_data() -> None:
    """The axiom rules (10-19) against owlrl, for types and predicates of ours, on the real data."""
    sources = load(PROJECT)
    asserted = sources.quads | describe(sources.quads)
    triples = {q.triple for q in asserted}
    store = ox.Store()
    store.extend(ox.Quad(t.subject, t.predicate, t.object) for t in triples)
    changed = True
    while changed:
        size = len(store)
        for name, text in rules():
            if name.startswith("1"):
                store.extend(
                    ox.Quad(t.subject, t.predicate, t.object)
                    for t in list(store.query(text, prefixes=PREFIXES))
                )
        changed = len(store) > size

    graph = rdflib.Graph()
    graph.parse(data=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES), format="nt")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)

    def same(value: str) -> str:
        """One text for one value: the store writes 200 where the file says 200.00."""
        number = re.fullmatch(r"(-?[0-9]+)(?:\.([0-9]*?)0*)?", value)
        return f"{number[1]}.{number[2] or ''}".rstrip(".") if number else value

    def ours(s: str, p: str, o: str) -> bool:
        if not s.startswith(ID):
            return False
        return p.startswith(AG) or (p == RDF + "type" and o.startswith((AG, PREFIXES["org"])))

    mine = {
        (q.subject.value, q.predicate.value, same(q.object.value))
        for q in store
        if isinstance(q.subject, ox.NamedNode)
        and ours(q.subject.value, q.predicate.value, q.object.value)
    }
    theirs = {
        (str(s), str(p), same(str(o)))
        for s, p, o in graph
        if isinstance(s, rdflib.URIRef) and ours(str(s), str(p), str(o))
    }
    assert len(mine) > 10_000
    assert sorted(theirs - mine)[:10] == []
    assert sorted(mine - theirs)[:10] == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("ag:Document", "dcterms:isPartOf*"),
        ("eli:LegalResource", "eli:is_part_of*"),
        ("skos:Concept", "skos:broader*"),
        ("ag:GenericActor", "ag:broaderActor*"),
        ("org:Organization", "org:unitOf*"),
        ("ag:Agreement", "ag:partOf*"),
        ("ag:Figure", "ag:about?/ag:partOf*"),
    ],
)
def test_things_fall_under_themselves_and_their_wholes(
    answers: Answers, kind: str, path: str
) -> None:
    """The relation that questions ask for is the path that its rule names, in the whole graph."""

    def pairs(way: str) -> set[tuple[object, ...]]:
        asked = f"SELECT DISTINCT ?thing ?whole WHERE {{ ?thing a {kind} ; {way} ?whole }}"
        rows = answers.store.select(asked)
        return {
            (row["thing"], row["whole"]) for row in rows if str(row["thing"]).startswith("<" + ID)
        }

    assert pairs("ag:fallsUnder") == pairs(path)
    assert any(thing != whole for thing, whole in pairs(path)), "nothing is within anything else"
