"""Settle in the store which shapes hold, so that the engine looks only at those that may not.

A shape becomes one query that asks for a focus node which breaks it, by the definitions in SPARQL
that SHACL gives for its constraints. The store answers it in a tenth of the time that an engine
takes, and a graph is nearly always sound. What is not settled, because the query finds something or
because a constraint is not known here, goes to the engine, and what the engine finds is told.
Source: SHACL, sections 2.1.3 (targets), 4 (core constraints), 5 (SPARQL-based constraints).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, count

import pyoxigraph as ox

from graph_service.build.quads import iri
from graph_service.build.shapes import Predicate, ShapesGraph, Term, text
from graph_service.vocabulary import RDF, RDFS, SH, XSD

#: What is said of a shape and asks nothing of a node.
SILENT = {
    *("message", "name", "description", "order", "group", "severity", "path", "prefixes"),
    *("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "flags"),
    *("qualifiedMinCount", "qualifiedMaxCount"),
}
TARGETS = {"targetSubjectsOf": "?this ?p ?o", "targetObjectsOf": "?s ?p ?this"}
#: Values that are counted up to so many; beyond, the pairs to be told apart are too many.
MANY = 3
NODE_KINDS = {
    "IRI": ("isIRI",),
    "BlankNode": ("isBlank",),
    "Literal": ("isLiteral",),
    "BlankNodeOrIRI": ("isBlank", "isIRI"),
    "BlankNodeOrLiteral": ("isBlank", "isLiteral"),
    "IRIOrLiteral": ("isIRI", "isLiteral"),
}
COMPARISONS = {
    "minInclusive": ">=",
    "minExclusive": ">",
    "maxInclusive": "<=",
    "maxExclusive": "<",
    "lessThan": "<",
    "lessThanOrEquals": "<=",
}
#: Datatypes of which every text is a value, and those that SPARQL can cast to.
ANY_TEXT = {XSD + "string", RDF + "langString"}
CAST = {XSD + name for name in ("integer", "decimal", "boolean", "double", "float", "date")}
#: A SELECT that is one group of patterns.
SELECT = re.compile(r"\s*SELECT\s+(?:DISTINCT\s+)?(?:[$?]\w+\s+)+WHERE\s*(\{.*\})\s*", re.S)
VARIABLE = re.compile(r"[?$](\w+)")


class _Unknown(ValueError):
    """A shape uses what is not known here."""


def unsettled(shapes: ShapesGraph, store: ox.Store, threads: int) -> list[ox.Triple]:
    """The targets of the shapes that the default graph of a store may break.

    Args:
        threads: how many queries may run side by side.
    """
    below = _subclasses(store)
    targets: dict[Term, list[ox.Triple]] = defaultdict(list)
    for target in shapes.targets():
        targets[target.subject].append(target)
    questions = {shape: breaking(shapes, shape, below) for shape in targets}

    def holds(shape: Term) -> bool:
        question = questions[shape]
        try:
            return question is not None and not store.query(question)
        except (SyntaxError, RuntimeError):
            return False

    with ThreadPoolExecutor(threads) as pool:
        settled = dict(zip(targets, pool.map(holds, targets), strict=True))
    return [each for shape, about in targets.items() if not settled[shape] for each in about]


def breaking(shapes: ShapesGraph, shape: Term, below: Mapping[str, set[str]]) -> str | None:
    """A query that asks whether a focus node breaks a shape; None for what is not known here.

    Args:
        below: IRI of a class → its subclasses, itself included, where it has others.
    """
    writer = _Writer(shapes, below)
    if shapes.has_components:
        return None
    try:
        asked = f"ASK {{ {writer.targets(shape)} FILTER(!({writer.conforms(shape, '?this')})) }}"
    except ValueError:
        return None
    return "".join(f"PREFIX {p}: <{ns}>\n" for p, ns in writer.prefixes.items()) + asked


def _subclasses(store: ox.Store) -> dict[str, set[str]]:
    """Class → its subclasses, itself included."""
    below: dict[str, set[str]] = defaultdict(set)
    rows = store.query(f"SELECT ?below ?class {{ ?below <{RDFS}subClassOf>+ ?class }}")
    assert isinstance(rows, ox.QuerySolutions)
    for row in rows:
        lower, upper = iri(row["below"]), iri(row["class"])
        below[upper] |= {lower, upper}
    return below


def _iris(names: Iterable[str]) -> str:
    return " ".join(f"<{name}>" for name in sorted(names))


class _Writer:
    """Writes what shapes ask as SPARQL expressions that have a value for every node."""

    def __init__(self, shapes: ShapesGraph, below: Mapping[str, set[str]]) -> None:
        self.shapes = shapes
        self.below = below
        self.prefixes: dict[str, str] = {}
        self._numbers = count()
        self._within: list[Term] = []

    def fresh(self) -> str:
        """A variable that is not used yet."""
        return f"?v{next(self._numbers)}_"

    def targets(self, shape: Term) -> str:
        """A pattern that binds ?this to each focus node of a shape."""
        classes: set[str] = set()
        nodes: list[str] = []
        properties: dict[str, list[str]] = defaultdict(list)
        for name, value in self.shapes.about(shape):
            if name == SH + "targetClass":
                classes |= self.of(iri(value))
            elif name.removeprefix(SH) in TARGETS:
                properties[TARGETS[name.removeprefix(SH)]].append(str(value))
            elif name == SH + "targetNode":
                nodes.append(str(value))
            elif name == RDF + "type" and iri(value) == RDFS + "Class":
                classes |= self.of(iri(shape))
            elif name.startswith(SH + "target"):
                raise _Unknown(name)
        patterns = [f"{{ VALUES ?this {{ {' '.join(nodes)} }} }}"] if nodes else []
        patterns += [
            f"{{ SELECT DISTINCT ?this {{ VALUES ?p {{ {' '.join(names)} }} {pattern} }} }}"
            for pattern, names in properties.items()
        ]
        if classes:
            patterns.append(f"{{ VALUES ?c {{ {_iris(classes)} }} ?this a ?c }}")
        return " UNION ".join(patterns)

    def of(self, name: str) -> set[str]:
        """A class and the classes within it."""
        return self.below.get(name, {name})

    def conforms(self, shape: Term, node: str) -> str:
        """An expression that is true when a node conforms to a shape, and false when not."""
        if shape in self._within:
            raise _Unknown("a shape within itself")
        self._within.append(shape)
        path = self.shapes.path_of(shape)
        if path is None:
            parts = self.of_node(shape, node)
        else:
            written = f"<{path.iri}>" if isinstance(path, Predicate) else text(path)
            parts = self.of_values(shape, node, written)
        self._within.pop()
        return "(" + " && ".join(parts or ["true"]) + ")"

    def asked(self, shape: Term) -> Iterable[tuple[str, Term]]:
        """Name and value of every constraint parameter of a shape."""
        for name, value in self.shapes.about(shape):
            parameter = name.removeprefix(SH)
            if name.startswith(SH) and parameter not in SILENT:
                yield parameter, value

    def of_node(self, shape: Term, node: str) -> list[str]:
        """What a node shape asks of a node."""
        found = []
        for name, value in self.asked(shape):
            if name == "sparql":
                found.append(self.of_select(value, node))
            elif name == "hasValue":
                found.append(f"sameTerm({node}, {value})")
            else:
                found.append(self.of_value(shape, name, value, node))
        return found

    def of_values(self, shape: Term, node: str, path: str) -> list[str]:
        """What a property shape asks of a node and of the values at the end of its path."""
        found, each = [], []
        value = self.fresh()
        for name, asked in self.asked(shape):
            if name in ("minCount", "maxCount"):
                found.append(self.counted(name, asked, node, path))
            elif name == "hasValue":
                found.append(f"EXISTS {{ {node} {path} {asked} }}")
            elif name in ("lessThan", "lessThanOrEquals"):
                other = self.fresh()
                smaller = f"COALESCE({value} {COMPARISONS[name]} {other}, false)"
                found.append(
                    f"NOT EXISTS {{ {node} {path} {value} ; {asked} {other} FILTER(!{smaller}) }}"
                )
            elif name == "uniqueLang":
                found.append(self.one_a_language(asked, node, path))
            elif name == "qualifiedValueShape":
                found += self.qualified(shape, asked, node, path)
            elif name == "sparql":
                raise _Unknown(name)
            else:
                each.append(self.of_value(shape, name, asked, value))
        if each:
            fit = " && ".join(each)
            found.append(f"NOT EXISTS {{ {node} {path} {value} FILTER(!({fit})) }}")
        return found

    def of_value(self, shape: Term, name: str, asked: Term, value: str) -> str:
        """What a constraint asks of a value by itself."""
        match name:
            case "nodeKind":
                kinds = NODE_KINDS.get(iri(asked).removeprefix(SH), ())
                return "(" + " || ".join(f"{kind}({value})" for kind in kinds) + ")"
            case "datatype":
                return self.of_datatype(iri(asked), value)
            case "class":
                found = self.fresh()
                named = _iris(self.of(iri(asked)))
                return f"EXISTS {{ VALUES {found} {{ {named} }} {value} a {found} }}"
            case "pattern":
                flags = next(iter(self.shapes.objects(shape, SH + "flags")), ox.Literal(""))
                if len(self.shapes.objects(shape, SH + "pattern")) > 1 and iri(flags):
                    raise _Unknown("flags")
                return f"COALESCE(REGEX(STR({value}), {asked}, {flags}), false)"
            case "minLength":
                return f"COALESCE(STRLEN(STR({value})) >= {asked}, false)"
            case "maxLength":
                return f"COALESCE(STRLEN(STR({value})) <= {asked}, false)"
            case "minInclusive" | "minExclusive" | "maxInclusive" | "maxExclusive":
                return f"COALESCE({value} {COMPARISONS[name]} {asked}, false)"
            case "languageIn":
                ranges = self.shapes.items(asked)
                fits = " || ".join(f"LANGMATCHES(LANG({value}), {each})" for each in ranges)
                return f'COALESCE(LANG({value}) != "" && ({fits}), false)'
            case "in":
                members = self.shapes.items(asked)
                return "(" + " || ".join(f"sameTerm({value}, {m})" for m in members) + ")"
            case "node" | "property":
                return self.conforms(asked, value)
            case "not":
                return f"(!{self.conforms(asked, value)})"
            case "and" | "or":
                parts = [self.conforms(each, value) for each in self.shapes.items(asked)]
                return "(" + (" && " if name == "and" else " || ").join(parts) + ")"
        raise _Unknown(name)

    def of_datatype(self, name: str, value: str) -> str:
        """Whether a value is of a datatype, and a text that the datatype knows."""
        same = f"isLiteral({value}) && DATATYPE({value}) = <{name}>"
        if name in ANY_TEXT:
            return f"COALESCE({same}, false)"
        if name in CAST:
            return f"COALESCE({same} && isLiteral(<{name}>(STR({value}))), false)"
        raise _Unknown(name)

    def counted(
        self, name: str, asked: Term, node: str, path: str, inner: Term | None = None
    ) -> str:
        """Whether there are at least, or at most, so many values; those that conform to a shape."""
        assert isinstance(asked, ox.Literal)
        at_most = name in ("maxCount", "qualifiedMaxCount")
        number = int(asked.value) + at_most
        if number > MANY:
            raise _Unknown(name)
        values = [self.fresh() for _ in range(number)]
        there = " . ".join(f"{node} {path} {value}" for value in values)
        narrow = [f"!sameTerm({one}, {other})" for one, other in combinations(values, 2)]
        narrow += [self.conforms(inner, value) for value in values if inner is not None]
        exists = f"EXISTS {{ {there} FILTER({' && '.join(narrow or ['true'])}) }}"
        return f"NOT {exists}" if at_most else exists

    def qualified(self, shape: Term, inner: Term, node: str, path: str) -> list[str]:
        """Whether so many values conform to a shape."""
        if self.shapes.objects(shape, SH + "qualifiedValueShapesDisjoint"):
            raise _Unknown("qualifiedValueShapesDisjoint")
        return [
            self.counted(name, asked, node, path, inner)
            for name in ("qualifiedMinCount", "qualifiedMaxCount")
            for asked in self.shapes.objects(shape, SH + name)
        ]

    def one_a_language(self, asked: Term, node: str, path: str) -> str:
        """Whether no two values are of one language."""
        if iri(asked) != "true":
            return "true"
        one, other = self.fresh(), self.fresh()
        same = f'LANG({one}) != "" && LCASE(LANG({one})) = LCASE(LANG({other}))'
        return (
            f"NOT EXISTS {{ {node} {path} {one} , {other} "
            f"FILTER(!sameTerm({one}, {other}) && {same}) }}"
        )

    def of_select(self, constraint: Term, node: str) -> str:
        """Whether the SELECT of a SPARQL constraint finds nothing for a node."""
        for holder in self.shapes.objects(constraint, SH + "prefixes"):
            for declared in self.shapes.objects(holder, SH + "declare"):
                prefix, namespace = (
                    iri(self.shapes.objects(declared, SH + name)[0])
                    for name in ("prefix", "namespace")
                )
                if self.prefixes.setdefault(prefix, namespace) != namespace:
                    raise _Unknown("prefixes")
        asked = self.shapes.objects(constraint, SH + "select")
        whole = SELECT.fullmatch(iri(asked[0])) if len(asked) == 1 else None
        if whole is None or re.search(r"(?i)\bSELECT\b|#|\$PATH|\$shapesGraph|[\"']", whole[1]):
            raise _Unknown("select")
        number = next(self._numbers)

        def renamed(match: re.Match[str]) -> str:
            return node if match[1] == "this" else f"?{match[1]}_{number}"

        return "NOT EXISTS " + VARIABLE.sub(renamed, whole[1])
