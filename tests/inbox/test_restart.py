"""What a killed worker had in its hands is applied by the next one."""

import asyncio
from datetime import timedelta

from sqlalchemy import update

from inbox.process import LEASE_SECONDS, InboxWorker
from models.activities import InboundActivity
from models.signals import INBOUND
from tests.conftest import Clock
from tests.end_to_end.waiting import eventually
from tests.graph import follower_uris, journal
from tests.peers import Office
from tests.remote_peers import RemoteServer


async def leave_as_claimed(office: Office, clock: Clock) -> None:
    """What SIGKILL leaves behind: rows leased by somebody who is no more."""
    async with office.services.database.unit_of_work() as unit:
        lease_until = clock() + timedelta(seconds=LEASE_SECONDS)
        await unit.session.execute(update(InboundActivity).values(lease_until=lease_until, attempts=1))


async def test_a_new_worker_goes_on_where_a_killed_one_stopped(
    office: Office, remote: RemoteServer, clock: Clock
) -> None:
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    await carol.post(alice.inbox_url, carol.follow(alice.uri))
    await leave_as_claimed(office, clock)

    if not office.services.database.is_sqlite:  # others may work on it: only the end of the lease tells
        assert await InboxWorker(office.services, office.journal).run_once() == 0
        clock.advance(seconds=LEASE_SECONDS + 1)

    stop = asyncio.Event()
    running = asyncio.create_task(InboxWorker(office.services, office.journal).run(stop))
    try:
        await eventually(lambda: journal(office), lambda rows: rows == [("Follow", "done", "applied")])
    finally:
        stop.set()
        office.services.database.signals.set(INBOUND)
        await running
    assert await follower_uris(office, alice.uri) == [carol.uri]
