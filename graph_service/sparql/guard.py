"""Look at a query as plain text before anything parses it: length, nesting, kind, outgoing calls.

A parser can be made to overflow its stack by a few kilobytes of braces, and the engine follows
``SERVICE`` and ``LOAD`` to any address. So this module cuts the text in the tokens of the SPARQL
grammar, without recursion and in linear time, and judges the tokens.

Sources: SPARQL 1.1 Query Language, section 19.8 (terminals); SPARQL 1.1 Update, section 3.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from graph_service.api.problems import Problem

#: Most characters of a query or an update.
MAX_LENGTH = 100_000
#: Most brackets of any kind that may be open at once; the engine's parser needs 0.2 s at 64 and
#: 18 s at 200 for brackets of blank nodes, and its stack ends at some thousands of braces.
MAX_DEPTH = 64
#: Most prefix operators in a row (``!!!!``, ``- - -``): each is a level of the parser too.
MAX_OPERATORS = 64

QUERY_KINDS = ("SELECT", "CONSTRUCT", "DESCRIBE", "ASK")
UPDATE_KINDS = (
    "INSERT",
    "DELETE",
    "WITH",
    "LOAD",
    "CLEAR",
    "DROP",
    "CREATE",
    "ADD",
    "MOVE",
    "COPY",
)
#: Functions that give another value each time, so that an answer has no lasting ETag.
VOLATILE = ("NOW", "RAND", "UUID", "BNODE")

_NAME_START = r"A-Za-z_À-ÖØ-öø-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f" + (
    r"\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME = _NAME_START + r"0-9\-·\u0300-\u036f\u203f\u2040"
_LOCAL = rf"(?:[{_NAME}:]|%[0-9A-Fa-f]{{2}}|\\[_~.\-!$&'()*+,;=/?\#@%])"

#: The terminals of the grammar, first match wins. Possessive where the input could be hostile; not
#: in the long strings, whose parts begin differently anyway: Python 3.11.2, which Debian 12 has,
#: reads a possessive group with a look-ahead wrongly.
_TOKEN = re.compile(
    rf"""
      (?P<space>[ \t\r\n]+)
    | (?P<comment>\#[^\r\n]*)
    | (?P<iri><(?:[^<>"{{}}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{{4}}|\\U[0-9A-Fa-f]{{8}})*+>)
    | (?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
        |"(?!"")(?:[^"\\\r\n]|\\.)*+"|'(?!'')(?:[^'\\\r\n]|\\.)*+')
    | (?P<variable>[?$][{_NAME}]+)
    | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
    | (?P<blank>_:[{_NAME}]+(?:\.+[{_NAME}]+)*+)
    | (?P<name>:(?:{_LOCAL}+(?:\.+{_LOCAL}+)*+)?)
    | (?P<words>[{_NAME_START}][{_NAME}]*+(?:\.+[{_NAME}]+)*+)
      (?P<local>:(?:{_LOCAL}+(?:\.+{_LOCAL}+)*+)?)?
    | (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<unclosed>["'])
    | (?P<open>[{{(\[])
    | (?P<close>[}})\]])
    | (?P<operator>[!+\-^])
    | (?P<other>[;,*=&|/~%\\]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_PAIRS = {"}": "{", ")": "(", "]": "["}
#: The engine reads keywords without a word boundary: ``trueSERVICE:x`` is ``true SERVICE :x``.
_OUTGOING = re.compile(r"SERVICE|LOAD", re.IGNORECASE)
_OUTGOING_NAME = re.compile(r"(?:true|false)(?:SERVICE|LOAD)", re.IGNORECASE)
#: An address whose host cannot be read in two ways: no escapes, no user name, a slash after it.
_ADDRESS = re.compile(r"<https?://((?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?)(?:/[^\\]*)?>")
#: A path from the folder of the base, which leaves its host as it is, whatever the points in it.
_RELATIVE = re.compile(r"<[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*>")
#: An address that names no host to the engine, which asks over HTTP alone.
_NOT_HTTP = re.compile(r"(?ai)<(?!(?:https?|file):)[a-z][a-z0-9+.-]*:[^\\]*>")
#: What ends an operand. Behind it, in round brackets, ``<`` can mean "less than" to the engine,
#: which knows where it is in the grammar. Where what would be an address then holds one of these,
#: it reads what follows otherwise than we do: as a string, a comment, or outside the brackets. So
#: it does behind another ``<``, where a triple within a term can begin.
_OPERANDS = frozenset(("variable", "string", "language", "name", "iri", "number", "word", "close"))
_TWO_WAYS = re.compile(r"['#()\[\]]")
_ESCAPE = re.compile(r"\\u00([0-9A-Fa-f]{2})|\\U000000([0-9A-Fa-f]{2})")


class Token(NamedTuple):
    """One terminal.

    Attributes:
        kind: ``iri string variable language blank name number word open close operator other``.
        text: as written.
        start: offset of its first character.
        depth: how many brackets were open before it.
        inside: the bracket that was opened last and is still open, or empty.
    """

    kind: str
    text: str
    start: int
    depth: int
    inside: str = ""


@dataclass(frozen=True)
class Seen:
    """What the tokens say about a query.

    Attributes:
        kind: ``SELECT`` …, an update's first word, or empty when there is none.
        update: whether it changes something.
        volatile: whether asking again may give another answer on the same snapshot.
        outgoing: whether it asks an allowed host.
        variable: whether it asks what a variable after ``SERVICE`` comes to.
    """

    kind: str
    update: bool
    volatile: bool
    outgoing: bool = False
    variable: bool = False


def tokens(text: str) -> Iterator[Token]:
    """The terminals of a query, without white space and comments, in linear time.

    Raises:
        Problem: query-too-deep, for brackets or for prefix operators; bad-query for a string
            without an end.
    """
    opened: list[str] = []
    operators = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind in ("space", "comment"):
            continue
        if kind == "words":
            operators, start = 0, match.start()
            for word in match.group().split("."):
                yield Token("word", word, start, len(opened), opened[-1] if opened else "")
                start += len(word) + 1
            continue
        if kind == "unclosed":
            raise unclosed(text, match.start())
        kind, inside = "name" if kind == "local" else kind, opened[-1] if opened else ""
        token = Token(kind, match[0], match.start(), len(opened), inside)
        operators = operators + 1 if kind == "operator" else 0
        if kind == "open":
            opened.append(token.text)
        elif kind == "close" and opened and opened[-1] == _PAIRS[token.text]:
            opened.pop()
        if len(opened) > MAX_DEPTH:
            raise Problem(
                "query-too-deep",
                f"Højst {MAX_DEPTH} parenteser eller klammer må stå inden i hinanden. Del "
                "forespørgslen i flere, eller brug VALUES og stier i stedet for indlejring.",
                limit=MAX_DEPTH,
            )
        if operators > MAX_OPERATORS:
            raise Problem(
                "query-too-deep",
                f"Højst {MAX_OPERATORS} fortegn (! + - ^) må stå efter hinanden.",
                limit=MAX_OPERATORS,
            )
        yield token


def look(
    text: str, hosts: Collection[str] = (), *, variables: bool = False, online: bool = False
) -> Seen:
    """Judge a query or an update before it is parsed.

    Args:
        hosts: those that ``SERVICE`` and ``LOAD`` may reach, as an address has them: with the port
            unless it is the usual one. The address must stand there in full, or as a path after a
            ``BASE`` that does, for what a variable or a prefix comes to is only known to the
            engine, and it asks at once.
        variables: whether a variable may follow ``SERVICE`` in a query, for it is written out
            before the engine sees it (:mod:`graph_service.sparql.federation`).
        online: whether it runs where hosts can be reached, though it need ask none.

    Raises:
        Problem: query-too-long, query-too-deep, bad-content (a null character), bad-query (a
            string without an end, no address after ``SERVICE`` or ``LOAD``; where a host is asked,
            what could be an address or "less than"), outgoing-request (``SERVICE`` or ``LOAD``
            outside strings, IRIs and comments, to another host).
    """
    check_length(len(text))
    if "\x00" in text:
        raise Problem("bad-content", "Forespørgslen indeholder et nultegn (U+0000). Fjern det.")
    text = _ESCAPE.sub(_letter, text)
    kind, volatile, prologue, outgoing, asks = "", False, True, False, ""
    base_follows, based, variable = False, False, False
    before, two_ways = Token("other", "", 0, 0), -1
    for token in tokens(text):
        if token.kind == "iri" and _TWO_WAYS.search(token.text):
            compares = token.inside == "(" and before.kind in _OPERANDS
            two_ways = token.start if compares or before.text == "<" else two_ways
        before = token
        if base_follows:
            base_follows, based = False, is_at(token, hosts)
        if asks:
            if token.kind == "word" and token.text.upper() == "SILENT":
                continue
            if token.kind not in ("iri", "variable", "name", "word"):
                raise no_address(text, token.start, asks)
            here = is_at(token, hosts) or (based and bool(_RELATIVE.fullmatch(token.text)))
            if variables and asks == "SERVICE" and token.kind == "variable":
                here = variable = kind in QUERY_KINDS
            if not here and not _NOT_HTTP.fullmatch(token.text):
                refuse_outgoing(asks, hosts)
            asks, outgoing = "", outgoing or here
            continue
        if token.kind == "name":
            if _OUTGOING_NAME.search(token.text.partition(":")[0]):
                refuse_outgoing("SERVICE", hosts)
            continue
        if token.kind != "word":
            continue
        word = token.text.upper()
        if found := _OUTGOING.search(word):
            if not hosts or found.group() != word:
                refuse_outgoing(found.group(), hosts)
            asks = word
        if "BASE" in word:
            base_follows, based = word == "BASE", False
        # The engine reads joined words, as DISTINCTRAND.
        volatile = volatile or word.endswith(VOLATILE)
        if prologue and word not in ("BASE", "PREFIX", "VERSION"):
            kind, prologue = _kind(word), False
    if asks:
        raise no_address(text, len(text), asks)
    if (outgoing or online) and two_ways >= 0:
        raise _not_sparql(
            text,
            two_ways,
            "hvor en anden tjeneste spørges, må < ikke kunne læses på to måder. Er det en adresse, "
            "så skriv den med præfiks; betyder det mindre end, så sæt mellemrum efter det.",
        )
    volatile = volatile or outgoing or (kind == "CONSTRUCT" and _makes_nodes(text))
    return Seen(kind, kind in UPDATE_KINDS, volatile, outgoing, variable)


def _makes_nodes(text: str) -> bool:
    """Whether the first group, of a ``CONSTRUCT`` the template, has blank nodes.

    Each answer has nodes of its own (section 16.2.1); what is seen as one may be none, as ``()``.
    """
    within = False
    for token in tokens(text):
        if token.depth == 0:
            if within:
                break
            within = token.text == "{"
        elif within:
            reifies = token.kind == "other" and set(token.text) & {"<", "~"}
            if reifies or token.kind in ("blank", "open"):
                return True
    return False


def unclosed(text: str, start: int) -> Problem:
    """A string begins at ``start`` and does not end. No SPARQL has that, whatever follows."""
    return _not_sparql(text, start, "en tekst begynder her og slutter ikke.")


def no_address(text: str, start: int, word: str) -> Problem:
    """What stands after ``SERVICE`` or ``LOAD`` is no address, so this is no SPARQL."""
    return _not_sparql(text, start, f"her skal adressen for {word} stå.")


def _not_sparql(text: str, start: int, why: str) -> Problem:
    line = text.count("\n", 0, start) + 1
    column = start - text.rfind("\n", 0, start)
    return Problem("bad-query", f"Linje {line}, tegn {column}: {why}", line=line, column=column)


def check_length(length: int) -> None:
    """Raise Problem query-too-long for a text of so many characters."""
    if length > MAX_LENGTH:
        raise Problem(
            "query-too-long",
            f"Forespørgslen må højst fylde {MAX_LENGTH} tegn. Del den i flere forespørgsler, "
            "for eksempel med færre værdier i VALUES.",
            limit=MAX_LENGTH,
        )


def is_at(token: Token, hosts: Collection[str]) -> bool:
    """Whether a token is an address in full at one of the hosts."""
    address = _ADDRESS.fullmatch(token.text) if token.kind == "iri" else None
    return address is not None and address[1].lower() in hosts


def refuse_outgoing(word: str, hosts: Collection[str] = ()) -> NoReturn:
    """Raise Problem outgoing-request."""
    if hosts:
        raise Problem(
            "outgoing-request",
            f"{word.upper()} kan kun hente data hos {', '.join(sorted(hosts))}, og adressen skal "
            "skrives helt ud: <https://…>, eller ud fra en BASE dér; ikke med præfiks. Kun efter "
            "SERVICE i et spørgsmål kan der stå en variabel.",
            hosts=sorted(hosts),
        )
    raise Problem(
        "outgoing-request",
        f"{word.upper()} får tjenesten til at hente data på en anden adresse, og det gør den ikke. "
        "Hent de andre data selv, og giv de værdier, der skal bruges, med VALUES.",
    )


def _kind(word: str) -> str:
    """The kind that a first word begins with; keywords need no space after them."""
    return next((k for k in QUERY_KINDS + UPDATE_KINDS if word.startswith(k)), "")


def _letter(match: re.Match[str]) -> str:
    """A letter written as a codepoint escape (section 19.2); other escapes stay as they are."""
    letter = chr(int(match.group(1) or match.group(2), 16))
    return letter if letter.isascii() and letter.isalpha() else match.group()
