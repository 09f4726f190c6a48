"""The tokens of SPARQL (SPARQL 1.1 Query Language, section 19.8, terminals)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*)
    | (?P<iri><[^<>"{}|^`\\\s]*>)
    | (?P<var>[?$][A-Za-z_]\w*)
    | (?P<string>\"\"\"(?:[^\\]|\\.)*?\"\"\"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<lang>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
    | (?P<blank>_:\w+)
    | (?P<name>(?:[A-Za-z][\w-]*)?:(?:\w(?:[\w.-]*[\w-])?)?)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<sign>\^\^|&&|\|\||!=|<=|>=|[{}()\[\].;,|/^*+?!=<>-])""",
    re.VERBOSE | re.DOTALL,
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)


@dataclass
class Tokens:
    """The tokens of a query, and the place up to which they are read."""

    text: str
    prefixes: dict[str, str]
    at: int = 0
    fresh: int = 0
    tokens: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        place = 0
        while place < len(self.text):
            match = TOKEN.match(self.text, place)
            if match is None:
                raise ValueError(f"no SPARQL that is read here: {self.text[place : place + 40]!r}")
            place = match.end()
            if match.lastgroup != "skip":
                self.tokens.append((str(match.lastgroup), match[0]))
        self.tokens.append(("end", ""))

    def peek(self) -> str:
        """The next token, words in capitals."""
        kind, value = self.tokens[self.at]
        return value.upper() if kind == "word" else value

    def take(self, *wanted: str) -> str:
        """Move past the next token, which must be one of those wanted, where some are."""
        value = self.peek()
        if not value:
            raise ValueError("the text ends too early")
        if wanted and value not in wanted:
            near = " ".join(v for _, v in self.tokens[max(0, self.at - 4) : self.at + 4])
            raise ValueError(f"{' or '.join(wanted)} expected, not {value!r}, near: {near}")
        self.at += 1
        return value

    def skip(self, value: str) -> bool:
        """Move past the next token when it is this one."""
        if self.peek() == value:
            self.at += 1
            return True
        return False


def unescaped(text: str) -> str:
    """The text of a string literal without its escapes."""
    return ESCAPE.sub(
        lambda m: ESCAPES.get(m[3], m[3]) if m[3] else chr(int(m[1] or m[2], 16)), text
    )
