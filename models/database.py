"""Engines and sessions for SQLite and PostgreSQL, behind one small object.

SQLite: write-ahead log with `synchronous=FULL` (an answered 202 survives a power cut; `unit_of_work` says who needn't
wait for the disk), foreign keys on, readers begin with `BEGIN`, the one writer with `BEGIN IMMEDIATE`: with a plain
`BEGIN`, units that read and then write fail with "database is locked". PostgreSQL: one pool, default isolation, where
each statement sees the newest state anyway, so readers have no transaction around theirs: BEGIN and ROLLBACK would be
two of three round trips of most looks. Whoever writes in a session for reading is refused on both. The code above knows
no difference.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from sqlalchemy import event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool
from sqlalchemy.util import greenlet_spawn

from models.addresses import LocalAddresses
from models.appending import Rows, append_rows
from models.events import EventHub, pack
from models.ids import IdGenerator
from models.kept import Kept
from models.new_rows import WritingSession
from models.postgresql import PLANNED_ONCE
from models.proofs import Proof
from models.questions import Glance, Question, Row
from models.shared_looks import SharedLooks, Things
from models.signals import Signals
from models.snapshots import PostgresqlLook, PostgresqlSnapshots, Snapshots
from models.statements import share_statements
from models.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from models.glances import SqliteConnections
    from models.sqlite_driver import InPlaceConnection

# Kept like the others. Were they closed when a burst is over (SQLAlchemy's overflow), a server with more requests at
# once than connections would open new ones all the time, with cold caches: it cost PostgreSQL as much as the queries.
SPARE_CONNECTIONS = 5
NOTIFY_CHANNEL = "tertulia"
EVENTS_CHANNEL = "tertulia_events"
# What a new connection to PostgreSQL is told. One that waits for the next burst mustn't be forgotten by what lies
# between us and the server. Statements are planned once (`models.postgresql.planned_for_its_values`). To compile a
# plan into machine code takes longer than any of ours runs.
SETTINGS = f"SET tcp_keepalives_idle = 60; SET plan_cache_mode = {PLANNED_ONCE}; SET jit = off"
PROCESS_NAME = "tertulia "  # and `process_id`: what each connection to PostgreSQL is called
_NOTIFY = "SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS sent(channel, payload)"

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """The clock: aware UTC."""
    return datetime.now(UTC)


class WroteWhileReading(Exception):
    """A statement that writes came to a session for reading: a mistake of ours."""


class Database:
    """Where rows live. `reading()` gives a session that only reads, `unit_of_work()` one that commits."""

    def __init__(
        self,
        url: str | URL,
        *,
        addresses: LocalAddresses,
        clock: Callable[[], datetime] = utc_now,
        pool_size: int = 10,
    ) -> None:
        self.url = make_url(url)
        self.addresses = addresses
        self.clock = clock
        self.ids = IdGenerator()
        self.signals = Signals()
        self.events = EventHub()
        self.process_id = secrets.token_hex(4)  # by which this process knows what it said itself
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._embedded: set[InPlaceConnection] = set()  # SQLite's, that are open
        self._glances: SqliteConnections | None = None  # SQLite's, beside the pool's
        self._snapshots: Snapshots
        in_json = {"json_serializer": _to_json, "json_deserializer": orjson.loads}
        if self.is_sqlite:
            from models import glances, sqlite_engine  # an office on PostgreSQL doesn't load them

            self._writer = sqlite_engine.make_engine(self.url, self._embedded, is_writer=True, pool_size=1, **in_json)
            self._repeatable_writer = sqlite_engine.without_waiting(self._writer)
            self._reader = sqlite_engine.make_engine(self.url, self._embedded, is_writer=False, pool_size=4, **in_json)
            self._snapshots = glances.SqliteSnapshots(self.url.database)
            self._glances = glances.SqliteConnections(self.url.database or "", sqlite_engine.READER_PRAGMAS)
        else:
            from models.postgresql_driver import connection_class  # an office on SQLite doesn't carry asyncpg

            named = {"application_name": PROCESS_NAME + self.process_id}
            # The connection that was used last goes next: it has prepared most statements, and its caches are warm.
            self._writer = self._reader = self._repeatable_writer = create_async_engine(
                self.url, pool_size=pool_size + SPARE_CONNECTIONS, max_overflow=0, pool_use_lifo=True,
                connect_args={"server_settings": named, "connection_class": connection_class()}, **in_json,
            )  # fmt: skip
            event.listen(self._writer.sync_engine, "connect", _introduce)
            share_statements(self._writer)
            self._snapshots = PostgresqlSnapshots(PostgresqlLook(self._connect))
        self._write_sessions = async_sessionmaker(
            self._writer, class_=WritingSession, expire_on_commit=False, autoflush=False
        )
        reader = self._reader if self.is_sqlite else self._reader.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(reader.sync_engine, "before_cursor_execute", _refuse_to_write)
        self._read_sessions = async_sessionmaker(reader, expire_on_commit=False, autoflush=False)
        self._shared_looks = SharedLooks(self.glancing)
        self.kept = Kept(self._snapshots, clock, self)

    @property
    def engine(self) -> AsyncEngine:
        """The engine that writes: for migrations and tests."""
        return self._writer

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session for queries. Nothing is committed."""
        async with self._read_sessions() as session:
            yield session

    @asynccontextmanager
    async def glancing(self) -> AsyncIterator[Glance]:
        """A look at the database without a session around it: for what is read most (`Question`)."""
        if self._glances is not None:
            raw = self._glances.take()
            try:
                yield Glance(self._reader.sync_engine, raw)
            finally:
                self._glances.give_back(raw)
            return
        pooled = await greenlet_spawn(self._reader.sync_engine.pool.connect)
        connection: Any = pooled.driver_connection
        try:
            yield Glance(self._reader.sync_engine, connection)
        finally:
            is_lost = connection.is_closed()  # no session was there to notice
            await greenlet_spawn(pooled.invalidate if is_lost else pooled.close)

    async def glance_together(self, question: Question, name: str, things: Things) -> list[Row]:
        """A look of which several may share one (`models.shared_looks`): what is found of these things, each once.

        The only value of the question is the list of things, called `name`; its first column is the thing that a row is
        about.
        """
        if not self.is_sqlite:
            return await self._shared_looks.rows(question, name, things)
        async with self.glancing() as glance:
            return await glance.ask(question, {name: things})

    async def confirms(self, proof: Proof) -> bool:
        """Whether the questions of a proof find now what they found then. What can't be asked isn't confirmed: whoever
        makes the answer anew finds out what is wrong."""
        try:
            async with self.glancing() as glance:
                return await glance.confirms(proof)
        except Exception as error:
            log.warning("a proof could not be asked for", error=repr(error))
            return False

    def confirms_at_once(self, proof: Proof) -> bool | None:
        """The same without waiting; None where only the server knows."""
        if self._glances is None:
            return None
        try:
            raw = self._glances.take()
            try:
                return Glance(self._reader.sync_engine, raw).confirms_at_once(proof)
            finally:
                self._glances.give_back(raw)
        except self._reader.dialect.loaded_dbapi.Error as error:
            log.warning("a proof could not be asked for", error=repr(error))
            return False

    async def _connect(self) -> Any:
        """A connection to PostgreSQL as those of the pool are, which from then on has nothing to do with it."""
        pooled = await greenlet_spawn(self._reader.sync_engine.pool.connect)
        connection: Any = pooled.driver_connection
        pooled.detach()
        return connection

    @asynccontextmanager
    async def unit_of_work(self, *, is_repeatable: bool = False) -> AsyncIterator[UnitOfWork]:
        """A unit that commits when the block ends and rolls back when it raises.

        What is repeatable would be done again if it were forgotten, since the row that asks for it is on the disk (an
        activity of the journal). Its commit doesn't wait for the disk on SQLite: only a power cut could undo it, and
        whatever commits later keeps it too. On PostgreSQL it waits, because a server that dies alone would forget what
        this process goes on to believe.
        """
        session = self._write_sessions(bind=self._repeatable_writer) if is_repeatable else self._write_sessions()
        unit = UnitOfWork(session, now=self.clock(), ids=self.ids, addresses=self.addresses)
        try:
            async with session.begin():
                yield unit
                await unit.finish()
                if (unit.signals or unit.events) and not self.is_sqlite:
                    await self._notify(session, unit)
                await session.send_gathered()
            unit.committed()
        finally:
            await _leave(session)
        self.signals.set(*unit.signals)
        if unit.events:
            self.events.publish(unit.events)

    async def append(self, rows: Rows, *, signal: str) -> None:
        """Insert rows of some tables, those that aren't there yet, in a transaction without a session around it; then
        wake whoever waits for `signal`. For what is written most and reads nothing (`models.appending`)."""
        await append_rows(self._writer.sync_engine, rows, (NOTIFY_CHANNEL, signal))
        self.signals.set(signal)

    async def _notify(self, session: WritingSession, unit: UnitOfWork) -> None:
        """Tell the other processes; PostgreSQL delivers it when the transaction commits."""
        payloads = list(pack(self.process_id, unit.events))
        channels = [EVENTS_CHANNEL] * len(payloads)
        if unit.signals:
            channels.append(NOTIFY_CHANNEL)
            payloads.append(",".join(sorted(unit.signals)))
        await (await session.straight()).gather("pg_notify", _NOTIFY, (channels, payloads))

    async def is_reachable(self) -> bool:
        """Whether the database answers a query: what `/readyz` asks."""
        async with self.reading() as session:
            return bool(await session.scalar(text("SELECT 1")) == 1)

    def connections(self) -> dict[str, int]:
        """How many connections this process uses right now, to write and to read (PostgreSQL: one pool)."""
        named = {"writing": self._writer, "reading": self._reader}
        if self._writer is self._reader:
            named = {"in use": self._writer}
        return {name: _checked_out(engine) for name, engine in named.items()}

    async def give_back(self) -> None:
        """Free what is kept only because it was used: answers that are too old, and pages of SQLite's file."""
        self.kept.forget_expired()
        if self._glances is not None:
            self._glances.shrink()
        for connection in list(self._embedded):
            await connection.shrink()

    async def close(self) -> None:
        await self._snapshots.close()
        if self._glances is not None:
            self._glances.close()
        await self._reader.dispose()
        if self._writer is not self._reader:
            await self._writer.dispose()


async def _leave(session: AsyncSession) -> None:
    """Close a session as `async with` would, without a task of its own where its transaction has ended."""
    if session.in_transaction():
        await asyncio.shield(asyncio.create_task(session.close()))
    else:
        session.sync_session.close()  # gives back nothing: there is nothing to wait for


def _introduce(connection: Any, _record: object) -> None:
    connection.run_async(lambda driver: driver.execute(SETTINGS))


def _refuse_to_write(
    _connection: object, _cursor: object, statement: str, _parameters: object, context: Any, _many: bool
) -> None:
    """A session for reading has no transaction on PostgreSQL that would be rolled back."""
    if context is not None and (context.isinsert or context.isupdate or context.isdelete):
        raise WroteWhileReading(statement)


def _checked_out(engine: AsyncEngine) -> int:
    pool = engine.pool
    return pool.checkedout() if isinstance(pool, QueuePool) else 0


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()
