"""Which state a database is in, as a value: while it is the same, nothing was committed, by whomever.

SQLite counts commits for each connection that asks (`PRAGMA data_version`: those of all others, in this process and in
others, 5 µs), so one connection asks and never writes (`models.glances`). PostgreSQL tells which transactions a
statement would see (`pg_current_snapshot()`, exact too); that is a question to the server, so requests that come
together share one, which begins after each of them has come, over a connection that is there for nothing else.

Nothing has to be told of a change, and none can be missed. Who can't be told gets a value that is equal to no other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextvars import Context
from typing import Any, Final, Protocol

import structlog

CURRENT: Final = "SELECT pg_current_snapshot()::text"
ANSWER_SECONDS: Final = 5.0
# Nobody looks for so long after a look that failed: everything is made anew meanwhile.
PAUSE_SECONDS: Final = 1.0

Then = Callable[[Hashable], None]

log = structlog.get_logger(__name__)


class Snapshots(Protocol):
    """Tells the state of a database."""

    async def now(self) -> Hashable:
        """The state at a moment after this was called."""
        ...

    def tell(self, then: Then) -> None:
        """Call `then` with the state at a moment after this was called: now, where nobody has to be asked for it."""
        ...

    async def close(self) -> None:
        """Ask no more."""
        ...


class Look(Protocol):
    """A question to a server."""

    async def __call__(self) -> Hashable:
        """The state at a moment after this was called."""
        ...

    async def close(self) -> None:
        """Leave the server."""
        ...


class PostgresqlSnapshots:
    """The state of a PostgreSQL server; `look` asks it, one look after the other.

    A task that waits between two looks costs a third of one that is made for each, and whoever comes in the same turn
    of the event loop is told together. A look that fails is no error to those who wait for it: they are told of a state
    that is equal to no other, so that everything is made anew, and whoever makes it sees what is wrong.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._waiting: list[Then] = []
        self._looking: asyncio.Task[None] | None = None
        self._idle: asyncio.Future[None] | None = None  # what the task waits for between two looks
        self._not_before = 0.0

    async def now(self) -> Hashable:
        found: asyncio.Future[Hashable] = asyncio.get_running_loop().create_future()
        self.tell(lambda snapshot: None if found.done() else found.set_result(snapshot))
        return await found

    def tell(self, then: Then) -> None:
        """What the next look finds: one that is under way may have seen the time before this request."""
        self._waiting.append(then)
        if self._looking is None:
            # The task serves many requests, so it isn't that of the one which happens to be the first.
            self._looking = asyncio.get_running_loop().create_task(self._run(), name="snapshots", context=Context())
        elif self._idle is not None:
            self._idle.set_result(None)
            self._idle = None

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._waiting:
                self._idle = loop.create_future()
                await self._idle
            waiting, self._waiting = self._waiting, []
            snapshot: Hashable = object()
            try:
                if loop.time() >= self._not_before:
                    snapshot = await self._look()
            except Exception as error:
                self._not_before = loop.time() + PAUSE_SECONDS
                log.warning("the state of the database can't be told", error=repr(error))
            finally:
                _tell(waiting, snapshot)

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        await self._look.close()
        waiting, self._waiting = self._waiting, []
        _tell(waiting, object())


def _tell(waiting: list[Then], snapshot: Hashable) -> None:
    for then in waiting:
        try:
            then(snapshot)
        except Exception:  # of one request; the others are waiting too
            log.exception("a request could not go on")


class PostgresqlLook:
    """Asks a PostgreSQL server which transactions a statement would see, over a connection of its own.

    `connect` opens one (of asyncpg). Raises what that or the driver raises; the next look opens another one then.
    """

    def __init__(self, connect: Callable[[], Awaitable[Any]]) -> None:
        self._connect = connect
        self._connection: Any = None
        self._ask: Any = None

    async def __call__(self) -> Hashable:
        try:
            if self._ask is None:
                self._connection = await self._connect()
                self._ask = (await self._connection.prepare(CURRENT, timeout=ANSWER_SECONDS)).fetchval
            snapshot: str = await self._ask(timeout=ANSWER_SECONDS)
        except BaseException:  # cancelled or not: the connection is in the middle of something
            if self._connection is not None:
                self._connection.terminate()
            self._connection = self._ask = None
            raise
        return snapshot

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close(timeout=ANSWER_SECONDS)
        self._connection = self._ask = None
