"""``SERVICE`` with a variable: what it comes to is found first and judged, then written out.

The engine asks whatever host a variable comes to, at once, and lets nobody judge it. So what the
variable has in its group is asked for first, without the rest of the query. Each value must be an
address at a host that is allowed. Then one ``SERVICE`` for each stands where that with the variable
stood, with the address as the variable's value, which is what the standard says that it means.

Source: SPARQL 1.1 Federated Query, section 2.3 (the variable is bound before), and section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import pyoxigraph as ox

from graph_service.api.problems import Problem
from graph_service.sparql.guard import QUERY_KINDS, Token, is_at, look, tokens

#: Most addresses that one variable may come to.
MOST = 20
#: Gives the first column of a query.
Ask = Callable[[str], Iterable[object]]


def written_out(text: str, hosts: Collection[str], ask: Ask) -> str:
    """A query in which an address follows each ``SERVICE``.

    Args:
        hosts: those that may be asked, as :func:`graph_service.sparql.guard.look` takes them.
        ask: answers what the variable comes to.

    Raises:
        Problem: outgoing-request, when the variable comes to an address elsewhere, to none, or to
            more than :data:`MOST`, or when it stands in ``GRAPH`` or in another ``SERVICE``; what
            :func:`graph_service.sparql.guard.look` raises of the query that comes out.
        SyntaxError, OSError, RuntimeError: ``ask`` could not.
    """
    while (found := Clause.first(text)) is not None:
        text = found.written_out(text, hosts, ask)
        look(text, hosts, variables=True)
    look(text, hosts)
    return text


class Clause:
    """A ``SERVICE`` with a variable.

    Args:
        all_: the terminals of the query.
        at: which of them is the variable.
        opened: which of them are the brackets around it, outermost first.
    """

    def __init__(self, all_: Sequence[Token], at: int, opened: Sequence[int]) -> None:
        self._all, self._at, self._opened = all_, at, opened
        self._silent = _word(all_[at - 1]) == "SILENT"
        self._begin = at - 2 if self._silent else at - 1
        self._variable = all_[at].text

    @classmethod
    def first(cls, text: str) -> Clause | None:
        """The first one of a query."""
        all_ = list(tokens(text))
        opened: list[int] = []
        for at, token in enumerate(all_):
            if token.kind == "open":
                opened.append(at)
            elif token.kind == "close" and opened:
                opened.pop()
            elif token.kind == "variable" and (
                [_word(t) for t in all_[max(0, at - 2) : at]][-1:] == ["SERVICE"]
                or [_word(t) for t in all_[max(0, at - 2) : at]] == ["SERVICE", "SILENT"]
            ):
                return cls(all_, at, opened)
        return None

    def written_out(self, text: str, hosts: Collection[str], ask: Ask) -> str:
        """The query with the clause written out. Raises as :func:`written_out`."""
        block = self._at + 1
        if not self._opened or block >= len(self._all) or self._all[block].text != "{":
            raise self._refused("står ikke i en gruppe, eller efter den står ingen gruppe.")
        for at in self._opened:
            before = [_word(token) for token in self._all[max(0, at - 3) : at]]
            if "GRAPH" in before or "SERVICE" in before:
                raise self._refused("kan ikke stå inden i GRAPH eller i en anden SERVICE.")
        end = self._close_of(block)
        question = self._question(text)
        look(question, hosts)
        addresses = sorted(self._address(term, hosts) for term in ask(question))
        if len(addresses) > MOST:
            raise self._refused(f"har mere end {MOST} adresser.")
        inside = text[self._all[block].start : end]
        word = "SERVICE SILENT" if self._silent else "SERVICE"
        each = (
            f"{{ {word} {iri} {inside} VALUES {self._variable} {{ {iri} }} }}" for iri in addresses
        )
        written = " UNION ".join(each) or f"VALUES {self._variable} {{ }}"
        return f"{text[: self._all[self._begin].start]}{written}{text[end:]}"

    def _question(self, text: str) -> str:
        """The query for what the variable comes to: what stands before it in its group.

        Filters of the group are left out, for they may be about what comes after.
        """
        kind = next((at for at, token in enumerate(self._all) if _word(token) in QUERY_KINDS), None)
        if kind is None:
            raise self._refused("står i en forespørgsel, der ikke kan læses.")
        opened = self._opened[-1]
        parts, at, begin = [], opened + 1, self._end(opened)
        while at < self._begin:
            is_filter = _word(self._all[at]) == "FILTER"
            if is_filter:
                parts.append(text[begin : self._all[at].start])
                at = next(n for n in range(at, len(self._all)) if self._all[n].kind == "open")
            if self._all[at].kind == "open":
                end = self._close_of(at)
                begin = end if is_filter else begin
                at = next(
                    (n for n in range(at, self._begin) if self._all[n].start >= end), self._begin
                )
            else:
                at += 1
        parts.append(text[begin : self._all[self._begin].start])
        prologue, left = text[: self._all[kind].start], "\n".join(parts)
        named = " ".join(self._dataset(text))
        return f"{prologue}\nSELECT DISTINCT {self._variable} {named} WHERE {{ {left}\n}}"

    def _dataset(self, text: str) -> Iterable[str]:
        """The ``FROM`` clauses."""
        for at, token in enumerate(self._all):
            if token.depth == 0 and _word(token) == "FROM":
                last = at + 2 if _word(self._all[at + 1]) == "NAMED" else at + 1
                yield text[token.start : self._end(last)]

    def _address(self, term: object, hosts: Collection[str]) -> str:
        """A value of the variable as an address that may be asked."""
        if term is None:
            raise self._refused("skal have en værdi, før SERVICE i samme gruppe.")
        written = f"<{term.value}>" if isinstance(term, ox.NamedNode) else ""
        read = list(tokens(written))
        if len(read) != 1 or not is_at(read[0], hosts):
            allowed = ", ".join(sorted(hosts))
            raise self._refused(f"må kun være adresser hos {allowed}, og er {str(term)[:200]}.")
        return written

    def _end(self, at: int) -> int:
        return self._all[at].start + len(self._all[at].text)

    def _close_of(self, at: int) -> int:
        """Where the bracket that opens here is closed."""
        depth = self._all[at].depth
        for later in range(at + 1, len(self._all)):
            token = self._all[later]
            if token.kind == "close" and token.depth == depth + 1:
                return self._end(later)
        raise self._refused("står i en gruppe, der ikke slutter.")

    def _refused(self, why: str) -> Problem:
        return Problem("outgoing-request", f"Variablen {self._variable} efter SERVICE {why}")


def _word(token: Token) -> str:
    return token.text.upper() if token.kind == "word" else ""
