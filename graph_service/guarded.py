"""uvicorn's HTTP/1.1 protocol within the limits of :mod:`graph_service.connections`.

Sources: RFC 9112 (HTTP/1.1), sections 2.2, 3, 6.1, 7.1.2, 9 and 9.6; RFC 9110, sections 8.6 and
15.5.14 (413); RFC 6585, section 5 (431).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from urllib.parse import unquote

import httptools
import uvicorn
from starlette.types import Message, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from graph_service.api import at_once
from graph_service.api.at_once import Header, Whole
from graph_service.api.problems import RETRY_AFTER
from graph_service.connections import BUSY, IDLE, WAITING, Connection, Limits, Register

log = logging.getLogger("ansvarsgraf")

HEADERS_TOO_LONG = "Forespørgslens hoveder er for lange eller for mange."
#: Most bytes that are copied to be sent together with others.
TOGETHER = 32 * 1024
#: Bytes that are read at once. asyncio asks for 256 KB each time, for which the system maps memory
#: and unmaps it again: 12 µs of a request.
READ = 64 * 1024
#: Lines of headers (RFC 9110, sections 5.1 and 5.5).
HEADERS = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\x00-\x08\n-\x1f\x7f]*\r\n)*")
#: How an answer begins that refuses a request.
REFUSAL = b"HTTP/1.1 4"
VERSIONS = ("1.0", "1.1")
BODY_TOO_LARGE = "Indholdet er for stort."


class Together:
    """A transport that sends what is written in one turn of the event loop at once.

    An answer is written as head and body: in two pieces, each wakes the client and costs the
    system's way from one process to the other, 0.1 of the 0.5 ms of a small answer. And it reads
    when neither who wants no more for now nor :meth:`hold` has it wait.

    Args:
        transport: what sends.
        loop: its event loop.
        refused: is told of each answer that refuses a request.
        closes: is told when it closes, which uvicorn does by itself where an answer breaks off;
            True where the client may still be sending. It is then heard to its end, or to
            :meth:`finish`, for one that is closed in the face of what it sends reads no answer.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        refused: Callable[[], None],
        closes: Callable[[], bool],
    ) -> None:
        self._transport, self._loop = transport, loop
        self._refused, self._closes = refused, closes
        self._held, self._ended = b"", False
        self._paused, self._until = False, 0.0
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send with what comes next, at the latest when this turn ends."""
        if self._ended:
            return
        if data.startswith(REFUSAL):
            self._refused()
        if len(data) > TOGETHER:
            self._send()
            self._transport.write(data)
        elif self._held:
            self.send(data)
        elif data:
            self._held = data
            self._loop.call_soon(self._send)

    def send(self, data: bytes) -> None:
        """Send now, with what waits for this turn to end."""
        held, self._held = self._held, b""
        self._transport.write(held + data if held else data)

    def pause_reading(self) -> None:
        """Read nothing more until :meth:`resume_reading`."""
        self._paused = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again, when it is not held."""
        self._paused = False
        self._read_on()

    def hold(self, seconds: float) -> None:
        """Read nothing more for so long; what was read goes on."""
        until = self._loop.time() + seconds
        if until > self._until:
            self._until = until
            self._transport.pause_reading()
            self._loop.call_at(until, self._read_on)

    def _read_on(self) -> None:
        # The loop is as much as its clock's resolution early.
        if not self._paused and self._loop.time() > self._until - 0.001:
            self._transport.resume_reading()

    def close(self) -> None:
        """Write no more, and close when all is sent and the client is heard to its end."""
        if self._ended:
            return
        self._send()
        self._ended = True
        self.is_closing = lambda: True
        if not self._closes() or not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
        except OSError:
            # The client has reset it already, which nobody has read.
            self._transport.abort()
        else:
            self.resume_reading()

    def finish(self) -> None:
        """Close when all is sent."""
        self._transport.close()

    def _send(self) -> None:
        held, self._held = self._held, b""
        if held:
            self._transport.write(held)


class Guarded(HttpToolsProtocol):
    """One connection within limits; made by :func:`guarded`."""

    register: ClassVar[Register]
    address = ""
    state = WAITING
    said_something = False
    #: What had its place until something was said.
    former: Connection
    _header = 0
    _raw = 0
    _body = 0
    _ahead = 0
    _too_long = False
    _too_large = False
    _complete = True
    _hosts = 0
    _has_body = _in_headers = False
    #: The request that is being answered; uvicorn's ``cycle`` is the last that was read.
    _running: Any = None
    #: What is refused when the answers before it are sent: status, words, limit; and whether
    #: something was refused before its end.
    _refusal: tuple[int, str, str] | None = None
    _cut_short = False
    #: What was read last, and whether it asks for another protocol.
    _read, _upgrades = b"", False
    #: Whether nothing was offered yet of what was read last; whether a request is to be at its end.
    _fresh = _offered = False

    def __init__(self, config: uvicorn.Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._at_once = at_once.of(self.app)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.max_size = READ  # type: ignore[attr-defined]
        self._together = Together(transport, self.loop, self._refused, self._closes)
        super().connection_made(self._together)  # type: ignore[arg-type]
        self.address = self.former.address
        self.register.succeeds(self, self.former)
        del self.former

    def _closes(self) -> bool:
        self._tell_application()
        self.state = IDLE
        self.register.closes(self)
        if lingers := self._cut_short or self._refusal is not None or not self._complete:
            self.register.lingers(self)
        return lingers

    def _refused(self) -> None:
        if seconds := self.register.refused(self.address):
            self._together.hold(seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self.register.leave(self)
        super().connection_lost(exc)
        self._tell_application()

    def _tell_application(self) -> None:
        """Nothing more that it sends arrives."""
        running = self._running
        if running is not None and not running.response_complete:
            running.disconnected = True
            running.message_event.set()

    def data_received(self, data: bytes) -> None:
        before, size = self.state, len(data)
        if self.transport.is_closing():
            self._drop(size)
            return
        self.said_something = self._fresh = True
        if before != BUSY:
            self._header += size
        elif self._complete:
            self._ahead += size
        else:
            self._raw += size
        if self._refusal:
            # The parser has come to its end; the client may leave, and may not send for ever.
            self._bound_ahead("body_bytes")
            return
        self._read = data
        super().data_received(data)
        self._read = b""
        if self.transport.is_closing():
            return
        if self.state == BUSY:
            self._bound_body()
        elif self._header > self.register.limits.header_bytes:
            self._refuse(431, HEADERS_TOO_LONG, "header_bytes")
        elif self.state == IDLE and (self._fresh or self._in_headers):
            self.state = WAITING
            self.register.waits(self)

    def eof_received(self) -> None:
        # The transport closes by itself then, and tells nobody before all is taken.
        self.transport.close()

    def _drop(self, size: int) -> None:
        """Hear a client to its end that is answered already, if it is no longer than a body."""
        self._ahead += size
        if self._ahead > self.register.limits.body_bytes:
            self.finish()

    def finish(self) -> None:
        """Hear nothing more on a connection that closes."""
        self._together.finish()

    def _bound_ahead(self, limit: str) -> None:
        """Close when what comes behind a whole request is too long: for headers of the next, which
        are no more bounded in time than its answer, or for what is refused."""
        if self._ahead > getattr(self.register.limits, limit):
            self._cut_short = True
            self.register.close_softly(self, limit)

    def _bound_body(self) -> None:
        """Close when a body, or what is wrapped around it, is too large."""
        if self._complete:
            self._bound_ahead("header_bytes")
            return
        wrapping = self._raw - self._body
        if self._body > self.register.limits.body_bytes or wrapping > self._body + 1024**2:
            self._refuse(413, BODY_TOO_LARGE, "body_bytes")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._raw = self._body = self._hosts = 0
        self._has_body, self._in_headers = False, True

    def on_url(self, url: bytes) -> None:
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._grow(len(name) + len(value) + 4)
        # What stands behind a body is no header of the request (RFC 9110, section 6.5.1).
        if not self._complete:
            return
        if len(self.headers) >= self.register.limits.headers:
            self._too_long = True
            raise ValueError("too many headers")
        name = name.lower()
        if name == b"host":
            self._hosts += 1
        elif name == b"content-length":
            self._has_body = True
            if is_more(value, self.register.limits.body_bytes):
                self._too_large = True
                raise ValueError("the body is announced as too large")
        elif name == b"transfer-encoding":
            self._has_body = True
        elif name == b"expect" and value.lower() == b"100-continue":
            # RFC 9110, section 10.1.1: not so for HTTP/1.0.
            self.expect_100_continue = self.parser.get_http_version() == "1.1"
        self.headers.append((name, value))

    def _grow(self, size: int) -> None:
        self._raw += size
        if self._raw > self.register.limits.header_bytes and self._body == 0:
            self._too_long = True
            raise ValueError("headers are too long")

    def on_headers_complete(self) -> None:
        if self.transport.is_closing():
            raise ValueError("nothing more is answered on this connection")
        version = self.parser.get_http_version()
        # Two Host lines would be one for the answer and another for whoever keeps it.
        if version not in VERSIONS or self._hosts > 1 or (not self._hosts and version == "1.1"):
            raise ValueError("not HTTP/1, or not one Host")
        if self.parser.get_method() == b"CONNECT":
            raise ValueError("what follows would be of another protocol")
        if not self.url.startswith(b"/"):
            self.url = with_path(self.url)
        self._upgrades = self.parser.should_upgrade()
        if self._upgrades:
            return
        self._header = self._raw = self._ahead = 0
        self._complete = self._in_headers = False
        self.state = BUSY
        self.register.heard(self)
        if not self._has_body and self._fresh and self._answered_all():
            # One in what is read at a time: who sends many together waits for the others' turns.
            self._fresh, self._offered = False, True
            return
        self._go_on()

    def _go_on(self) -> None:
        """Have uvicorn hand the request to the application, now or when its turn comes."""
        super().on_headers_complete()
        cycle: Any = self.cycle
        if self.scope["http_version"] < "1.1":
            cycle.send = held(self.scope["method"], cycle.send)
        self.scope["state"]["gone"] = lambda: cycle.disconnected
        if len(self.pipeline) > self.register.limits.pipelined:
            self.register.close(self, "pipelined")

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        if cycle is self.cycle and self._has_body and not self._complete:
            # Nothing is read while a request waits behind another.
            self.register.sends(self, True)
        super()._start_asgi_task(cycle, app)

    def _unsupported_upgrade_warning(self) -> None:
        """Read on as if another protocol were not asked for (RFC 9110, section 7.8).

        The parser takes what stands behind such headers for that protocol. So another parser is
        given the headers without those that ask for it, and what was not read yet: Java's client
        asks for HTTP/2 with each request over plain HTTP, and may have a body in it.
        """
        stopped = sys.exception()
        assert isinstance(stopped, httptools.HttpParserUpgrade)
        version = self.parser.get_http_version().encode()
        line = b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, version)
        kept = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        rest = self._read[stopped.args[0] :]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._read = b"".join((line, *kept, b"\r\n", rest))
        super().data_received(self._read)

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._upgrades:
            return
        self._complete = True
        self._ahead = 0
        if self._has_body:
            self.register.sends(self, False)
        elif self._offered:
            self._offered = False
            if self._answered():
                return
            self._go_on()
        super().on_message_complete()

    def _answered(self) -> bool:
        """Answer a whole request in this turn of the event loop, when the application can."""
        if self.flow.write_paused or self.parser.get_http_version() != "1.1":
            return False
        scope: Scope = self.scope  # type: ignore[assignment]
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["path"] = self.root_path + (unquote(path) if "%" in path else path)
        scope["raw_path"] = self.root_path.encode("ascii") + url.path
        scope["query_string"] = url.query or b""
        keep_alive = self.parser.should_keep_alive()
        try:
            whole = self._at_once(scope)
            if whole is None:
                return False
            data = written(whole, self.server_state.default_headers, keep_alive)
        except Exception:
            log.exception("no answer at once for %s", scope["path"][:200])
            return False
        self._together.send(data)
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()
        return True

    def on_response_complete(self) -> None:
        """Go on to the next request. uvicorn's own has a timer for each time between two; here
        they are watched by the register, as all else that may take too long."""
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.flow.resume_reading()
            if self.pipeline:
                self._start_asgi_task(*self.pipeline.pop())
        if not self._answered_all() or self.transport.is_closing():
            return
        if self._refusal:
            self._refuse(*self._refusal)
        elif not self._complete:
            # The rest of a body that nobody reads is not worth keeping the connection for.
            self.transport.close()
        else:
            self._header = self._ahead
            if self._in_headers:
                self.state = WAITING
                self.register.waits(self)
            else:
                self.state = IDLE
                self.register.idles(self)

    def _answered_all(self) -> bool:
        """Whether there is no request whose answer is under way, or to come."""
        return self.cycle is None or self.cycle.response_complete

    def pause_writing(self) -> None:
        super().pause_writing()
        self.register.stalls(self, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        super().resume_writing()
        self.register.flows(self)
        if self.transport.is_closing():
            self.register.closes(self)

    def send_400_response(self, msg: str) -> None:
        if self._too_long:
            self._refuse(431, HEADERS_TOO_LONG, "header_bytes")
            return
        if self._too_large:
            self._refuse(413, BODY_TOO_LARGE, "body_bytes")
            return
        self._refuse(
            400, "Forespørgslen er ikke HTTP/1.1, eller den har ikke netop én Host.", "malformed"
        )

    def _refuse(self, status: int, words: str, limit: str) -> None:
        """Answer and close, when what was asked before is answered."""
        if self.transport.is_closing():
            return
        if self._answered_all() or not (self._complete or self.pipeline):
            self.answer(status, words)
            self._cut_short = True
            self.register.close_softly(self, limit)
            return
        if not self._complete:
            # It is the last that was read, and waits for its turn.
            self.pipeline.popleft()
            self.cycle = self.pipeline[0][0] if self.pipeline else self._running
            self._complete = True
        self._refusal = status, words, limit

    def answer(self, status: int, words: str) -> None:
        """Write a short problem document from here, unless an answer is under way."""
        # This may answer the request itself, when it is its body that is refused.
        if not self._answered_all() and self.cycle.response_started:
            return
        with contextlib.suppress(OSError, RuntimeError):
            self.transport.write(problem(status, words))


def problem(status: int, words: str) -> bytes:
    """A short problem document, as an answer after which the connection closes."""
    body = b'{"type":"about:blank","title":"' + words.encode() + b'","status":%d}' % status
    head = b"HTTP/1.1 %d \r\ncontent-type: application/problem+json\r\n" % status
    if status == 503:
        head += b"retry-after: %s\r\n" % RETRY_AFTER.encode()
    tail = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body)
    return head + tail + body


#: What a connection too many is told.
TOO_MANY = problem(503, "For mange forbindelser.")


def written(whole: Whole, own: Iterable[Header], keep_alive: bool) -> bytes:
    """An answer as HTTP/1.1 has it.

    Args:
        own: headers of the server.

    Raises:
        ValueError: a header would end its line, or is no header.
    """
    headers = [*own, *whole.headers]
    lines = b"".join([b"%b: %b\r\n" % header for header in headers])
    if not HEADERS.fullmatch(lines) or lines.count(b"\n") != len(headers):
        raise ValueError("a header that is none")
    end = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
    return b"".join((STATUS_LINE[whole.status], lines, end, whole.body))


def with_path(url: bytes) -> bytes:
    """A request's target with the path that is meant where it has none (RFC 9110, section 4.2.3).

    Raises:
        httptools.HttpParserInvalidURLError: it is no address.
    """
    parsed = httptools.parse_url(url)
    if parsed.path:
        return url
    return b"/?" + parsed.query if parsed.query else b"/"


def is_more(length: bytes, limit: int) -> bool:
    """Whether a Content-Length is a number above a limit."""
    digits = length.strip().lstrip(b"0")
    return digits.isdigit() and (len(digits) > len(str(limit)) or int(digits) > limit)


def held(method: str, send: Send) -> Send:
    """A ``send`` for a client of HTTP/1.0, which knows no chunks (RFC 9112, section 6.1).

    An answer that does not say its length is kept until it is whole, and then says it: the end of
    the connection would end it too, and an answer that broke off would look like a whole one. Such
    an answer is not sent at all; the server says 500. What is large has its length already
    (:func:`graph_service.sparql.answering.answer`), so little is kept.
    """
    start: Message | None = None
    body = bytearray()

    async def sending(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = None
            known = any(name.lower() == b"content-length" for name, _ in message["headers"])
            if not known and method != "HEAD" and message["status"] not in (204, 304):
                start = message
                return
        elif start is not None:
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            length = (b"content-length", b"%d" % len(body))
            await send({**start, "headers": [*start["headers"], length]})
            start, message = None, {**message, "body": bytes(body)}
        await send(message)

    return sending


def guarded(limits: Limits) -> tuple[type[Guarded], Register]:
    """A protocol class whose connections keep these limits together, and their register."""
    register = Register(limits)
    made: Any = type("GuardedProtocol", (Guarded,), {"register": register})
    return made, register
