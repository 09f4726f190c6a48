"""``SERVICE`` with a variable: what it comes to is found first and judged, then written out.

The engine asks whatever host a variable comes to, at once, and lets nobody judge it. So what the
variable has in its group is asked for first, without the rest of the query. Each value must be an
address at a host that is allowed. Then one ``SERVICE`` for each stands where that with the variable
stood, with the address as the variable's value, which is what the standard says that it means.

Source: SPARQL 1.1 Federated Query, section 2.3 (the variable is bound before), and section 3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice, pairwise

import pyoxigraph as ox

from graph_service.api.problems import Problem
from graph_service.sparql.dataset import clauses, prologue
from graph_service.sparql.guard import QUERY_KINDS, VOLATILE, Token, is_at, look, tokens

#: Most addresses that one variable may come to, and most clauses with a variable in a query.
MOST, MOST_CLAUSES = 20, 10
#: Gives the first column of a query.
Ask = Callable[[str], Iterable[object]]

#: The engine reads keywords without a space after them; here they are looked for as words.
_JOINED_WORD = re.compile(r"(FILTER|GRAPH|FROM|SELECT|CONSTRUCT|DESCRIBE|ASK).", re.IGNORECASE)
_JOINED_NAME = re.compile(r"(FILTER|GRAPH|FROM)[^:]*:.", re.IGNORECASE)


def written_out(text: str, hosts: Collection[str], ask: Ask) -> str:
    """A query in which an address follows each ``SERVICE``.

    Args:
        hosts: those that may be asked, as :func:`graph_service.sparql.guard.look` takes them.
        ask: answers what the variable comes to.

    Raises:
        Problem: outgoing-request, when a variable comes to an address elsewhere, to none, or to
            more than :data:`MOST`, or when it stands in ``GRAPH`` or in another ``SERVICE``;
            bad-query, for what is seen to be no SPARQL, and keywords without a space; what
            :func:`graph_service.sparql.guard.look` raises of the query that comes out.
        SyntaxError, OSError, RuntimeError: ``ask`` could not.
    """
    for _ in range(MOST_CLAUSES):
        clause = Clause.first(text)
        if clause is None:
            break
        text = clause.written_out(text, hosts, ask)
        look(text, hosts, variables=True)
    else:
        if Clause.first(text):
            raise Problem(
                "outgoing-request",
                f"Højst {MOST_CLAUSES} gange kan SERVICE have en variabel. Del forespørgslen.",
                limit=MOST_CLAUSES,
            )
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
        self._silent = " SILENT" if _word(all_[at - 1]) == "SILENT" else ""
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
            elif token.kind == "variable" and at > 1:
                former, last = _word(all_[at - 2]), _word(all_[at - 1])
                if last == "SERVICE" or (former, last) == ("SERVICE", "SILENT"):
                    return cls(all_, at, opened)
        return None

    def written_out(self, text: str, hosts: Collection[str], ask: Ask) -> str:
        """The query with the clause written out. Raises as :func:`written_out`."""
        self._check()
        block = self._at + 1
        end = self._end(self._close_of(block))
        question = self._question(text)
        look(question, hosts, online=True)
        if any(_word(token).endswith(VOLATILE) for token in tokens(question)):
            raise self._refused(
                "kan ikke findes ved hjælp af NOW, RAND, UUID, STRUUID eller BNODE."
            )
        values = list(islice(ask(question), MOST + 1))
        if len(values) > MOST:
            raise self._refused(f"har mere end {MOST} forskellige værdier.")
        addresses = sorted(self._address(value, hosts) for value in values)
        each = [
            f"{{ SERVICE{self._silent} {address} {self._block(text, number)} "
            f"VALUES {self._variable} {{ {address} }} }}"
            for number, address in enumerate(addresses)
        ]
        if not each:
            # Nobody is asked, and the variables of the block are still those of the query.
            none = f"VALUES {self._variable} {{ }}"
            each = [f"{{ SERVICE SILENT <urn:nowhere> {self._block(text, 0)} {none} }}"]
        begin = self._all[self._begin].start
        return f"{text[:begin]}{' UNION '.join(each)}{text[end:]}"

    def _check(self) -> None:
        """Raise Problem where the clause cannot be written out."""
        block = self._at + 1
        group = self._opened and self._all[self._opened[-1]].text == "{"
        if not group or block >= len(self._all) or self._all[block].text != "{":
            raise self._unreadable("skal stå i en gruppe, og efter den en gruppe i { }")
        for token, following in pairwise(self._all):
            joined = None
            if token.kind == "word" and _word(token) not in QUERY_KINDS:
                joined = _JOINED_WORD.match(token.text)
            # A name can begin so; one that a bracket follows, or outside all, is a keyword first.
            elif token.kind == "name" and (following.text in ("{", "(") or not token.depth):
                joined = _JOINED_NAME.match(token.text)
            if joined:
                raise self._unreadable(
                    f"kræver et mellemrum efter {joined[1]} (i {token.text[:80]})"
                )
        for at in self._opened:
            before = [_word(token) for token in self._all[max(0, at - 3) : at]]
            if "GRAPH" in before or "SERVICE" in before:
                raise self._refused("kan ikke stå inden i GRAPH eller i en anden SERVICE.")

    def _block(self, text: str, number: int) -> str:
        """What is asked; a blank node of one copy is another one than that of the next."""
        begin, end = self._at + 1, self._close_of(self._at + 1)
        written, done = "", self._all[begin].start
        for token in self._all[begin:end]:
            if number and token.kind == "blank":
                written += f"{text[done : token.start]}{token.text}-{number}"
                done = token.start + len(token.text)
        return written + text[done : self._end(end)]

    def _question(self, text: str) -> str:
        """The query for what the variable comes to: what stands before it in its group.

        Filters of the group are left out, for they may be about what comes after.
        """
        named = " ".join(
            text[each.first.start : each.iri.start] + each.iri.text for each in clauses(self._all)
        )
        left, done = "", self._end(self._opened[-1])
        for first, last in self._filters():
            left += text[done : self._all[first].start] + "\n"
            done = self._end(last)
        left += text[done : self._all[self._begin].start]
        begin = prologue(text, self._all)
        return f"{begin}\nSELECT DISTINCT {self._variable} {named} WHERE {{ {left}\n}}"

    def _filters(self) -> Iterator[tuple[int, int]]:
        """The first and the last terminal of each filter of the group before the clause."""
        at, depth = self._opened[-1] + 1, self._all[self._begin].depth
        while at < self._begin:
            token, first = self._all[at], at
            if _word(token) == "FILTER" and token.depth == depth:
                at = next(n for n in range(at, len(self._all)) if self._all[n].kind == "open")
                at = self._close_of(at)
                yield first, at
            at += 1

    def _address(self, value: object, hosts: Collection[str]) -> str:
        """A value of the variable as an address that may be asked."""
        if value is None:
            raise self._refused("skal have fået en værdi i samme gruppe, før SERVICE står der.")
        written = f"<{value.value}>" if isinstance(value, ox.NamedNode) else ""
        read = list(tokens(written))
        if len(read) != 1 or not is_at(read[0], hosts):
            allowed = ", ".join(sorted(hosts))
            problem = self._refused(
                f"må kun være adresser hos {allowed}, men er {str(value)[:200]}."
            )
            problem.more["hosts"] = sorted(hosts)
            raise problem
        return written

    def _end(self, at: int) -> int:
        return self._all[at].start + len(self._all[at].text)

    def _close_of(self, at: int) -> int:
        """Which terminal closes the bracket that opens here."""
        depth = self._all[at].depth + 1
        for later in range(at + 1, len(self._all)):
            if self._all[later].kind == "close" and self._all[later].depth == depth:
                return later
        raise self._unreadable("står i en gruppe, der ikke slutter")

    def _refused(self, why: str) -> Problem:
        return Problem("outgoing-request", f"Variablen {self._variable} efter SERVICE {why}")

    def _unreadable(self, why: str) -> Problem:
        return Problem("bad-query", f"Variablen {self._variable} efter SERVICE {why}.")


def _word(token: Token) -> str:
    return token.text.upper() if token.kind == "word" else ""
