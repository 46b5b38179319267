"""Wake-ups and events between the processes of one office on PostgreSQL: LISTEN, and tell those who wait here.

A unit that commits sends `NOTIFY` with the names of its signals (`models.database`); every process that listens wakes
whoever waits for these names. Nothing depends on it: workers also look by themselves every few seconds. Events
(`models.events`) come over a channel of their own and reach whoever subscribed in this process; a process passes over
what it said itself, since it told its own subscribers when it committed.

On failure: a lost connection is opened again after a pause, and since nobody knows what was missed meanwhile, everybody
is woken, and who keeps something until an event comes is told to look anew. A connection that died without a word is
noticed by asking it something now and then.
"""

import asyncio
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jobs.waiting import wait_at_most
from models import Database
from models.database import EVENTS_CHANNEL, NOTIFY_CHANNEL
from models.events import unpack
from models.signals import DELIVERIES, INBOUND, JOBS

CHECK_SECONDS = 30.0
ANSWER_SECONDS = 5.0
RECONNECT_SECONDS = 2.0
EVERYBODY = (INBOUND, DELIVERIES, JOBS)

_log = structlog.get_logger(__name__)


class Bus:
    """Listens for one process; it keeps one connection of the pool. On SQLite there is nobody to listen to."""

    def __init__(self, database: Database, *, reconnect_seconds: float = RECONNECT_SECONDS) -> None:
        self._database = database
        self._reconnect_seconds = reconnect_seconds
        self._is_lost = asyncio.Event()
        self.is_listening = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop` is set."""
        if self._database.is_sqlite:
            await stop.wait()
            return
        while not stop.is_set():
            try:
                await self._listen(stop)
            except (SQLAlchemyError, OSError, TimeoutError, _Lost) as error:
                _log.warning("the connection for wake-ups was lost", error=str(error))
                await wait_at_most(stop, self._reconnect_seconds)
            finally:
                self.is_listening.clear()

    async def _listen(self, stop: asyncio.Event) -> None:
        self._is_lost.clear()
        async with self._database.engine.connect() as pooled:
            driver: Any = (await pooled.get_raw_connection()).driver_connection
            try:
                driver.add_termination_listener(self._lose)
                await driver.add_listener(NOTIFY_CHANNEL, self._hear)
                await driver.add_listener(EVENTS_CHANNEL, self._hear_events)
                self._database.signals.set(*EVERYBODY)
                self._database.events.note_gap()
                self.is_listening.set()
                await self._stay(driver, stop)
            finally:
                await pooled.invalidate()  # a connection that listens must not serve others

    async def _stay(self, driver: Any, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stopping.done():
                losing = asyncio.create_task(self._is_lost.wait())
                await asyncio.wait({stopping, losing}, timeout=CHECK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                losing.cancel()
                if self._is_lost.is_set():
                    raise _Lost("PostgreSQL closed it")
                async with asyncio.timeout(ANSWER_SECONDS):
                    await driver.execute("SELECT 1")
        finally:
            stopping.cancel()

    def _lose(self, _connection: object) -> None:
        self._is_lost.set()

    def _hear(self, _connection: object, _process: int, _channel: str, payload: str) -> None:
        self._database.signals.set(*(name for name in payload.split(",") if name in EVERYBODY))

    def _hear_events(self, _connection: object, _process: int, _channel: str, payload: str) -> None:
        try:
            sender, events = unpack(payload)
        except ValueError:
            _log.warning("a notification that holds no events was passed over", payload=payload[:200])
            return
        if sender != self._database.process_id:
            self._database.events.publish(events)


class _Lost(Exception):
    """The connection ended."""
