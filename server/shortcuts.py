"""Answers that are kept, sent before aiohttp does its part: its parser, tasks and router, our middleware and the making
of headers are most of what such a request costs.

What is done in advance is only what can't turn out otherwise. What a request asks for follows from its bytes, so it is
understood once and remembered by their digest; status line and headers of a kept answer follow from it, so they are
written once, by the application's own signals and router, so that nothing has to be known twice.

Everything else is done each time: the floor that keeps an answer says who may have it (its `Door`), and what happens
around every request happens here too: the id, the figures, the line in the log. Whatever is out of the ordinary
(another method than GET, a body, HTTP/1.0, a condition, an end of the connection, a server that is about to stop) and
whatever isn't kept gets None and goes the long way.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

import structlog
from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from federation.keeping import Asking, Door, Visit, Whole, recalled
from models.kept import Kept
from server.middlewares import log_access
from server.proxies import Front, new_request_id
from server.traffic import Traffic, class_of

API: Final = "/api/"
UNUSUAL: Final = frozenset({"expect", "if-none-match", "upgrade"})
LINE_ENDS: Final = frozenset("\r\n\0")
REMEMBERED: Final = 1_000
NOTHING_MORE: Final = MappingProxyType[str, str]({})

log = structlog.get_logger(__name__)


class Head(NamedTuple):
    """Status line and headers of a kept answer, and what its requests are called in the log and in figures."""

    block: bytes
    path: str
    kind: str


class Asked(NamedTuple):
    """What the bytes of a request say, when they come from a certain address."""

    remote: str
    asking: Asking


class Caller(Protocol):
    """A connection that a request came over."""

    def waits_for(self, data: bytes) -> bool:
        """Whether the request of these bytes is still to be answered by the shortcut."""
        ...

    def go_on(self, answer: bytes | None) -> None:
        """Send the answer to the request that it waits for; None: the long way has to be taken after all."""
        ...


class Written(web.StreamResponse):
    """An answer whose bytes are all there."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data
        self._keep_alive = True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Send it."""
        await request.writer.write_eof(self._data)
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """It is at its end already."""


class Shortcut:
    """The way to the kept answers of one application."""

    def __init__(
        self, app: web.Application, store: Kept, front: Front, traffic: Traffic, *, api: Door, others: Door
    ) -> None:
        self._app = app
        self._store = store
        self._front = front
        self._traffic = traffic
        self._api = api
        self._others = others
        self._understood: OrderedDict[tuple[str, bytes], Asked] = OrderedDict()
        self.is_open = True
        self.answers = 0

    def find(self, peer: str, data: bytes, caller: Caller) -> bool:
        """Whether the same bytes have come from this address before, and an answer is kept.

        Then the caller can go on once the database has told whether that still holds (SQLite: before this returns).
        """
        started = time.perf_counter()
        key = (peer, _digest(data))
        asked = self._understood.get(key)
        if asked is None or not self.is_open:
            return False
        self._understood.move_to_end(key)
        try:
            visit = asked.asking()
        except Exception as error:  # it is the long way that tells of it
            log.warning("no shortcut", error=repr(error))
            return False
        if visit is None or not self._store.has(visit.key):
            return False

        def give(whole: Whole | None) -> None:
            if caller.waits_for(data):
                caller.go_on(self._given(asked, visit, whole, started))

        self._store.tell(visit.key, give)
        return True

    def _given(self, asked: Asked, visit: Visit, whole: Whole | None, started: float) -> bytes | None:
        """The bytes of what was found, for who may have it."""
        if whole is None or whole.head is None or not self.is_open:
            return None
        try:
            more = visit.admit(whole)
        except Exception as error:
            log.warning("no shortcut", error=repr(error))
            return None
        return None if more is None else self._noted(asked, whole, more, started)

    async def settle(self) -> None:
        """Return when nobody waits any more who came before: the database tells in the order in which it was asked."""
        await self._store.find(())

    async def answer(self, request: web.Request, peer: str, data: bytes | None) -> web.StreamResponse | None:
        """The answer to a request that is read already; `data` is all of it, which is remembered."""
        started = time.perf_counter()
        asked = self._understand(request) if self.is_open and is_plain(request) else None
        visit = None if asked is None else asked.asking()
        if asked is None or visit is None:
            return None
        whole = await recalled(self._store, visit.key)
        if whole is None or not await self._has_head(request, whole) or not self.is_open:
            return None
        more = visit.admit(whole)
        if more is None:
            return None
        if data is not None and "X-Request-Id" not in request.headers:
            self._understood[peer, _digest(data)] = asked
            if len(self._understood) > REMEMBERED:
                self._understood.popitem(last=False)
        return Written(self._noted(asked, whole, more, started, self._front.request_id(request)))

    def _understand(self, request: web.Request) -> Asked | None:
        remote = self._front.sender(request)
        door = self._api if request.raw_path.startswith(API) else self._others
        return None if remote is None else Asked(remote, door(request, remote))

    def _noted(
        self, asked: Asked, whole: Whole, more: Mapping[str, str], started: float, request_id: str | None = None
    ) -> bytes:
        """The bytes of an answer, which counts as given and is in the log."""
        request_id = request_id or new_request_id()
        seconds = time.perf_counter() - started
        self.answers += 1
        self._traffic.add(whole.head.kind, whole.status, seconds)
        log_access(request_id, "GET", whole.head.path, whole.status, seconds, asked.remote)
        return b"".join((whole.head.block, last_lines(request_id, more), whole.body))

    async def _has_head(self, request: web.Request, whole: Whole) -> bool:
        """Write the head as the application would, unless that was done."""
        if whole.head is not None:
            return True
        resource = (await self._app.router.resolve(request)).route.resource
        response = whole.response(request)
        await self._app.on_response_prepare.send(request, response)
        lines = [f"{name}: {value}" for name, value in response.headers.items()]
        if resource is None or any(not LINE_ENDS.isdisjoint(line) for line in lines):
            return False
        lines = [f"HTTP/1.1 {response.status} {response.reason}", *lines, f"Content-Length: {len(whole.body)}", ""]
        whole.head = Head("\r\n".join(lines).encode(), request.path, class_of(resource.canonical))
        return True


# Where the server finds that of an application.
SHORTCUT: Final = web.AppKey("shortcut", Shortcut)


def is_plain(request: web.BaseRequest) -> bool:
    """Whether there is nothing more to a request than what it asks for."""
    return (
        request.method == "GET"
        and request.version == HttpVersion11
        and request.keep_alive
        and not request.body_exists
        and UNUSUAL.isdisjoint(map(str.lower, request.headers))
    )


def _digest(data: bytes) -> bytes:
    """Two requests with one digest are the same; tokens aren't kept in memory for that."""
    return hashlib.sha256(data).digest()


def last_lines(request_id: str, more: Mapping[str, str] = NOTHING_MORE) -> bytes:
    """The headers that are another's each time, and the end of the head."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in more.items()])
    return f"{lines}X-Request-Id: {request_id}\r\nDate: {_date(int(time.time()))}\r\n\r\n".encode()


@lru_cache(1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
