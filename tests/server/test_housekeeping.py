"""What is removed after its time, and what stays."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from models.accounts import Keypair
from models.activities import Delivery, InboundActivity, Job, OutboundActivity
from models.oauth import AccessToken, Application, AuthorizationCode
from models.statuses import IdempotencyKey, Poll, Status
from server import users
from server.housekeeping import Housekeeper, close_polls
from tests.api.counting import counted, plan_on_sqlite
from tests.api.oauth import register
from tests.conftest import Clock
from tests.peers import Office, Person
from tests.remote_peers import RemoteServer


async def count(office: Office, table: type) -> int:
    async with office.services.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def sweep(office: Office) -> int:
    return await Housekeeper(office.services, retention_days=30).run_once()


async def exchange(office: Office, remote: RemoteServer) -> Person:
    """Somebody is followed from afar: a received Follow, a delivered Accept."""
    alice, carol = await office.create_person("alice"), await remote.actor("carol")
    await carol.post(alice.inbox_url, carol.follow(alice.uri))
    await office.run_until_idle()
    return alice


async def test_what_is_done_is_kept_for_its_time_and_then_removed(
    office: Office, remote: RemoteServer, clock: Clock
) -> None:
    await exchange(office, remote)
    clock.advance(days=29)
    await sweep(office)
    assert [await count(office, table) for table in (InboundActivity, Delivery, OutboundActivity)] == [1, 1, 1]
    clock.advance(days=2)
    assert await sweep(office) == 4  # and the job that looked for topics at the new peer
    assert [await count(office, table) for table in (InboundActivity, Delivery, OutboundActivity)] == [0, 0, 0]


async def test_what_still_waits_is_kept(office: Office, remote: RemoteServer, clock: Clock) -> None:
    remote.inbox_status = 503
    await exchange(office, remote)
    clock.advance(days=31)
    await sweep(office)
    assert await count(office, Delivery) == 1
    assert await count(office, OutboundActivity) == 1


async def test_what_an_outbox_shows_is_kept(office: Office, clock: Clock) -> None:
    alice = await office.create_person("alice")
    async with office.services.database.unit_of_work() as unit:
        unit.session.add(
            OutboundActivity(
                id=unit.new_id(), uri=f"{office.origin}/activities/1", account_id=alice.id, activity_type="Create",
                visibility="public", body=b"{}", digest=b"", created_at=unit.now,
            )
        )  # fmt: skip
    clock.advance(days=400)
    await sweep(office)
    assert await count(office, OutboundActivity) == 1


async def test_keys_go_when_their_overlap_is_over(office: Office, clock: Clock) -> None:
    await office.create_person("alice")
    async with office.services.database.unit_of_work() as unit:
        await users.rotate_keys(unit, office.services, await users.get_user(unit.session, "alice"))
    clock.advance(days=6)
    await sweep(office)
    assert await count(office, Keypair) == 6
    clock.advance(days=2)
    await sweep(office)
    assert await count(office, Keypair) == 4


async def test_revoked_tokens_go(office: Office, clock: Clock) -> None:
    await office.create_person("alice")
    await office.create_person("bea")
    async with office.services.database.unit_of_work() as unit:
        await users.suspend_user(unit, await users.get_user(unit.session, "alice"))
    clock.advance(days=31)
    await sweep(office)
    assert await count(office, AccessToken) == 1


async def test_spent_codes_go_and_applications_that_nobody_let_in(office: Office, clock: Clock) -> None:
    ana = await office.create_person("ana")
    used, _unused = await register(office), await register(office)
    token = (await used.redeem(await used.code(ana))).json["access_token"]
    await sweep(office)
    assert (await count(office, AuthorizationCode), await count(office, Application)) == (1, 2)
    clock.advance(days=1, hours=1)
    await sweep(office)
    assert (await count(office, AuthorizationCode), await count(office, Application)) == (0, 2)
    clock.advance(days=29)
    await sweep(office)
    assert await count(office, Application) == 1
    assert (await office.api(token).get("/oauth/userinfo")).status == 200


async def test_a_poll_is_closed_when_its_time_is_over(office: Office, clock: Clock) -> None:
    alice = await office.create_person("alice")
    closes_at = clock() + timedelta(hours=1)
    await _add_poll(office, alice, closes_at)
    assert await _closed_at(office) is None
    assert await count(office, Job) == 0
    clock.advance(hours=2)
    assert await _closed_at(office) == closes_at
    assert await count(office, Job) == 1  # peers get the last numbers


async def _closed_at(office: Office) -> datetime | None:
    async with office.services.database.unit_of_work() as unit:
        await close_polls(unit)
    async with office.services.database.reading() as session:
        return await session.scalar(select(Poll.closed_at))


async def _add_poll(office: Office, author: Person, closes_at: datetime) -> None:
    async with office.services.database.unit_of_work() as unit:
        number = unit.new_id()
        status = Status(
            id=number, uri=unit.addresses.status(author.id, number), account_id=author.id, object_type="Question",
            conversation_id=number, published_at=unit.now, created_at=unit.now,
        )  # fmt: skip
        unit.session.add(status)
        await unit.session.flush()
        options = [{"title": "yes", "votes": 0}, {"title": "no", "votes": 0}]
        unit.session.add(Poll(id=unit.new_id(), status_id=number, options=options, closes_at=closes_at))


async def test_polls_that_are_open_are_found_without_a_look_at_the_posts(office: Office) -> None:
    """Once a minute: among a million posts SQLite began with the posts."""
    with counted(office) as statements:
        async with office.services.database.unit_of_work() as unit:
            assert await close_polls(unit) == 0
    (query,) = [one for one in statements if "FROM polls" in one]
    if not office.services.database.is_sqlite:
        return
    steps = await plan_on_sqlite(office, query)
    assert steps[0] == "SEARCH polls USING INDEX ix_polls_open (closes_at<?)"
    assert not any("TEMP B-TREE" in step for step in steps)


async def test_keys_of_idempotency_go_when_their_hour_is_over(office: Office, clock: Clock) -> None:
    ana = await office.create_person("ana")

    async def say(key: str) -> str:
        sent = {"Idempotency-Key": key}
        answer = await office.api(ana).call("POST", "/api/v1/statuses", {"status": "Hello"}, headers=sent)
        return str(answer.json()["id"])

    await say("one")
    clock.advance(minutes=40)
    other = await say("other")
    clock.advance(minutes=40)
    await sweep(office)
    assert await count(office, IdempotencyKey) == 1
    assert await say("other") == other
