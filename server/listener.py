"""Connections: where kept answers are sent at once and letters are taken, and what something else than HTTP, or too
much of it, is answered.

**Kept answers** (`server.shortcuts`) are looked for first by the bytes that came, when they are one whole request and
nothing else of this connection is under way or half read; then by the request that aiohttp has read. While the database
is asked whether an answer still holds, the request waits; when more comes meanwhile, aiohttp gets all of it. A
connection knows that it is between two requests when as many bytes came as the last one had, by its head and
`Content-Length`; when it can't tell (pieces of a head, chunks, several requests at once), it doesn't try again. Every
so often a request goes the long way, from which aiohttp sees that the connection is alive.

**Letters**, POSTs to inboxes (`server.mailbox`), are looked for in the same moments. What comes while one is judged
waits, unread but for the first piece: answers keep their order, and nobody fills our memory.

**What can't be read** reaches no middleware: aiohttp answers it by itself, in plain text with a part of what came, and
logs a traceback. Here everybody gets JSON, and the log one line: whoever sends nonsense can't fill it.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

import structlog
from aiohttp import ClientConnectionResetError, web
from aiohttp.http import HttpProcessingError

from server.mailbox import MAILBOX, START, Letter, Mailbox
from server.shortcuts import SHORTCUT, Shortcut

_BODY: Final = b'{"error":"The request can\'t be read: it is no HTTP, too long a line, or expects what nobody does"}'

END: Final = b"\r\n\r\n"
LONGEST: Final = 8_190
NEVER: Final = sys.maxsize
# After these the length of a request, or what follows it, is another matter.
ODD: Final = frozenset({"expect", "transfer-encoding", "upgrade"})

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)


class Connection(web.RequestHandler):
    """One connection of a client."""

    __slots__ = (
        "_asked", "_fed_bytes", "_head_bytes", "_held", "_is_between", "_letter", "_mailbox", "_peer", "_quick_until",
        "_request_data", "_shortcut",
    )  # fmt: skip

    def __init__(self, manager: web.Server, shortcut: Shortcut | None, mailbox: Mailbox | None, **more: Any) -> None:
        super().__init__(manager, **more)
        self._shortcut = shortcut
        self._mailbox = mailbox
        self._letter: asyncio.Task[None] | None = None  # the one that is judged
        self._held = b""  # what came meanwhile
        self._asked: bytes | None = None  # a request that waits for the database to tell whether its answer holds
        self._is_between = True
        self._head_bytes = self._fed_bytes = 0
        self._request_data: bytes | None = None
        self._quick_until = 0.0
        self._peer: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From whom the connection comes: an address, if it is one of the network's."""
        super().connection_made(transport)
        self._peer = self.peername[0] if isinstance(self.peername, tuple) else None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nobody is there to be answered."""
        self._asked = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Answer at once, take a letter, or have aiohttp read it."""
        if self._letter is not None:
            self._hold(data)
            return
        if self._asked is not None:  # who doesn't wait for the answer is answered in turn, by aiohttp
            asked, self._asked = self._asked, None
            self._read(asked)
        if not self._is_between:
            self._read(data)
        elif _is_whole(data):
            if not self._is_found(data):
                self._asked = None
                self._read(data)
        elif not self._has_taken(data, data.find(END) + len(END)):
            self._read(data)

    def _read(self, data: bytes) -> None:
        """Have aiohttp read it."""
        self._request_data = None
        if self._is_between:
            self._is_between = False
            end = data.find(END) + len(END)
            # A line that ends otherwise could be an end of the head too.
            is_clear = end > len(END) and data.count(b"\n", 0, end) == data.count(b"\r\n", 0, end)
            self._head_bytes = end if is_clear else NEVER
            self._fed_bytes = 0
            self._request_data = data if _is_whole(data) else None
        self._fed_bytes += len(data)
        super().data_received(data)

    def _is_found(self, data: bytes) -> bool:
        """Have the request wait until it is known whether its kept answer is right, if there is one; not that of
        somebody who doesn't read, and not for ever."""
        if self._shortcut is None or self._peer is None or self.transport is None:
            return False
        if self._loop.time() > self._quick_until or self.transport.get_write_buffer_size():
            return False
        self._asked = data
        return self._shortcut.find(self._peer, data, self)

    def waits_for(self, data: bytes) -> bool:
        """Whether this request waits, and nothing came meanwhile."""
        return self._asked is data

    def go_on(self, answer: bytes | None) -> None:
        """Send the answer to the request that waits, or have aiohttp read it."""
        asked, self._asked = self._asked, None
        if answer is None and asked is not None:
            self._read(asked)
        elif answer is not None and self.transport is not None:
            self.transport.write(answer)

    def _has_taken(self, data: bytes, end: int) -> bool:
        """Begin with a letter, if that is what came."""
        if not data.startswith(START) or not len(END) < end <= LONGEST:
            return False
        if self._mailbox is None or self._peer is None or self.transport is None or self._close or self._force_close:
            return False
        if self.transport.get_write_buffer_size():
            return False
        letter = self._mailbox.read(self._peer, data, end)
        if letter is not None:
            self._request_in_progress = True  # for whoever shuts the connection down
            self._letter = self._loop.create_task(self._judge(self._mailbox, letter), name="letter")
        return letter is not None

    async def _judge(self, mailbox: Mailbox, letter: Letter) -> None:
        """Answer a letter, then go on with what came meanwhile."""
        try:
            answer = await mailbox.answer(letter, self)
            if self.transport is not None:
                self.transport.write(answer)
        except Exception:  # nothing may come of a request but an answer
            log.exception("letter failed")
            self.force_close()
        finally:
            self._letter = None
            self._request_in_progress = False
            if self._handler_waiter is not None and not self._handler_waiter.done():
                self._handler_waiter.set_result(None)
        if not mailbox.is_open:
            self.force_close()
        elif self.transport is not None:
            self._stay_alive()
            self._go_on()

    def _hold(self, data: bytes) -> None:
        """Keep what came too early, and read no more."""
        self._held += data
        self._pause_transport_reading()

    def _go_on(self) -> None:
        """Read what was kept, and go on reading."""
        if self._held:
            held, self._held = self._held, b""
            self._resume_transport_reading()
            self.data_received(held)

    def _stay_alive(self) -> None:
        """The connection is in use: aiohttp, which doesn't see it, closes it when it has been idle from now on."""
        self._next_keepalive_close_time = self._loop.time() + self.keepalive_timeout

    def _process_keepalive(self) -> None:
        if self._letter is not None:
            self._stay_alive()
        super()._process_keepalive()

    async def first(self, request: web.Request) -> web.StreamResponse | None:
        """The kept answer to a request that has been read."""
        if self._shortcut is None or self._peer is None:
            return None
        return await self._shortcut.answer(request, self._peer, self._request_data)

    def log_access(self, request: web.BaseRequest, response: web.StreamResponse, time: float | None) -> None:
        """A request was answered: is this a moment between two of them?"""
        super().log_access(request, response, time)
        self._quick_until = self._loop.time() + self.keepalive_timeout / 2
        self._is_between = (
            bool(response.keep_alive)
            and self._fed_bytes == self._head_bytes + (request.content_length or 0)
            and ODD.isdisjoint(map(str.lower, request.headers))
        )

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what the parser refuses, or to who has gone already; afterwards the connection is closed."""
        if not isinstance(exc, HttpProcessingError | ClientConnectionResetError) or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        log.info("unreadable request", remote=request.remote, reason=type(exc).__name__)
        return _refusal(status)


def _is_whole(data: bytes) -> bool:
    """Whether this can be one request without a body, and nothing else."""
    found = data.find(END)
    return found > 0 and found + len(END) == len(data) <= LONGEST


def _refusal(status: int) -> web.Response:
    headers = {"Server": "Tertulia", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    response = web.Response(status=status, body=_BODY, content_type="application/json", headers=headers)
    response.force_close()
    return response


def _expecting(handle: Handler) -> Handler:
    """The same handler, which refuses an `Expect` that it doesn't know in JSON too: aiohttp does it before all else."""

    async def handle_expecting(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handle(request)
        except web.HTTPExpectationFailed:
            return _refusal(417)

    return handle_expecting


def _first(handle: Handler) -> Handler:
    """The same handler, for what isn't kept."""

    async def handle_first(request: web.BaseRequest) -> web.StreamResponse:
        found = await cast(Connection, request.protocol).first(cast(web.Request, request))
        return await handle(request) if found is None else found

    return handle_first


class Connections(web.Server):
    """All connections of a process."""

    def __init__(self, handle: Handler, shortcut: Shortcut | None, mailbox: Mailbox | None, **more: Any) -> None:
        super().__init__(handle, **more)
        self._shortcut = shortcut
        self._mailbox = mailbox

    def __call__(self) -> Connection:
        """A new connection."""
        return Connection(self, self._shortcut, self._mailbox, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application on such connections; otherwise as aiohttp's."""

    async def _make_server(self) -> Connections:
        made = await super()._make_server()
        return Connections(
            _first(_expecting(made.request_handler)),
            self.app.get(SHORTCUT),
            self.app.get(MAILBOX),
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            loop=asyncio.get_running_loop(),
            **made._kwargs,
        )
