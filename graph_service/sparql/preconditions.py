"""Preconditions of a request: ``If-Match`` and ``If-None-Match``, and the marks that they name.

The mark (ETag) of a graph and of an answer to a free query begins with the id of the snapshot that
it came from, so a change, whatever it changes, gives all of them new marks. The preconditions of a
change are looked at by the process that makes it, while no other may
(:mod:`graph_service.sparql.writer`): of two clients that read the same and then
write, one gets 412.

``If-Unmodified-Since`` is left alone, as section 13.1.4 says, for nothing here has a Last-Modified.

Source: RFC 9110, sections 8.8.3 and 13.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers

from graph_service.api.problems import Problem
from graph_service.sparql.media import GRAPHS, content_type

ANY = "*"
#: What is said of an answer that is not the one that If-Match names.
OTHER_NOW = "Svaret er et andet nu end det, som If-Match nævner."
#: An entity tag: whether it is weak, and what stands between its quotes.
TAG = re.compile(r'(W/)?"([^"]*)"')
#: Digits of a mark: those of a snapshot's id, and so many of the hash of what was asked.
ASKED = 16


def mark(snapshot: str, *asked: str) -> str:
    """The strong ETag of what a snapshot answers.

    Args:
        asked: all else that the answer depends on, its format too.
    """
    digest = hashlib.sha256("\x00".join(asked).encode()).hexdigest()
    return f'"{snapshot}{digest[:ASKED]}"'


def graph_mark(snapshot: str, graph: str, media: str) -> str:
    """The ETag of a graph with the Content-Type ``media``.

    Args:
        graph: its IRI, or ``default`` for the merged graph.
    """
    return mark(snapshot, "graph", graph, media)


def graph_marks(snapshot: str, graph: str) -> set[str]:
    """The ETags of a graph in all formats: whichever its client has read."""
    media = {content_type(form, media) for form in GRAPHS for media in form.media}
    return {graph_mark(snapshot, graph, each) for each in media}


@dataclass(frozen=True)
class Preconditions:
    """What a request makes its success depend on.

    Attributes:
        match, none_match: the values of the two headers, or None without them.
    """

    match: str | None = None
    none_match: str | None = None

    @staticmethod
    def of(headers: Headers) -> Preconditions:
        """The preconditions in the headers of a request; several lines are one list."""
        match, none_match = headers.getlist("if-match"), headers.getlist("if-none-match")
        return Preconditions(
            ",".join(match) if match else None, ",".join(none_match) if none_match else None
        )

    def demand(self, marks: Collection[str], *, there: bool) -> None:
        """Let a change pass that may be made (section 13.2.2).

        Args:
            marks: the ETags of what there is now.
            there: whether there is anything.

        Raises:
            Problem: precondition-failed.
        """
        if self.match is not None and not (there and self.matches(marks)):
            raise Problem(
                "precondition-failed",
                "Intet er ændret, for det, som If-Match nævner, er ikke det, der er nu. Hent det "
                "igen, og send ændringen med dets nye ETag."
                if there
                else "Intet er ændret, for If-Match kræver, at grafen findes, og det gør den ikke.",
            )
        if self.none_match is not None and there and self.none_match_fails(marks):
            raise Problem(
                "precondition-failed",
                "Intet er ændret, for If-None-Match kræver, at det ikke er der allerede, og det "
                "er det. Send If-Match med dets ETag for at ændre det.",
            )

    def translated(self, words: Mapping[str, str]) -> Preconditions:
        """The same, with other marks in the place of some."""

        def put(value: str | None) -> str | None:
            return value and re.sub(r'"[^"]*"', lambda tag: words.get(tag[0], tag[0]), value)

        return Preconditions(put(self.match), put(self.none_match))

    def of_snapshot(self, snapshot: str) -> set[str]:
        """The marks that the headers name and a snapshot gave, whatever was asked of it."""
        named = TAG.findall(f"{self.match},{self.none_match}")
        return {f'"{tag}"' for _, tag in named if tag.startswith(snapshot)}

    def matches(self, marks: Collection[str]) -> bool:
        """Whether If-Match names one of the marks, by strong comparison (section 13.1.1)."""
        assert self.match is not None
        if self.match.strip() == ANY:
            return True
        strong = {f'"{tag}"' for weak, tag in TAG.findall(self.match) if not weak}
        return not strong.isdisjoint(marks)

    def none_match_fails(self, marks: Collection[str]) -> bool:
        """Whether If-None-Match names one of the marks, by weak comparison (section 13.1.2)."""
        assert self.none_match is not None
        named = {f'"{tag}"' for _, tag in TAG.findall(self.none_match)}
        return self.none_match.strip() == ANY or not named.isdisjoint(marks)


#: Of a request that makes its success depend on nothing.
NONE = Preconditions()
