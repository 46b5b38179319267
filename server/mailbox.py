"""Letters: POSTs to inboxes, taken before aiohttp does its part, as `server.shortcuts` does with kept answers.

Every activity that a peer sends comes this way, and aiohttp's parser, two tasks, request, router and response cost as
much as checking its signature. What is taken is only what can be understood in one way: the whole request in one piece,
HTTP/1.1, one of the inboxes without a query, one length, one host which is ours, headers of visible ASCII without any
that changes what the others mean. Whatever else comes (`read` gives None) goes the long way and is judged there, so
that nothing is refused here. Sizes are below every limit of the long way.

What happens around every request happens here too: the id, the figures, the line in the log, the answer to whatever
goes wrong. The head of an answer is written by the application's own signals, that of the common one once.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from aiohttp import EMPTY_PAYLOAD, HttpVersion11, web
from aiohttp.http import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from inbox.routes import inbox_of
from keys.requests import HttpMessage
from models.addresses import LocalAddresses
from server.logs import LogContext
from server.middlewares import log_access, problem_for
from server.problems import problem_response
from server.proxies import Front
from server.shortcuts import last_lines
from server.traffic import Traffic, class_of

START: Final = b"POST "
ACCEPTED: Final = 202
CLOSE: Final = b"Connection: close\r\n"
MOST_LINES: Final = 100
# A request line as peers write it, then lines of a token, a colon and visible ASCII (RFC 9110 §5.1, §5.5).
_HEAD: Final = re.compile(
    r"POST (/[A-Za-z0-9/]{1,64}) HTTP/1\.1\r\n((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e]*\r\n)+)\r\n"
)
_LENGTH: Final = re.compile(r"[1-9][0-9]{0,8}")
# With one of these a request is another one than it looks like, or wants another answer.
_UNUSUAL: Final = frozenset({"content-encoding", "expect", "te", "trailer", "transfer-encoding", "upgrade"})

Take = Callable[[HttpMessage, int], Awaitable[web.Response]]


class Letter(NamedTuple):
    """A POST to an inbox as it came from `remote`, in the shape that `server.proxies` asks for."""

    remote: str
    raw_path: str
    headers: CIMultiDict[str]
    lines: list[tuple[str, str]]
    inbox_id: int
    body: bytes


class Mailbox:
    """The way of letters into one application. `take` judges one and says what is answered, `addresses` are what we are
    reached under, and a body of `max_body_bytes` is for the long way to judge."""

    def __init__(
        self,
        app: web.Application,
        front: Front,
        traffic: Traffic,
        take: Take,
        *,
        addresses: LocalAddresses,
        max_body_bytes: int,
    ) -> None:
        self._app = app
        self._front = front
        self._traffic = traffic
        self._take = take
        self._addresses = addresses
        self._max_body_bytes = max_body_bytes
        self._accepted: bytes | None = None  # the head of the common answer
        self._under_way = 0
        self._is_empty = asyncio.Event()
        self.is_open = True
        self.letters = 0

    def read(self, peer: str, data: bytes, end: int) -> Letter | None:
        """The letter in these bytes, whose head ends at `end`; None when it has to go the long way."""
        try:
            found = _HEAD.fullmatch(data[:end].decode("ascii"))
        except UnicodeDecodeError:
            return None
        inbox_id = None if found is None else inbox_of(found[1])
        if found is None or inbox_id is None or not self.is_open:
            return None
        lines = [_line(text) for text in found[2].split("\r\n")[:-1]]
        letter = Letter(peer, found[1], CIMultiDict(lines), lines, inbox_id, data[end:])
        is_small = len(lines) <= MOST_LINES and len(letter.body) < self._max_body_bytes
        return letter if is_small and _is_plain(letter) and self._front.sender(letter) is not None else None

    async def answer(self, letter: Letter, protocol: web.RequestHandler) -> bytes:
        """Take a letter; what its sender is told, as bytes of HTTP."""
        started = time.perf_counter()
        self._under_way += 1
        self.letters += 1
        request_id = self._front.request_id(letter)
        try:
            with LogContext(request_id):
                response = await self._taken(letter, request_id)
                seconds = time.perf_counter() - started
                self._traffic.add(class_of(letter.raw_path), response.status, seconds)
                remote = self._front.sender(letter)
                log_access(request_id, "POST", letter.raw_path, response.status, seconds, remote)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._is_empty.set()
        head, body = await self._head(letter, response, protocol), response.body
        close = b"" if self.is_open else CLOSE
        return b"".join((head, close, last_lines(request_id), body if isinstance(body, bytes) else b""))

    async def until_empty(self) -> None:
        """Wait until every letter that came in is judged."""
        while self._under_way:
            self._is_empty.clear()
            await self._is_empty.wait()

    async def _taken(self, letter: Letter, request_id: str) -> web.Response:
        scheme, authority = self._addresses.scheme, self._addresses.authority
        message = HttpMessage("POST", scheme, authority, letter.raw_path, letter.lines, letter.body)
        try:
            return await self._take(message, letter.inbox_id)
        except Exception as error:
            return problem_response(letter, problem_for(error), request_id)

    async def _head(self, letter: Letter, response: web.Response, protocol: web.RequestHandler) -> bytes:
        """Status line and headers but for those of the moment, as the application's signals have them."""
        if response.status == ACCEPTED and self._accepted is not None:
            return self._accepted
        await self._app.on_response_prepare.send(_request(letter, protocol), response)
        body = response.body if isinstance(response.body, bytes) else b""
        response.headers["Content-Length"] = str(len(body))
        lines = "".join([f"{name}: {value}\r\n" for name, value in response.headers.items()])
        head = f"HTTP/1.1 {response.status} {response.reason}\r\n{lines}".encode()
        if response.status == ACCEPTED:
            self._accepted = head
        return head


# Where the server finds that of an application.
MAILBOX: Final = web.AppKey("mailbox", Mailbox)


def _line(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name, value.strip(" \t")


def _is_plain(letter: Letter) -> bool:
    """Whether the letter is all of the request, and there is nothing more to it."""
    headers = letter.headers
    lengths = headers.getall("Content-Length", [])
    return (
        len(lengths) == 1
        and _LENGTH.fullmatch(lengths[0]) is not None
        and int(lengths[0]) == len(letter.body)
        and headers.get("Connection", "keep-alive").lower() == "keep-alive"
        and len(headers.getall("Connection", [])) < 2
        and _UNUSUAL.isdisjoint([name.lower() for name, _ in letter.lines])
    )


def _request(letter: Letter, protocol: web.RequestHandler) -> web.Request:
    """The letter as aiohttp would have read it, for signals; its body was read."""
    url, headers = URL.build(path=letter.raw_path), CIMultiDictProxy(letter.headers)
    message = RawRequestMessage("POST", letter.raw_path, HttpVersion11, headers, (), False, None, False, False, url)
    nobody: Any = None
    return web.Request(message, EMPTY_PAYLOAD, protocol, nobody, nobody, asyncio.get_running_loop())
