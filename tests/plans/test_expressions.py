"""Expressions of every kind, alone and within each other: Oxigraph says what they are of each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import pyoxigraph as ox
import pytest

from graph_service.plans import Programs, Unread
from tests.plans.test_random import PREFIXES, found, indexed, written

#: What the two variables of a row may be; None where nothing is bound.
VALUES = {
    "things": (":t1", ":t2", None),
    "texts": ('"a"', '"ab"', '"A"@da', None),
    "numbers": ("1", "2", "2.0", None),
    "any": (":t1", '"a"', "1", "true", None),
}
#: Of a variable that is bound in every row, of one that is not, of one that is made.
LEAVES = [
    "?b = :t1",
    ":t1 != ?b",
    "?b IN (:t1, :t3)",
    "?b NOT IN (:t2, :nowhere)",
    ":t1 IN (:t2, ?b)",
    "?b NOT IN (?c, :t1)",
    "?c = ?b",
    "?c != :t1",
    "?made = :t2",
    "?made != :nowhere",
    "?made",
    "BOUND(?c)",
    "!BOUND(?b)",
    "?told IN (:b, :c, :t1, :t2, :Row, :row0, :row1, :row2)",
    "?b = 2",
    "STR(?c) != :t1",
    '?c != "a"',
    "?b",
    "?c > 1",
    "?b <= ?c",
    "(?b - 1) = 1",
    'STR(?b) < "b"',
    'STRSTARTS(STR(?c), "a")',
    "STRSTARTS(STR(?c), STR(?b))",
    "STRSTARTS(STR(?c), STR(:t1))",
    "STRSTARTS(?c, STR(:t1))",
    'REGEX(?c, "^a|b")',
    'REGEX(STR(?b), "(a|[1-3])b{1}")',
    "REGEX(?b, ?c)",
    "CONTAINS(LCASE(?b), LCASE(?c))",
    'CONTAINS(LCASE(STR(?b)), "a")',
    "isIRI(?c)",
    'LANG(?b) = "da"',
    "EXISTS { ?row :c ?b }",
    "NOT EXISTS { ?x :b ?c }",
    # What is bound outside, and stands inside in a filter alone.
    "EXISTS { ?row :c ?x FILTER(?made != ?x) }",
    "NOT EXISTS { ?x :b ?y FILTER(?y = ?c) }",
]
AROUND = "?row a :Row OPTIONAL { ?row :b ?b } OPTIONAL { ?row :c ?c } BIND(IF(BOUND(?b), ?b, :t2) AS ?made) BIND(BOUND(?c) AS ?told)"
EACH = range(len(LEAVES))


def expressions(step: int) -> list[str]:
    """Leaves, and each together with those so many places on."""
    made = [*LEAVES, *(f"!({leaf})" for leaf in LEAVES)]
    for one in EACH:
        a, b, c = (LEAVES[(one + n * step) % len(LEAVES)] for n in range(3))
        made += [
            f"({a}) && ({b})",
            f"({a}) || ({b})",
            f"!(({a}) && ({b}))",
            f"!(({a}) || ({b}))",
            f"(({a}) && ({b})) || !({c})",
            f"!((({a}) || !({b})) && ({c}))",
            f"IF({a}, {b}, {c})",
            f"COALESCE({a}, {b})",
            f"COALESCE({a} && {b}, {c} || {a}) = ({b})",
        ]
    return made


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[ox.Store, Programs]]:
    """A graph with a row for each two values, and what makes programs over it."""
    made = {}
    for name, values in VALUES.items():
        text = "".join(f"PREFIX {p}: <{i}>\n" for p, i in PREFIXES.items())
        for at, (b, c) in enumerate(product(values, values)):
            text += f":row{at} a :Row ." + (f":row{at} :b {b} ." if b else "")
            text += f":row{at} :c {c} .\n" if c else "\n"
        store = ox.Store()
        store.load(text.encode(), format=ox.RdfFormat.TURTLE)
        made[name] = store, indexed(store, tmp_path_factory.mktemp(name) / "index")
    return made


def filtered(expression: str) -> tuple[str, str]:
    """Two queries with the same solutions: of a program, and of Oxigraph."""
    query = f"SELECT ?row WHERE {{ {AROUND} FILTER({expression}) }}"
    return query, query


def bound(expression: str) -> tuple[str, str]:
    query = f"SELECT ?row ?e WHERE {{ {AROUND} BIND({expression} AS ?e) }}"
    return query, query


def counted(expression: str) -> tuple[str, str]:
    """An error is not counted (SPARQL 1.1, section 18.5.1.2), as Oxigraph has it of ``BIND``."""
    query = "SELECT ?row (COUNT({}) AS ?n) WHERE {{ {} }} GROUP BY ?row"
    bind = f"{AROUND} BIND({expression} AS ?e)"
    return query.format(expression, AROUND), query.format("?e", bind)


def grouped(expression: str) -> tuple[str, str]:
    query = (
        f"SELECT ?e (COUNT(?row) AS ?n) WHERE {{ {AROUND} BIND({expression} AS ?e) }} GROUP BY ?e"
    )
    return query, query


def compare(
    use: Callable[[str], tuple[str, str]], graph: tuple[ox.Store, Programs], every: list[str]
) -> None:
    store, programs = graph
    read, wrong = 0, []
    for expression in every:
        ours, theirs = use(expression)
        try:
            got = written(programs.compile(ours, PREFIXES).solutions({}))
        except Unread:
            continue
        read += 1
        if got != (expected := found(store, theirs)):
            wrong.append(f"{expression}\n+ {got - expected}\n- {expected - got}")
    assert not wrong, f"{len(wrong)} of {read}:\n" + "\n\n".join(wrong[:3])
    # Values of different kinds are not compared here.
    assert read > len(every) * 0.4


USES = [filtered, bound, counted, grouped]


OTHERS = range(2, len(LEAVES), 3)


@pytest.mark.parametrize(
    "steps",
    [pytest.param([1], id="next"), pytest.param(OTHERS, marks=pytest.mark.long, id="others")],
)
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("values", VALUES)
def test_an_expression_is_what_oxigraph_says(
    use: Callable[[str], tuple[str, str]],
    values: str,
    steps: Sequence[int],
    graphs: dict[str, tuple[ox.Store, Programs]],
) -> None:
    for step in steps:
        compare(use, graphs[values], expressions(step))


@pytest.mark.parametrize(
    "expression",
    [
        f"IF({' || '.join(['?b = :t1'] * 30)}, true, false)",
        f"COALESCE({'COALESCE(' * 40}?b{')' * 40}, ?c)",
    ],
    ids=["either", "the first"],
)
def test_what_python_does_not_nest_is_left_to_the_engine(
    expression: str, graphs: dict[str, tuple[ox.Store, Programs]]
) -> None:
    with pytest.raises(Unread):
        graphs["things"][1].compile(bound(expression)[0], PREFIXES)
