"""One connection on which requests are answered, one after the other, with no more machinery than that takes.

aiohttp's client costs more than a signature with Ed25519 and the database's part of a delivery together, because a
request and a response become a dozen objects. Here a request is bytes, and an answer is a status, its headers and a
body in memory; llhttp reads it, by way of httptools.

To a POST it promises an `Answer` once there is a status, also when the body is longer than `MAX_ANSWER_BYTES`,
unreadable, broken off or late: the other side has acted by then. To a GET the answer is whole or none, but for that
which leads elsewhere: its body isn't waited for. The connection is usable again only after an answer that ended where
HTTP says it does.

On failure: `ConnectionEnded` (nothing readable came before the end), `AnswerLate`, `AnswerRefused`, `AnswerTooLarge`.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from multidict import CIMultiDict

from federation.client.response_body import ACCEPT_ENCODING, BodyDecoder, BodyTooLarge, BodyUnreadable
from federation.client.url_rules import CheckedUrl

MAX_ANSWER_BYTES: Final = 65_536  # what is kept of the answer to a POST
MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 8_190
_MAX_HEAD_BYTES: Final = 65_536
_SWITCHING_PROTOCOLS: Final = 101
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class ConnectionEnded(Exception):
    """The connection is over, and there was no answer."""


class AnswerLate(Exception):
    """The time is over, and there was no answer."""


class AnswerRefused(Exception):
    """What came is no HTTP that we read; the message says why."""


class AnswerTooLarge(AnswerRefused):
    """The body is larger than what was asked for may be."""


def written(target: CheckedUrl, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """A POST of `body`, or a GET without one, as it goes over the wire; `Host` may be among the headers.

    Raises ValueError for a header of two lines.
    """
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if "Host" not in headers:
        lines.append(f"Host: {target.domain}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1 or "\0" in head:
        raise ValueError("a header is one line")
    if body is None:
        return f"GET {target.target} HTTP/1.1\r\n{head}\r\nAccept-Encoding: {ACCEPT_ENCODING}\r\n\r\n".encode()
    return (
        f"POST {target.target} HTTP/1.1\r\n{head}\r\nAccept: */*\r\nAccept-Encoding: {ACCEPT_ENCODING}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class Answer:
    """An answer, with at most `max_bytes` of a body. `body` is what could be decoded of it."""

    __slots__ = ("_decoder", "_max_bytes", "headers", "status")

    def __init__(self, max_bytes: int = MAX_ANSWER_BYTES) -> None:
        self.status = 0
        self.headers: CIMultiDict[str] = CIMultiDict()
        self._max_bytes = max_bytes
        self._decoder: BodyDecoder | None = None

    @property
    def body(self) -> bytes:
        return b"" if self._decoder is None else self._decoder.partial()

    def feed(self, chunk: bytes) -> None:
        """Take a piece of the body. Raises BodyTooLarge or BodyUnreadable."""
        if self._decoder is None:
            self._decoder = BodyDecoder(self.headers.get("Content-Encoding", ""), self._max_bytes)
        self._decoder.feed(chunk)

    def check_announced(self) -> None:
        """Raises BodyTooLarge when the headers say so already."""
        length = self.headers.get("Content-Length", "")
        if "Content-Encoding" not in self.headers and length.isdecimal() and int(length[:20]) > self._max_bytes:
            raise BodyTooLarge

    def check_whole(self) -> None:
        """Raises BodyUnreadable when the body could only be decoded in part."""
        if self._decoder is not None:
            self._decoder.finish()

    @property
    def leads_elsewhere(self) -> bool:
        """Whether it is a redirect."""
        return self.status in REDIRECTS and "Location" in self.headers

    @property
    def ends_with_connection(self) -> bool:
        """Whether nothing else tells where the body ends (RFC 9112 §6.3)."""
        return "Content-Length" not in self.headers and "Transfer-Encoding" not in self.headers


class Connection(asyncio.Protocol):
    """An open connection; `is_usable` tells whether the next request may go over it."""

    def __init__(self) -> None:
        self.is_usable = False
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        # What servers of this field are known to send: aiohttp's client, which reads their documents, takes it too.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._waiter: asyncio.Future[Answer] | None = None
        self._max_bytes, self._is_whole = MAX_ANSWER_BYTES, False
        self._answer = Answer()
        self._complete: Answer | None = None
        self._head_bytes = 0
        self._has_head = self._may_stay = False
        self._refusal: AnswerRefused | None = None

    async def ask(self, request: bytes, deadline: float, whole_bytes: int | None = None) -> Answer:
        """Send a whole request and wait for its answer, until `deadline` by the loop's clock.

        `whole_bytes`: the answer is wanted whole, and may have so many.
        """
        if self._transport is None:
            raise ConnectionEnded
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Answer] = loop.create_future()
        self._waiter = waiter
        self._max_bytes, self._is_whole = whole_bytes or MAX_ANSWER_BYTES, whole_bytes is not None
        self._answer = Answer(self._max_bytes)
        self.is_usable = False
        self._transport.write(request)
        timer = loop.call_at(deadline, self._run_out)
        try:
            return await waiter
        finally:
            timer.cancel()
            self._waiter = self._complete = None

    def close(self) -> None:
        """End it now; whatever is still coming is of no interest."""
        self.is_usable = False
        if self._transport is not None:
            self._transport.abort()

    def _settle(self, failure: Exception) -> None:
        """Give whoever waits the answer as far as it has come, or else the failure."""
        if self._waiter is None or self._waiter.done():
            return
        answer = self._complete or (self._answer if self._has_head and not self._is_whole else None)
        if answer is None:
            self._waiter.set_exception(failure)
        else:
            self._waiter.set_result(answer)

    def _run_out(self) -> None:
        self._settle(AnswerLate())
        self.close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.is_usable = True

    def connection_lost(self, exc: Exception | None) -> None:
        del self._parser  # it holds us: a circle would be there until the collector looks
        self._transport = None
        self.is_usable = False
        if not (self._is_whole and self._has_head):
            self._settle(ConnectionEnded())
            return
        self._refusal = AnswerRefused("not a readable HTTP response: the body breaks off")
        if exc is None and self._answer.ends_with_connection:
            self._refusal = None
            self._end_body()
        self._settle(self._refusal or ConnectionEnded())

    def data_received(self, data: bytes) -> None:
        if self._waiter is None or self._complete is not None:
            self.close()  # nobody asked for this
            return
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._refusal = self._refusal or AnswerRefused("it switches to another protocol")
        except HttpParserError as error:
            self._refusal = self._refusal or AnswerRefused(f"not a readable HTTP response: {type(error).__name__}")
        if not self._has_head and self._complete is None and self._refusal is None:
            self._head_bytes += len(data)
            if self._head_bytes > _MAX_HEAD_BYTES:
                self._refusal = AnswerRefused("the headers are larger than allowed")
        if self._refusal is not None:
            self._settle(self._refusal)
            self.close()
        elif self._complete is not None and not self._waiter.done():
            self.is_usable = self._may_stay
            self._waiter.set_result(self._complete)
        elif self._has_head and self._is_whole and self._answer.leads_elsewhere and not self._waiter.done():
            self._waiter.set_result(self._answer)
            self.close()

    # What httptools calls

    def on_message_begin(self) -> None:
        if self._complete is not None:
            self._refusal = AnswerRefused("it says more than it was asked")

    def on_header(self, name: bytes, value: bytes) -> None:
        headers = self._answer.headers
        if len(headers) >= MAX_HEADERS or len(name) + len(value) > MAX_HEADER_BYTES:
            self._refusal = AnswerRefused("there are more or longer headers than allowed")
            return
        headers.add(name.decode("latin-1"), value.decode("utf-8", "surrogateescape").strip(" \t"))

    def on_headers_complete(self) -> None:
        self._answer.status = self._parser.get_status_code()
        is_final = self._answer.status >= 200 or self._answer.status == _SWITCHING_PROTOCOLS
        self._has_head = is_final and self._refusal is None
        if self._has_head and self._is_whole and not self._answer.leads_elsewhere:
            self._try(self._answer.check_announced)

    def on_body(self, body: bytes) -> None:
        if self._refusal is None and not (self._is_whole and self._answer.leads_elsewhere):
            self._try(partial(self._answer.feed, body))

    def on_message_complete(self) -> None:
        if self._has_head:
            self._may_stay = self._parser.should_keep_alive()
            self._end_body()
        # After 100 and its like the answer is still to come.
        self._answer, self._has_head, self._head_bytes = Answer(self._max_bytes), False, 0

    def _end_body(self) -> None:
        """The answer is there, unless it is wanted whole and isn't."""
        if self._is_whole and self._refusal is None:
            self._try(self._answer.check_whole)
        if self._refusal is None or not self._is_whole:
            self._complete = self._answer

    def _try(self, step: Callable[[], None]) -> None:
        """Take a step with the body, or note why not."""
        try:
            step()
        except BodyTooLarge:
            self._refusal = AnswerTooLarge("the body is larger than allowed")
        except BodyUnreadable as error:
            self._refusal = AnswerRefused(str(error))
