"""Expressions of filters and ``BIND`` as Python source.

An expression has a value, or an error (SPARQL 1.1 Query Language, section 17.2), here a
:class:`ValueProblem`. A filter asks only whether the value is true: an error is then neither true
nor false, and so a negation is taken down to what it is of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from graph_service.build.patterns import Call, Variable
from graph_service.plans.groups import without_exists
from graph_service.plans.layout import Layout, Names
from graph_service.plans.read import Condition, Group, Unread, Within, mentioned
from graph_service.plans.source import PROBLEM, Maker, Source, Writer, in_one, in_tuple
from graph_service.plans.steps import Finds
from graph_service.plans.values import Operators, functions

#: Writes what must come first; the expression that is left.
Writes = Callable[[Source], str]
#: Functions whose value is True or False.
TRUTHS = frozenset(
    {"CONTAINS", "STRSTARTS", "STRENDS", "REGEX", "ISIRI", "=", "!=", "<", ">", "<=", ">="}
)


@dataclass(frozen=True)
class Value:
    """An expression that can be written.

    Attributes:
        write: writes it.
        truth: whether its value is True or False.
        safe: whether it has no error, and nothing must come first.
        held: whether a register holds it.
        iri: whether it is the number of an IRI that the query or a parameter names.
    """

    write: Writes
    truth: bool = False
    safe: bool = False
    held: bool = False
    iri: bool = False

    def into(self, name: str) -> Writer:
        """Writes the line that gives a name to it."""
        return lambda source: source.line(f"{name} = {self.write(source)}")

    def attempted(self, name: str, otherwise: str) -> Writer:
        """The same, and what the name is given where there is an error."""
        if self.safe:
            return self.into(name)
        return lambda source: source.attempt(self.into(name), f"{name} = {otherwise}")


class Expressions:
    """Writes the expressions of a query.

    Args:
        layout: where registers are.
        operators: what is done with their values.
        within: makes the function of an ``EXISTS``.
    """

    def __init__(
        self, layout: Layout, operators: Operators, within: Callable[[Group, Names], Finds]
    ) -> None:
        self._layout, self._operators, self._within = layout, operators, within
        self._functions = functions(operators)

    # -- what steps do with an expression -----------------------------------------------------

    def passing(self, expression: Condition, names: Names, *, wanted: bool = True) -> Maker:
        """The step that goes on where an expression is true, or else where it is false."""
        match expression:
            case Call("!", (only,)):
                return self.passing(only, names, wanted=not wanted)
            case Call("&&" | "||" as name, parts) if (name == "&&") is wanted:
                return in_one([self.passing(part, names, wanted=wanted) for part in parts])
        told = self._told(expression, names, wanted=wanted)
        known = names.known().intersection(mentioned(expression))
        if len(known) == 1 and not told.safe and without_exists(expression):
            told = self._remembered(told, names.slots[known.pop()])
        return lambda source, following: source.block(f"if {told.write(source)}:", following)

    def binding(self, slot: int, expression: Condition, names: Names) -> Maker:
        """The step that binds a register to a value; to nothing where there is an error."""
        value = self._value(expression, names)
        if not value.held:
            value = called(self._operators.stored, [value])
        bind = value.attempted(f"r[{slot}]", "None")

        def make(source: Source, following: Writer) -> None:
            bind(source)
            following(source)

        return make

    def counted(self, expression: Condition, names: Names) -> Writes:
        """A value, or ``ValueProblem`` itself where there is an error."""
        value = self._value(expression, names)

        def write(source: Source) -> str:
            name = source.name()
            value.attempted(name, PROBLEM)(source)
            return name

        return write

    # -- whether it is true -------------------------------------------------------------------

    def _told(self, expression: Condition, names: Names, *, wanted: bool) -> Value:
        """Whether an expression is true, or else whether it is false; an error is neither."""
        match expression:
            case Call("!", (only,)):
                return self._told(only, names, wanted=not wanted)
            case Call("&&" | "||" as name, parts):
                told = [self._told(part, names, wanted=wanted) for part in parts]
                return joined(told, every=(name == "&&") is wanted)
            case Call("=" | "IN" | "!=" | "NOT IN" as name, (_, _, *_) as sides):
                values = [self._value(side, names) for side in sides]
                same = among_iris(values, wanted=(name in ("=", "IN")) is wanted)
                if same:
                    return same
        value = self._true(self._value(expression, names))
        if not wanted:
            value = negated(value)
        if value.safe:
            return value

        def write(source: Source) -> str:
            name = source.name()
            value.attempted(name, "False")(source)
            return name

        return Value(write, truth=True)

    def _true(self, value: Value) -> Value:
        """The effective boolean value of a value."""
        return value if value.truth else called(self._operators.truth, [value], truth=True)

    def _remembered(self, told: Value, asked: int) -> Value:
        """What was told of one register, where it holds in this run what it held before."""
        known = self._layout.memo()

        def write(source: Source) -> str:
            name = source.name()

            def ask(source: Source) -> None:
                source.line(f"r[{known}][r[{asked}]] = {name} = {told.write(source)}")

            source.line(f"{name} = r[{known}].get(r[{asked}])")
            source.block(f"if {name} is None:", ask)
            return name

        return Value(write, truth=True)

    # -- what its value is --------------------------------------------------------------------

    def _value(self, expression: Condition, names: Names) -> Value:
        match expression:
            case Variable(value=name):
                if name not in names.known():
                    return Value(lambda _: "None", safe=True)
                return in_register(names.slots[name])
            case Within(group, positive):
                finds, said = self._within(group, names), True if positive else None
                return Value(
                    lambda source: f"({source.value(finds)}(r) is {said})", truth=True, safe=True
                )
            case Call(name, arguments):
                return self._call(name, arguments, names)
        term = expression
        assert isinstance(term, ox.NamedNode | ox.BlankNode | ox.Literal)
        slot, is_number_of_term = self._layout.constant(term)
        return in_register(slot, iri=is_number_of_term and isinstance(term, ox.NamedNode))

    def _call(self, name: str, arguments: Sequence[Condition], names: Names) -> Value:
        """An operator or a function. Its errors: SPARQL 1.1, section 17.2."""
        match name, arguments:
            case "CONTAINS", (Call("LCASE", (text,)), Call("LCASE", (part,))):
                # Which is asked of each label of a list.
                both = [self._value(text, names), self._value(part, names)]
                return called(self._operators.contains_folded, both, truth=True)
            case "STRSTARTS", (Call("STR", _) as text, Call("STR", (ox.NamedNode(value=start),))):
                # Which is asked of each thing of a graph.
                value = self._value(text, names)
                return Value(
                    lambda source: f"{value.write(source)}.startswith({start!r})", truth=True
                )
        values = [self._value(argument, names) for argument in arguments]
        match name, values:
            case "BOUND", (value,):
                return Value(
                    lambda source: f"({value.write(source)} is not None)", truth=True, safe=True
                )
            case "!", (value,):
                return negated(self._true(value))
            case "&&" | "||", (one, other):
                return either(self._true(one), self._true(other), decides=name == "||")
            case "IN" | "NOT IN", (tested, *options):
                if not all(option.safe for option in options):
                    raise Unread(f"{name} of what is computed")
                listed = Value(lambda source: in_tuple(option.write(source) for option in options))
                among = called(self._operators.among, [tested, listed], truth=True)
                return among if name == "IN" else negated(among)
            case "IF", (condition, yes, no):
                return chosen(self._true(condition), yes, no)
            case "COALESCE", _:
                return first_of(values)
        if name not in self._functions:
            raise Unread(f"{name}()")
        return called(self._functions[name], values, truth=name in TRUTHS)


def in_register(slot: int, *, iri: bool = False) -> Value:
    """What a register holds."""
    return Value(lambda _: f"r[{slot}]", safe=True, held=True, iri=iri)


def called(
    function: Callable[..., object], values: Sequence[Value], *, truth: bool = False
) -> Value:
    """A function of values, which may have an error."""

    def write(source: Source) -> str:
        given = ", ".join([value.write(source) for value in values])
        return f"{source.value(function)}({given})"

    return Value(write, truth=truth)


def negated(value: Value) -> Value:
    """The opposite of a truth value."""
    return Value(lambda source: f"(not {value.write(source)})", truth=True, safe=value.safe)


def joined(told: Sequence[Value], *, every: bool) -> Value:
    """Whether all of some truth values without errors hold, or else any of them."""
    first, *others = told

    def write(source: Source) -> str:
        name = source.name()
        first.into(name)(source)
        for other in others:
            source.block(f"if {name}:" if every else f"if not {name}:", other.into(name))
        return name

    return Value(write, truth=True)


def among_iris(values: Sequence[Value], *, wanted: bool) -> Value | None:
    """Whether what is held is one of some IRIs, or else whether it is there and none of them; None
    where values must be compared. An IRI is equal to nothing but itself, which has one number."""
    swapped = len(values) == 2 and values[0].iri
    tested, *options = reversed(values) if swapped else values
    if not tested.held or not all(option.iri for option in options):
        return None

    def write(source: Source) -> str:
        thing, things = tested.write(source), in_tuple(one.write(source) for one in options)
        unlike = f"({thing} is not None and {thing} not in {things})"
        return f"({thing} in {things})" if wanted else unlike

    return Value(write, truth=True, safe=True)


def either(one: Value, other: Value, *, decides: bool) -> Value:
    """``&&`` and ``||`` of truth values; one that decides does so beside an error.

    Args:
        decides: the value that one of them has when it alone decides.
    """

    def write(source: Source) -> str:
        found, second = source.name(), source.name()

        def ask(source: Source) -> None:
            other.into(second)(source)
            undecided = f"if {found} is None and {second} is not {decides}:"
            source.block(undecided, lambda source: source.line(f"raise {PROBLEM}"))
            source.line(f"{found} = {second}")

        one.attempted(found, "None")(source)
        source.block(f"if {found} is not {decides}:", ask)
        return found

    return Value(write, truth=True)


def chosen(condition: Value, yes: Value, no: Value) -> Value:
    """``IF``."""

    def write(source: Source) -> str:
        name = source.name()
        source.block(f"if {condition.write(source)}:", yes.into(name))
        source.block("else:", no.into(name))
        return name

    return Value(write)


def first_of(values: Sequence[Value]) -> Value:
    """``COALESCE``: the first that is bound and has no error; else nothing, which is one too."""

    def write(source: Source) -> str:
        name = source.name()
        source.line(f"{name} = None")
        for value in values:
            source.block(f"if {name} is None:", value.attempted(name, "None"))
        return name

    return Value(write)
