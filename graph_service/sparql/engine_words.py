"""What the engine says in English when it cannot read or do something, told in Danish.

Its parser tells all that could have stood where it gave up: tokens, classes of characters, and
rules that the text breaks. The rules are told in words and the tokens by themselves; classes of
characters help nobody. Whatever it says elsewhere is quoted as its own words, in English.
Source: the rules and messages of spargebra and oxigraph 0.5.
"""

from __future__ import annotations

import re

#: Rules that a query or an update breaks → the same in Danish.
RULES = {
    "Prefix not found": "et præfiks er ikke erklæret med PREFIX",
    "IRI parsing failed": "en IRI er ikke gyldig eller ikke skrevet helt ud",
    "The SELECT contains a variable that is unbound": (
        "SELECT nævner en variabel, som ikke har nogen værdi eller ikke står i GROUP BY"
    ),
    "The SELECT contains an expression with a variable that is unbound": (
        "SELECT regner med en variabel, som ikke har nogen værdi eller ikke står i GROUP BY"
    ),
    "Duplicated variable name in SELECT": "SELECT nævner den samme variabel to gange",
    "The SELECT overrides an existing variable using an expression": (
        "SELECT giver en variabel, som har en værdi, en ny"
    ),
    "SELECT * is not authorized with GROUP BY": "SELECT * kan ikke stå sammen med GROUP BY",
    "BIND is overriding an existing variable": "BIND giver en variabel, som har en værdi, en ny",
    "Unexpected aggregate": "en sammentælling (COUNT, SUM …) kan ikke stå her",
    "Variables are not allowed in INSERT DATA": "INSERT DATA kan ikke have variabler",
    "Variables are not allowed in DELETE DATA": "DELETE DATA kan ikke have variabler",
    "Variables and blank nodes are not allowed in DELETE DATA": (
        "DELETE DATA kan hverken have variabler eller blanke knuder"
    ),
    "Blank nodes are not allowed in DELETE DATA": "DELETE DATA kan ikke have blanke knuder",
}
#: What could have stood there: a text, a class of characters, or words.
PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\[(?:\'(?:[^\'\\]|\\.)*\'|[^\]\'])*\]|[^,\s"\[][^,]*')
TOKEN = re.compile(r'"((?:[^"\\]|\\.)+)"|([A-Z]+(?: [A-Z]+)*)')
#: Tokens that are told: more are no help.
TOLD = 12
GRAPH_IS = re.compile(r"The graph (<[^>]*>) (already exists|does not exist)")
#: What a parser of graphs says where something would have to be fetched → the same in Danish.
FETCHES = {
    "No LoadDocumentCallback": (
        "En @context på en anden adresse hentes ikke. Skriv den helt ud i indholdet."
    ),
    "<!ENTITY values should": (
        "En <!ENTITY …> skal have sin værdi i dobbelte anførselstegn; den hentes ikke på en anden "
        "adresse."
    ),
}
#: Where a parser of graphs gave up, which is told apart.
PLACE = re.compile(r"^Parser error at line \d+[^:]*: | \(line \d+\)$")


def could_have_stood(reason: str) -> str:
    """What the parser of SPARQL expected, as a sentence; empty when it says nothing that helps.

    Args:
        reason: ``expected one of "$", PREFIX, [_]`` and the like, maybe cut off.
    """
    pieces = PIECE.findall(re.sub(r"^expected (?:one of )?", "", reason))
    broken = [RULES[piece.strip()] for piece in pieces if piece.strip() in RULES]
    if broken:
        return f"Fejlen er nok, at {', eller at '.join(broken)}."
    found = [TOKEN.fullmatch(piece.strip()) for piece in pieces]
    tokens = [m[1].replace('\\"', '"') if m[1] else m[2] for m in found if m]
    if not tokens or len(tokens) > TOLD:
        return ""
    return f"Her kunne blandt andet stå: {' '.join(tokens)}"


def own_words(text: str) -> str:
    """What the engine says of a failure, as a sentence: in Danish when it is known, else quoted."""
    known = GRAPH_IS.fullmatch(text.strip())
    if known:
        there = known[2] == "already exists"
        return f"Grafen {known[1]} {'er der allerede' if there else 'findes ikke'}."
    for words, told in FETCHES.items():
        if words in text:
            return told
    return f"Motorens egne ord, på engelsk: »{PLACE.sub('', text)}«."
