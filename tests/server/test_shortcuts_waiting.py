"""A request that waits for the database to tell whether its kept answer holds: in order, once, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from aiohttp import web

from models.snapshots import Snapshots, Then
from server.app import make_app
from server.drain import Drain
from server.listener import Runner
from server.shortcuts import SHORTCUT
from tests.peers import Office
from tests.server.test_shortcuts import cast
from tests.wire import Wire, wire_to


class Slow:
    """A database that tells of its state when it may."""

    def __init__(self, behind: Snapshots) -> None:
        self._behind = behind
        self._may_tell = asyncio.Event()
        self.waiting: list[Then] = []

    async def now(self) -> Hashable:
        await self._may_tell.wait()
        return await self._behind.now()

    def tell(self, then: Then) -> None:
        self.waiting.append(then)

    def release(self) -> None:
        for then in self.waiting:
            self._behind.tell(then)
        self._may_tell.set()

    async def close(self) -> None:
        await self._behind.close()


@asynccontextmanager
async def held(office: Office, wire: Wire, data: bytes) -> AsyncIterator[Slow]:
    """A request that waits for the database to tell whether its answer holds, until the block releases it."""
    for _ in range(4):
        assert (await wire.ask(data))[0] == 200
    kept = office.services.database.kept
    behind = kept._snapshots
    kept._snapshots = slow = Slow(behind)
    await wire.send(data)
    assert len(slow.waiting) == 1
    yield slow
    kept._snapshots = behind


async def test_what_comes_while_a_request_waits_for_the_database_is_answered_in_order_and_counted_once(
    office: Office,
) -> None:
    ana, status = await cast(office)
    shortcut = office.app[SHORTCUT]
    async with wire_to(office) as wire:
        data = wire.request(status, token=ana.token)
        left = int((await wire.ask(data))[1]["x-ratelimit-remaining"]) - 4
        async with held(office, wire, data) as slow:
            given = shortcut.answers
            await wire.send(wire.request("/api/v1/statuses/1", token=ana.token))
            await wire.send(data[:30])
            await wire.send(data[30:])
            slow.release()
            answers = [await wire.answer() for _ in range(3)]
        assert [answer[0] for answer in answers] == [200, 404, 200]
        assert [int(answer[1]["x-ratelimit-remaining"]) for answer in answers] == [left - 1, left - 2, left - 3]
        assert answers[0][2] == answers[2][2] != b""
        assert shortcut.answers <= given + 2  # by aiohttp's way to what is kept


async def test_a_request_that_waits_is_answered_with_what_is_written_meanwhile(office: Office) -> None:
    ana, status = await cast(office)
    async with wire_to(office) as wire, held(office, wire, wire.request(status, token=ana.token)) as slow:
        await office.api(ana).put(status, {"status": "Meanwhile"})
        slow.release()
        assert b"Meanwhile" in (await wire.answer())[2]


async def test_who_hangs_up_while_a_request_waits_costs_nothing(office: Office) -> None:
    ana, status = await cast(office)
    async with wire_to(office) as wire, wire_to(office) as other:
        data = wire.request(status, token=ana.token)
        async with held(office, wire, data) as slow:
            given = office.app[SHORTCUT].answers
            await wire.hang_up()
            slow.release()
        assert (await other.ask(data))[0] == 200
        assert office.app[SHORTCUT].answers == given + 1


async def test_who_stops_answers_what_waits_for_the_database(office: Office) -> None:
    ana, status = await cast(office)
    app = make_app(office.services, office.settings)
    drain, runner = Drain(app), Runner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with (
        wire_to(office, runner.addresses[0][1]) as wire,
        held(office, wire, wire.request(status, token=ana.token)) as slow,
    ):
        closing = asyncio.create_task(drain.close(runner, 30))
        await asyncio.sleep(0)
        slow.release()
        await closing
        assert (await wire.answer())[1]["connection"] == "close"
    await runner.cleanup()
