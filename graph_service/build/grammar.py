"""Read the SPARQL that rules and constraints are written in.

This reads the part of SPARQL 1.1 that they use (groups, property paths, FILTER, EXISTS, OPTIONAL,
UNION, BIND, sub-SELECT) and refuses the rest by name.
Source: SPARQL 1.1 Query Language, section 19.8 (grammar).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pyoxigraph as ox

from graph_service.build.patterns import (
    Branch,
    Call,
    Exists,
    Expression,
    Pattern,
    Query,
    TermOrVariable,
    Variable,
    rename,
)
from graph_service.build.shapes import (
    Alternative,
    Inverse,
    Path,
    Predicate,
    Repeat,
    Sequence,
    Term,
)
from graph_service.build.tokens import Tokens, unescaped
from graph_service.vocabulary import RDF, XSD

COMPARISONS = ("=", "!=", "<", ">", "<=", ">=")


def parse(text: str, prefixes: Mapping[str, str]) -> Query:
    """Read a SELECT or CONSTRUCT query.

    Raises:
        ValueError: it uses a part of SPARQL that is not read here.
    """
    return _Parser(text, dict(prefixes)).query()


class Grammar(Tokens):
    """Triple patterns, paths, terms and expressions: what every reader of SPARQL here has."""

    def exists(self, *, positive: bool) -> Expression:
        """The group after ``EXISTS``."""
        raise NotImplementedError

    def triples(self) -> Iterator[Pattern]:
        """Triple patterns up to what is none."""
        while self.tokens[self.at][0] in ("iri", "name", "var", "blank") or self.peek() == "[":
            subject = self.node()
            while True:
                verb = self.verb()
                yield Pattern(subject, verb, self.node())
                while self.skip(","):
                    yield Pattern(subject, verb, self.node())
                while self.skip(";"):
                    pass
                if self.tokens[self.at][0] not in ("iri", "name", "var") and self.peek() not in (
                    *("A", "(", "^", "!"),
                ):
                    break
            if not self.skip("."):
                return

    def node(self) -> TermOrVariable:
        """A subject or object."""
        kind, value = self.tokens[self.at]
        if kind == "var":
            self.take()
            return Variable(value[1:])
        if kind == "blank":
            self.take()
            return Variable("blank_" + value[2:])
        if self.skip("["):
            self.take("]")
            self.fresh += 1
            return Variable(f"blank_{self.fresh}")
        return self.term()

    def term(self) -> Term:
        """An IRI or literal."""
        kind, value = self.tokens[self.at]
        self.take()
        if kind == "iri":
            return ox.NamedNode(value[1:-1])
        if kind == "name":
            prefix, _, local = value.partition(":")
            if prefix not in self.prefixes:
                raise ValueError(f"unknown prefix {prefix}:")
            return ox.NamedNode(self.prefixes[prefix] + local)
        if kind == "number":
            name = "decimal" if "." in value else "integer"
            return ox.Literal(value, datatype=ox.NamedNode(XSD + name))
        if kind == "word" and value in ("true", "false"):
            return ox.Literal(value, datatype=ox.NamedNode(XSD + "boolean"))
        if kind != "string":
            raise ValueError(f"a term expected, not {value!r}")
        size = 3 if value.startswith('"""') else 1
        plain = unescaped(value[size:-size])
        if self.tokens[self.at][0] == "lang":
            return ox.Literal(plain, language=self.take()[1:])
        if self.skip("^^"):
            datatype = self.term()
            if not isinstance(datatype, ox.NamedNode):
                raise ValueError(f"{datatype} is no datatype")
            return ox.Literal(plain, datatype=datatype)
        return ox.Literal(plain)

    def verb(self) -> Path | Variable:
        """A variable or a property path."""
        kind, value = self.tokens[self.at]
        if kind == "var":
            self.take()
            return Variable(value[1:])
        return self.alternative()

    def alternative(self) -> Path:
        """Paths with ``|`` between them."""
        paths = [self.sequence()]
        while self.skip("|"):
            paths.append(self.sequence())
        return paths[0] if len(paths) == 1 else Alternative(tuple(paths))

    def sequence(self) -> Path:
        """Paths with ``/`` between them."""
        paths = [self.step()]
        while self.skip("/"):
            paths.append(self.step())
        return paths[0] if len(paths) == 1 else Sequence(tuple(paths))

    def step(self) -> Path:
        """A property, a path in brackets, either backwards or repeated."""
        if self.skip("^"):
            return Inverse(self.step())
        path: Path
        if self.skip("("):
            path = self.alternative()
            self.take(")")
        elif self.peek() == "A" and self.tokens[self.at][1] == "a":
            self.take()
            path = Predicate(RDF + "type")
        else:
            term = self.term()
            if not isinstance(term, ox.NamedNode):
                raise ValueError(f"{term} is no property")
            path = Predicate(term.value)
        return Repeat(path, self.take()) if self.peek() in ("*", "+", "?") else path

    def expression(self) -> Expression:
        """An expression; operators from the loosest to the tightest."""
        return self.operators(("||",), ("&&",), (*COMPARISONS, "IN", "NOT"), ("+", "-"), ("*", "/"))

    def operators(self, *levels: tuple[str, ...]) -> Expression:
        """Operands with the operators of the first level between them."""
        if not levels:
            return self.operand()
        found = self.operators(*levels[1:])
        while self.peek() in levels[0]:
            sign = self.take()
            if sign == "NOT":
                sign = "NOT " + self.take("IN")
            if sign.endswith("IN"):
                found = Call(sign, (found, *self.arguments()))
            else:
                found = Call(sign, (found, self.operators(*levels[1:])))
        return found

    def operand(self) -> Expression:
        """A term, a variable, a call, an ``EXISTS``, or an expression in brackets."""
        kind, value = self.tokens[self.at]
        if self.skip("!"):
            return Call("!", (self.operand(),))
        if self.skip("("):
            found = self.expression()
            self.take(")")
            return found
        if kind == "var":
            self.take()
            return Variable(value[1:])
        if kind == "word" and value not in ("true", "false"):
            name = self.take()
            if name in ("EXISTS", "NOT"):
                if name == "NOT":
                    self.take("EXISTS")
                return self.exists(positive=name == "EXISTS")
            return Call(name, self.arguments())
        return self.term()

    def arguments(self) -> tuple[Expression, ...]:
        """Expressions in brackets, with commas between them."""
        self.take("(")
        found: list[Expression] = []
        while not self.skip(")"):
            found.append(self.expression())
            self.skip(",")
        return tuple(found)


class _Parser(Grammar):
    def exists(self, *, positive: bool) -> Expression:
        """The group after ``EXISTS``, as a union of conjunctions."""
        return Exists(tuple(self.group()), positive)

    def query(self) -> Query:
        """The whole query."""
        while self.skip("PREFIX"):
            name = self.take().removesuffix(":")
            self.prefixes[name] = self.take()[1:-1]
        template: tuple[Pattern, ...] = ()
        if self.take("SELECT", "CONSTRUCT") == "CONSTRUCT":
            self.take("{")
            template = tuple(self.triples())
            self.take("}")
        else:
            self.projection()
        self.skip("WHERE")
        branches = self.group()
        if self.peek():
            raise ValueError(f"{self.peek()} after a query is not read here")
        return Query(template, tuple(branches))

    def projection(self) -> set[str] | None:
        """The names of the variables selected; None for all."""
        self.skip("DISTINCT")
        names: set[str] = set()
        while self.peek() not in ("WHERE", "{"):
            if self.skip("*"):
                return None
            if self.skip("("):
                self.expression()
                self.take("AS")
                names.add(self.take()[1:])
                self.take(")")
            else:
                names.add(self.take()[1:])
        return names

    def group(self) -> list[Branch]:
        """A group as a union of conjunctions."""
        self.take("{")
        if self.peek() == "SELECT":
            found = self.subselect()
            self.take("}")
            return found
        found = [Branch()]
        while not self.skip("}"):
            match self.peek():
                case "FILTER":
                    self.take()
                    filters = (self.expression(),)
                    found = [replace(b, filters=b.filters + filters) for b in found]
                case "BIND":
                    self.take()
                    self.take("(")
                    value = self.expression()
                    self.take("AS")
                    bound = (Variable(self.take()[1:]), value)
                    self.take(")")
                    found = [replace(b, binds=(*b.binds, bound)) for b in found]
                case "OPTIONAL":
                    self.take()
                    found += [b + more for more in self.group() for b in found]
                case "{":
                    either = self.group()
                    while self.skip("UNION"):
                        either += self.group()
                    found = [b + more for b in found for more in either]
                case ".":
                    self.take()
                case "MINUS" | "GRAPH" | "SERVICE" | "VALUES" as word:
                    raise ValueError(f"{word} is not read here")
                case _:
                    patterns = tuple(self.triples())
                    if not patterns:
                        raise ValueError(f"{self.peek()!r} in a group is not read here")
                    found = [replace(b, patterns=b.patterns + patterns) for b in found]
        return found

    def subselect(self) -> list[Branch]:
        """A sub-SELECT; what it does not project gets a name of its own."""
        self.take("SELECT")
        names = self.projection()
        self.skip("WHERE")
        self.fresh += 1
        found = self.group()
        if self.peek() != "}":
            raise ValueError(f"{self.peek()} in a sub-SELECT is not read here")
        mark = f"_{self.fresh}"
        return found if names is None else [rename(b, names, mark) for b in found]
