"""The named questions: one ``.rq`` file each, from which API, pages, command line and docs come.

A file begins with a header of comment lines ``# key: value``::

    # title: Hvem har ansvaret efter en bestemmelse?
    # title-en: Who is responsible under a provision?
    # persona: administrator
    # param law: thing(law) required — Bestemmelsen
    # param before: date — Senest
    # param kind: word(document-kind) — Slags
    # column bearer: Ansvarlig
    # field legal_basis: Lovgrundlag
    # sort due: ag:when/ag:notAfter — Seneste dato
    # default: statement_status=Law,Agreed
    # example: law=sul-140

and goes on with a SELECT. A parameter is bound where the query says ``VALUES ?law { }``: the
registry writes the term, serialised by the library, between the braces; or, when it is the only
term of a parameter that does not come first, in place of the variable (of the first, too, with
``# constant: law``). So the most selective goes first; what belongs to one region (an organisation,
an agreement) and comes later is a set of its own, which is joined, not looked up thing by thing:
what comes first can grow with the regions, that set does not. What a parameter that is left out
would restrict stands between ``#[law`` and ``#]`` on lines of their own and is dropped with it. A
list (``# kind: list``) gives things: its first column is the thing, the second the key by which
pages are cut; ``field`` names a property that its tables show, and ``sort`` a property path from
the thing to another such key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

from graph_service.ordering import Order, split_order
from graph_service.questions.parameters import Parameter, bind
from graph_service.vocabulary import prefixes_of

FOLDER = Path(__file__).parent
PERSONAS = ("administrator", "secretariat", "developer")
MARKER = re.compile(r"VALUES \?(\w+) \{ \}")
PLACE = re.compile(MARKER.pattern + r"|\?(\w+)")
#: What a SELECT gives or groups by stays a variable. So does what a BIND computes with (Virtuoso
#: compares a constant date wrongly in an IF), and the end of a path by choice or of any length:
#: with a constant there, Oxigraph takes the path from its other end.
KEPT = re.compile(
    r"SELECT\s.*?\sWHERE|GROUP BY[^\n}]*|BIND\(.*?AS \?\w+"
    r"|(?:\?\w+ +)?\S*[\w)][|*+?]\S*(?:\s+\?\w+)?",
    re.S,
)
BLOCK = re.compile(r"^[ \t]*#\[([a-z_]+)\n(.*?)^[ \t]*#\]\n?", re.M | re.S)
#: A block that asks for one property of one thing; the kinds of thing that belong to one region.
ONE_PROPERTY = re.compile(r"\s*VALUES \?(\w+) \{ \}\s+(\?\w+) \w+:\w+ \?\1 \.\s*")
LOCAL = re.compile(r"<\S+/id/(?:organisation|body|agreement|programme|situation)/[^/]+>")


class QuestionError(Exception):
    """A question's file is not as it must be; names the file and what to do."""


@dataclass(frozen=True)
class Question:
    """A named question.

    Attributes:
        name: name of its file, in words joined by ``-``.
        title, title_en: what it asks, in Danish and in English.
        about: a sentence more, in Danish, or empty.
        kind: ``answer``, or ``list`` when it gives things page by page.
        persona: who needs it most.
        parameters: by name, in the order of the header.
        columns: variable → Danish heading, in order.
        fields: property, by the API's name → Danish heading, for the tables of a list.
        sorts: key that a list can be sorted by, beside its own → property path from the thing, or
            a pattern that binds ``?by`` to it.
        example: parameters of an example that has an answer.
        default: values that hold when the parameter is left out; ``all`` asks without it.
        constant: parameters whose single term takes the variable's place though they come first.
        text: the SPARQL, with its markers.
    """

    name: str
    title: str
    title_en: str
    about: str
    kind: str
    persona: str
    parameters: Mapping[str, Parameter]
    columns: Mapping[str, str]
    fields: Mapping[str, str]
    sorts: Mapping[str, str]
    example: dict[str, str]
    default: dict[str, str]
    constant: frozenset[str]
    text: str = field(repr=False)
    _by: dict[str, Question] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def gives_labels(self) -> bool:
        """Whether the second column is the label of the thing in the first."""
        subject, key, *_ = (*self.columns, "", "")
        label = rf"^  \?{subject} (?:[^.{{}}]*;\s+)?skos:prefLabel \?{key} ?[.;]"
        return self.kind == "list" and re.search(label, self.text, re.M) is not None

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """The prefixes that the query uses, with whatever parameters, and their namespaces."""
        return prefixes_of(self.text)

    @cached_property
    def unsorted(self) -> tuple[str, Order]:
        """The ``ORDER BY`` at the end, or nothing, and the order that its rows are to be put in
        when the store is asked without it; see :func:`graph_service.ordering.split_order`."""
        query, order = split_order(self.text, self.columns)
        return self.text[len(query) :], order

    def sorted_by(self, key: str) -> Question:
        """The list with one of its other keys in place of its own, where a thing has it."""
        if key not in self._by:
            subject, *_ = self.columns
            by = f"OPTIONAL {{ {self.key(key)} }}"
            text = f"SELECT DISTINCT ?{subject} ?by WHERE {{ {{\n{self.text}}} {by} }}\n"
            self._by[key] = replace(self, text=text, columns={subject: "", "by": ""}, _by={})
        return self._by[key]

    def key(self, name: str) -> str:
        """The pattern that binds ``?by`` to one of the list's other keys of a thing."""
        subject, *_ = self.columns
        by = self.sorts[name]
        return by if "?by" in by else f"?{subject} {by} ?by"

    def sparql(self, terms: Mapping[str, tuple[str, ...]]) -> str:
        """The query with parameters bound.

        Oxigraph begins with a ``VALUES`` of one thing, which is right, and joins a second one with
        all that the rest of the group gives, which is slow. So the first thing or short-list value
        is a ``VALUES``, single terms after it take their variables' places, and several values of
        a short list, like "Law or Agreed", are a filter.

        Args:
            terms: parameter → terms in SPARQL syntax, as
                :func:`graph_service.questions.parameters.bind` gives them.
        """
        local = (n for n, given in terms.items() if len(given) == 1 and LOCAL.fullmatch(given[0]))
        pieces, kept = asked_with(self.text, frozenset(terms), frozenset(local))
        marked = (name for _, name, marks in pieces if marks)
        first = next((m for m in marked if self.parameters[m].type in ("thing", "enum")), "")
        alone = {
            name: given[0]
            for name, given in terms.items()
            if len(given) == 1 and name not in kept and (name != first or name in self.constant)
        }
        written = []
        for before, name, marks in pieces:
            written.append(before)
            if marks and name not in alone:
                written.append(self._values(name, terms[name]))
            elif not marks and name:
                written.append(alone.get(name, f"?{name}"))
        return "".join(written)

    def _values(self, name: str, given: tuple[str, ...]) -> str:
        if len(given) > 1 and self.parameters[name].type == "enum":
            return f"FILTER(?{name} IN ({', '.join(given)}))"
        return f"VALUES ?{name} {{ {' '.join(given)} }}"


#: Text, then the parameter after it, and whether its ``VALUES`` stands there or the variable.
Piece = tuple[str, str, bool]


@lru_cache(maxsize=1000)
def asked_with(
    text: str, given: frozenset[str], local: frozenset[str] = frozenset()
) -> tuple[tuple[Piece, ...], frozenset[str]]:
    """A question's text, cut where these parameters are bound or stand, and the names of the
    variables that must stay variables.

    Args:
        local: those of the parameters that are a set of their own when they do not come first.
    """

    def block(match: re.Match[str]) -> str:
        name, inner = match[1], match[2]
        if name not in given:
            return ""
        asked = ONE_PROPERTY.fullmatch(inner) if name in local else None
        if asked is None or not given.intersection(MARKER.findall(text, 0, match.start())):
            return inner
        return f"  {{ SELECT {asked[2]} WHERE {{\n{inner}  }} }}\n"

    count = 1
    while count:
        text, count = BLOCK.subn(block, text)
    kept = re.findall(r"\?(\w+)", " ".join(KEPT.findall(text)))
    pieces: list[Piece] = []
    end = 0
    for match in PLACE.finditer(text):
        name = match[1] or match[2]
        if name in given:
            pieces.append((text[end : match.start()], name, bool(match[1])))
            end = match.end()
    return (*pieces, (text[end:], "", False)), frozenset(kept)


def parse(name: str, source: str) -> Question:
    """Read one question.

    Raises:
        QuestionError: the header lacks something or does not fit the query.
    """
    head: dict[str, str] = {}
    parameters: dict[str, Parameter] = {}
    columns: dict[str, str] = {}
    fields: dict[str, str] = {}
    sorts: dict[str, str] = {}
    settings: dict[str, dict[str, str]] = {"example": {}, "default": {}}
    body: list[str] = []
    for line in source.splitlines():
        match = re.match(r"# ([a-z-]+)(?: ([a-z_A-Z.]+))?: (.*)$", line) if not body else None
        if match is None:
            if body or line.strip():
                body.append(line)
            continue
        key, word, value = match.groups()
        if key == "param":
            parameters[word] = Parameter.parse(word, value)
        elif key == "column":
            columns[word] = value
        elif key == "field":
            fields[word] = value
        elif key == "sort":
            sorts[word] = value.partition(" — ")[0]
        elif key in settings:
            settings[key] = dict(part.split("=", 1) for part in value.split("&") if part)
        else:
            head[key] = value
    text = "\n".join(body) + "\n"
    question = Question(
        name=name,
        title=head.get("title", ""),
        title_en=head.get("title-en", ""),
        about=head.get("about", ""),
        kind=head.get("kind", "answer"),
        persona=head.get("persona", ""),
        parameters=parameters,
        columns=columns,
        fields=fields,
        sorts=sorts,
        example=settings["example"],
        default=settings["default"],
        constant=frozenset(head.get("constant", "").split()),
        text=text,
    )
    _check(question)
    return question


def _check(question: Question) -> None:
    def fail(reason: str) -> QuestionError:
        return QuestionError(f"{question.name}.rq: {reason}")

    if not question.title or not question.title_en:
        raise fail("the header needs a title and a title-en")
    if question.persona not in PERSONAS:
        raise fail(f"persona must be one of {', '.join(PERSONAS)}")
    if question.kind not in ("answer", "list"):
        raise fail("kind must be answer or list")
    marked = set(re.findall(r"VALUES \?([a-z_]+) \{ \}", question.text))
    for name in question.parameters.keys() ^ marked:
        raise fail(f"parameter {name} must stand both in the header and as VALUES ?{name} {{ }}")
    blocks = set(re.findall(r"^[ \t]*#\[([a-z_]+)$", question.text, re.M))
    for name, parameter in question.parameters.items():
        if parameter.required == (name in blocks):
            raise fail(f"parameter {name} must be required or stand in a block #[{name} … #]")
    if blocks - question.parameters.keys():
        raise fail(f"blocks without a parameter: {sorted(blocks - question.parameters.keys())}")
    head = re.search(r"SELECT\s+(?:DISTINCT\s+)?(.*?)\s*WHERE", question.text, re.S)
    if head is None:
        raise fail("the query must be SELECT … WHERE")
    projected = re.findall(r"AS \?(\w+)\)|(?<![(\w?])\?(\w+)(?![\w)])", head[1])
    names = [a or b for a, b in projected]
    if names != list(question.columns):
        raise fail(f"columns {list(question.columns)} are not what the query projects: {names}")
    if question.kind != "list" and (question.sorts or question.fields):
        raise fail("only a list has fields and can be sorted")
    named = question.constant.union(question.example, question.default)
    for name in named - question.parameters.keys():
        raise fail(f"the example, the default or constant names {name}, which is no parameter")


def registry(folder: Path = FOLDER) -> dict[str, Question]:
    """Every question, by name.

    Raises:
        QuestionError: a file is not as it must be.
    """
    return {
        path.stem: parse(path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.rq"))
    }


__all__ = ["Parameter", "Question", "QuestionError", "bind", "parse", "registry"]
