"""Read a request of the SPARQL protocol: its parameters, wherever they stand, and its body.

Source: SPARQL 1.1 Protocol, sections 2.1 and 2.2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from urllib.parse import unquote_plus

import pyoxigraph as ox
from starlette.requests import ClientDisconnect, Request

from graph_service.api.problems import Problem
from graph_service.api.request import MOST_PARAMETERS
from graph_service.sparql.guard import MAX_LENGTH, check_length
from graph_service.sparql.streaming import ClientGone
from graph_service.wording import seconds, size

Read = TypeVar("Read")
FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
#: Bytes of a body: every character as four bytes, each written %XX.
MAX_BODY = MAX_LENGTH * 12
#: Parameters that are long texts, and those that name graphs; with them, those that mean something.
TEXTS = ("query", "update")
GRAPHS = ("default-graph-uri", "named-graph-uri", "using-graph-uri", "using-named-graph-uri")
NAMES = frozenset((*TEXTS, *GRAPHS, "format"))
#: Characters of a name that may be one of them, each written %XX, and of an address or a format.
LONGEST_NAME = 3 * max(map(len, NAMES))
LONGEST_IRI = 24_000
#: Characters from which on a text is read beside the event loop.
LONG = 5000
#: Longest time in seconds that a client may take to send a body.
BODY_SECONDS = 30.0


@dataclass
class Call:
    """What a client asks for. The lists hold IRIs as given.

    Attributes:
        query, update: the text, or None when the parameter is not there.
        format: ``?format=``, or empty.
    """

    query: str | None = None
    update: str | None = None
    format: str = ""
    default_graphs: list[str] = field(default_factory=list)
    named_graphs: list[str] = field(default_factory=list)
    using_graphs: list[str] = field(default_factory=list)
    using_named_graphs: list[str] = field(default_factory=list)

    @property
    def dataset(self) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
        """Default and named graphs that the protocol names, or None twice (section 2.1.4)."""
        if not self.default_graphs and not self.named_graphs:
            return None, None
        return tuple(self.default_graphs), tuple(self.named_graphs)


async def read_call(request: Request) -> Call:
    """The call that a GET, HEAD or POST makes. Unknown parameters are left alone.

    Raises:
        Problem: bad-content (not UTF-8, a parameter twice, too many, an update by GET),
            unsupported-media-type, query-too-long.
    """
    pairs = fields(request.scope.get("query_string", b""))
    if request.method != "POST":
        call = gather(pairs)
        if call.update is not None:
            raise Problem("bad-content", "En opdatering skal sendes med POST.")
        return call
    media = media_type(request)
    if media not in (FORM, QUERY, UPDATE):
        raise Problem(
            "unsupported-media-type",
            f"Send forespørgslen som {FORM}, {QUERY} eller {UPDATE}, ikke som "
            f"{media or 'indhold uden Content-Type'}.",
            headers={"Accept-Post": f"{FORM}, {QUERY}, {UPDATE}"},
        )
    body = await read_body(request, MAX_BODY)
    if media == FORM:
        return gather(pairs + await in_turn(request, len(body), partial(fields, body)))
    text = utf8(body)
    return gather([*pairs, ("query" if media == QUERY else "update", text)])


def media_type(request: Request) -> str:
    """The media type of the body, in lower case.

    Raises:
        Problem: unsupported-media-type, for a charset other than UTF-8.
    """
    media, _, parameters = request.headers.get("content-type", "").partition(";")
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset" and value.strip('" ').lower() not in ("utf-8", "utf8"):
            raise Problem("unsupported-media-type", "Send teksten som UTF-8.")
    return media.strip().lower()


async def in_turn(request: Request, length: int, work: Callable[[], Read]) -> Read:
    """What is read of a text of so many characters; of a long one beside the event loop, when it
    is its client's turn.

    Raises:
        ClientGone, Problem: as :meth:`graph_service.api.turns.Turns.come`; and what ``work`` does.
    """
    if length <= LONG:
        return work()
    done = await request.app.state.reading.come(request.scope)
    try:
        return await asyncio.to_thread(work)
    finally:
        done()


async def read_body(request: Request, limit: int) -> bytes:
    """The body.

    Raises:
        Problem: query-too-long above ``limit`` bytes; too-slow; unsupported-media-type when it is
            packed (RFC 9110, section 8.4).
        ClientGone: the client left before its end.
    """
    packed = {each.strip().lower() for each in request.headers.getlist("content-encoding")}
    if packed - {"identity", ""}:
        raise Problem(
            "unsupported-media-type",
            "Send indholdet, som det er, uden Content-Encoding.",
            headers={"Accept-Encoding": "identity"},
        )
    too_long = Problem("query-too-long", f"Indholdet må højst fylde {size(limit)}.")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise too_long
    body = bytearray()

    async def read() -> None:
        async for piece in request.stream():
            body.extend(piece)
            if len(body) > limit:
                raise too_long

    try:
        await asyncio.wait_for(read(), BODY_SECONDS)
    except TimeoutError:
        raise Problem(
            "too-slow",
            f"Indholdet kom ikke inden for {seconds(BODY_SECONDS)}. Send det igen.",
            headers={"Connection": "close"},
        ) from None
    except ClientDisconnect:
        raise ClientGone from None
    return bytes(body)


def fields(encoded: bytes, names: Collection[str] = NAMES) -> list[tuple[str, str]]:
    """Those of URL-encoded parameters that have one of some names, with their values.

    Others are not decoded, for that takes long.

    Raises:
        Problem: bad-content, query-too-long.
    """
    parts = utf8(encoded).split("&", MOST_PARAMETERS)
    if len(parts) > MOST_PARAMETERS:
        raise Problem("bad-content", f"Højst {MOST_PARAMETERS} parametre.")
    found = []
    for part in parts:
        name, _, value = part.partition("=")
        if not part or len(name) > LONGEST_NAME or (name := unquote_plus(name)) not in names:
            continue
        # No character takes more than four escapes, and what is no escape is a character.
        if value.count("%") > 4 * MAX_LENGTH or (name not in TEXTS and len(value) > LONGEST_IRI):
            check_length(len(value))
            raise Problem("bad-content", f"Parameteren {name} er for lang.")
        try:
            found.append((name, unquote_plus(value, errors="strict")))
        except UnicodeDecodeError:
            raise Problem("bad-content", "Parametrene er ikke UTF-8.") from None
    return found


def utf8(data: bytes) -> str:
    """The text of bytes. Raises Problem bad-content when they are not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(
            "bad-content", f"Byte {error.start + 1} og frem er ikke UTF-8. Gem teksten som UTF-8."
        ) from None


def iri(text: str) -> str:
    """A text that is an IRI. Raises Problem bad-content when it is none."""
    try:
        return ox.NamedNode(text).value
    except ValueError:
        raise Problem("bad-content", f"{text[:200]!r} er ikke en IRI.") from None


def gather(pairs: list[tuple[str, str]]) -> Call:
    """The call that parameters make.

    Raises:
        Problem: bad-content, query-too-long.
    """
    call = Call()
    lists = {
        "default-graph-uri": call.default_graphs,
        "named-graph-uri": call.named_graphs,
        "using-graph-uri": call.using_graphs,
        "using-named-graph-uri": call.using_named_graphs,
    }
    for name, value in pairs:
        if name in ("query", "update"):
            if getattr(call, name) is not None:
                raise Problem("bad-content", f"Parameteren {name} må kun være der én gang.")
            check_length(len(value))
            setattr(call, name, value)
        elif name == "format":
            call.format = value
        elif name in lists and value:
            lists[name].append(value)
    if call.query is not None and call.update is not None:
        raise Problem("bad-content", "Send enten query eller update, ikke begge.")
    if call.update is not None and (call.default_graphs or call.named_graphs):
        raise Problem(
            "bad-content",
            "En opdatering vælger grafer med using-graph-uri og using-named-graph-uri.",
        )
    if call.query is not None and (call.using_graphs or call.using_named_graphs):
        raise Problem(
            "bad-content",
            "En forespørgsel vælger grafer med default-graph-uri og named-graph-uri.",
        )
    for value in (*call.default_graphs, *call.named_graphs):
        iri(value)
    return call
