"""Each review rule finds what it is for, is general, and says what it found so that one can act."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable

import pyoxigraph as ox
import pytest
from cases import CASES, Case
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.term import Variable

from graph_service.build.findings import Rule, find
from graph_service.build.passages import read_address
from graph_service.build.quads import iri
from graph_service.vocabulary import AG, ID, RDF, SKOS, ag

Triples = set[ox.Triple]
Read = Callable[[str], Triples]
FINDING = ID + "finding/"


def of_rule(quads: set[ox.Quad], rule: str) -> set[str]:
    """IRIs of the findings of one rule."""
    return {
        iri(q.subject)
        for q in quads
        if q.predicate.value == ag("rule") and iri(q.object).endswith("/" + rule)
    }


def values(found: Triples) -> dict[str, dict[str, list[str]]]:
    """Finding → property → values."""
    said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for t in found:
        said[iri(t.subject)][t.predicate.value].append(iri(t.object))
    return said


# What each rule finds


def test_every_rule_has_a_case(all_rules: list[Rule]) -> None:
    assert {case.rule for case in CASES} == {rule.id for rule in all_rules}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_taking_a_premise_away_takes_the_finding_away(
    case: Case, turtle: Read, concepts: Triples, review: list[ox.Triple], all_rules: list[Rule]
) -> None:
    rule = next(rule for rule in all_rules if rule.id == case.rule)
    shapes = [t for t in review if getattr(t.subject, "value", "") == rule.iri or not _is_rule(t)]
    base = turtle(case.graph) | concepts
    (finding,) = of_rule(find(base, shapes), case.rule)
    assert finding.startswith(f"{FINDING}{case.rule}-")
    for text in case.without:
        gone = turtle(text)
        assert gone <= base, f"not a premise of the case: {text}"
        assert of_rule(find(base - gone, shapes), case.rule) == set(), text
    for text in case.unless:
        assert of_rule(find(base | turtle(text), shapes), case.rule) == set(), text


def _is_rule(triple: ox.Triple) -> bool:
    return "/ansvarsgraf/rule/" in str(triple.subject)


# What each rule is


@pytest.mark.parametrize("member", ["title", "severity", "why", "suggestion", "example", "focus"])
def test_every_rule_says_what_it_is(all_rules: list[Rule], member: str) -> None:
    assert [rule.id for rule in all_rules if not getattr(rule, member)] == []


def test_severities_are_of_the_list(all_rules: list[Rule]) -> None:
    assert {rule.severity for rule in all_rules} <= {
        AG + s for s in ("Critical", "Warning", "Notice")
    }


def names_single_things(rule: Rule) -> list[str]:
    """The single things that a query names: IRIs of ours that are no terms, and prefixed names."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', rule.construct)
    full = re.findall(r"<(" + re.escape(ID) + r"[^>]+)>", text)
    named = re.findall(r"(?<![\w?$])([a-z][\w-]*):([\w-]+)", text)
    terms = {"ag", "skos", "dcterms", "eli", "org"}
    return full + [f"{p}:{n}" for p, n in named if p not in terms and (p, n) != ("rule", rule.id)]


def test_rules_are_general(all_rules: list[Rule]) -> None:
    assert {rule.id: n for rule in all_rules if (n := names_single_things(rule))} == {}


def test_a_rule_about_a_single_thing_is_caught(all_rules: list[Rule]) -> None:
    rule = all_rules[0]
    for bad in ("initiative:dosisdispensering", f"<{ID}law/sul-140>"):
        spoilt = Rule(
            **{**vars(rule), "construct": rule.construct.replace("$this a", f"{bad} a", 1)}
        )
        assert names_single_things(spoilt)


def test_rules_read_no_text(all_rules: list[Rule]) -> None:
    """Words are read when knowledge is loaded; a rule may look at the end of a text, no more."""
    matching = re.compile(r"\b(REGEX|CONTAINS|STRSTARTS|REPLACE|LCASE|UCASE)\b", re.IGNORECASE)
    assert [rule.id for rule in all_rules if matching.search(rule.construct)] == []


def test_no_rule_repeats_what_a_reader_noted(all_rules: list[Rule]) -> None:
    noted = re.compile(r"ag:(Contradiction|side|between|contradicts|openIssue|effectiveDecision)\b")
    assert [rule.id for rule in all_rules if noted.search(rule.construct)] == []


def loose_variables(rule: Rule) -> set[str]:
    """Variables of the query's patterns that nothing joins to ``$this``."""
    head = "".join(f"PREFIX {p}: <{ns}>\n" for p, ns in rule.prefixes)
    joined: dict[str, set[str]] = defaultdict(set)
    seen: set[int] = set()

    def visit(node: object) -> set[str]:
        """Join the variables below; return them."""
        if isinstance(node, Variable):
            return {str(node)}
        if id(node) in seen or isinstance(node, str):
            return set()
        if isinstance(node, tuple) and len(node) == 3 and not isinstance(node[0], tuple):
            below = {str(v) for v in node if isinstance(v, Variable)}
            join(below)
            return below
        below = set()
        if isinstance(node, dict):
            name = getattr(node, "name", "")
            for value in node.values():
                below |= visit(value)
            if name == "AggregateJoin":
                join({str(v) for v in variables([node["A"], node["p"].get("expr")])})
            if name in ("Extend", "Filter", "RelationalExpression", "Aggregate_Min", "Group"):
                join(visit_expression(node))
        elif isinstance(node, list | tuple | set):
            for value in node:
                below |= visit(value)
        return below

    def visit_expression(node: dict[str, object]) -> set[str]:
        return {str(v) for key in ("expr", "var") if key in node for v in variables(node[key])}

    def variables(node: object) -> set[Variable]:
        if isinstance(node, Variable):
            return {node}
        if isinstance(node, dict):
            return {v for value in node.values() for v in variables(value)}
        if isinstance(node, list | tuple | set):
            return {v for value in node for v in variables(value)}
        return set()

    def join(names: set[str]) -> None:
        for name in names:
            joined[name] |= names

    visit(translateQuery(parseQuery(head + rule.construct)).algebra["p"])
    reached, todo = set(), ["this"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += joined[name]
    return {
        name for name in joined if not name.startswith("_") and not name.startswith("__")
    } - reached


def test_patterns_join_to_the_focus(all_rules: list[Rule]) -> None:
    assert {rule.id: loose for rule in all_rules if (loose := loose_variables(rule))} == {}


def test_a_rule_with_a_loose_pattern_is_caught(all_rules: list[Rule]) -> None:
    rule = all_rules[0]
    spoilt = rule.construct.replace(
        "} WHERE {", "} WHERE { ?stray a ag:Event ; ag:when ?other .", 1
    )
    assert loose_variables(Rule(**{**vars(rule), "construct": spoilt})) == {"stray", "other"}


def test_rules_are_standard_sparql(all_rules: list[Rule]) -> None:
    for rule in all_rules:
        prepareQuery(rule.construct, initNs=dict(rule.prefixes))


# What they find in the real graph


def test_findings_are_complete(found: Triples) -> None:
    for address, said in values(found).items():
        assert address.startswith(FINDING)
        for predicate in (
            ag("rule"),
            ag("explanation"),
            SKOS + "prefLabel",
            ag("severity"),
            ag("suggestion"),
        ):
            assert len(said[predicate]) == 1, (address, predicate, said[predicate])
        assert said[ag("about")] and set(said[ag("about")]) <= set(said[ag("thing")]), address
        assert said[ag("evidence")], address


def test_an_address_is_the_rule_and_what_the_finding_is_about(found: Triples) -> None:
    for address, said in values(found).items():
        rule = said[ag("rule")][0].rpartition("/")[2]
        about = " ".join(sorted(said[ag("about")]))
        digits = hashlib.sha256(about.encode()).hexdigest()[:12]
        assert address == f"{FINDING}{rule}-{digits}"


def test_things_and_passages_exist(found: Triples, real: Triples) -> None:
    typed = {iri(t.subject) for t in real if t.predicate.value == RDF + "type"}
    for address, said in values(found).items():
        assert set(said[ag("thing")]) <= typed, address
        for passage in said[ag("evidence")]:
            assert passage in typed and read_address(passage), (address, passage)


def test_explanations_are_danish_sentences(found: Triples) -> None:
    texts = [t.object for t in found if t.predicate.value == ag("explanation")]
    assert texts
    for text in texts:
        assert isinstance(text, ox.Literal) and text.language == "da"
        assert text.value.endswith(".") and not text.value.endswith("..")
        assert "http" not in text.value and "  " not in text.value and "ag:" not in text.value


def test_findings_are_the_same_in_the_next_build(
    real: Triples, review: list[ox.Triple], found: Triples
) -> None:
    """Order of loading does not matter, nor a store that is there already."""
    store = ox.Store()
    store.extend(ox.Quad(t.subject, t.predicate, t.object) for t in sorted(real, key=str))
    assert {q.triple for q in find((), reversed(review), store=store)} == found
