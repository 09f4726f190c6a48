"""Put the dataset that the protocol names for an update into the update itself.

The engine takes a dataset for queries, but not for updates. ``using-graph-uri`` means what a
``USING`` clause in every operation with a ``WHERE`` means.

Source: SPARQL 1.1 Protocol, section 2.2.3; SPARQL 1.1 Update, sections 3.1.3 and 4.2.
"""

from __future__ import annotations

from graph_service.api.problems import Problem
from graph_service.sparql.guard import Token, tokens


def with_using(text: str, using: tuple[str, ...], named: tuple[str, ...]) -> str:
    """The update with ``USING`` clauses before each ``WHERE`` of its operations.

    Raises:
        Problem: bad-content, when the update names a dataset itself (``USING``, ``WITH``), when
            an address is no IRI, or when it says ``DELETE WHERE``, which takes no clause.
    """
    if not using and not named:
        return text
    if any(c in iri for iri in (*using, *named) for c in '<>"{}|\\^` \t\r\n'):
        raise Problem("bad-content", "using-graph-uri skal være en IRI.")
    clauses = "".join(
        [f" USING <{iri}>" for iri in using] + [f" USING NAMED <{iri}>" for iri in named]
    )
    places, before = [], Token("other", "", 0, 0)
    for token in tokens(text):
        if token.kind == "word" and token.depth == 0:
            word = token.text.upper()
            if word in ("USING", "WITH"):
                raise Problem(
                    "bad-content",
                    f"Datasættet er valgt to gange: i adressen og med {word} i opdateringen.",
                )
            if word == "WHERE":
                if before.text.upper() == "DELETE":
                    raise Problem(
                        "bad-content",
                        "DELETE WHERE kan ikke have et datasæt. Skriv DELETE { … } WHERE { … }.",
                    )
                places.append(token.start)
        before = token
    for place in reversed(places):
        text = f"{text[:place]}{clauses} {text[place:]}"
    return text
