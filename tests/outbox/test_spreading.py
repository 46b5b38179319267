"""Authors with many followers: their posts are spread by a job, in order, once, and lost by no restart."""

import asyncio

import pytest
from sqlalchemy import select, update

from models.accounts import Account
from models.activities import Delivery, OutboundActivity
from outbox.spreading import spread_activities
from policy.limits import FOLLOWERS_AT_ONCE
from tests import graph
from tests.api.test_statuses_editing import edit, follow_across
from tests.api.test_statuses_posting import PATH, post
from tests.peers import Office, Person, run_until_idle


@pytest.fixture
async def star(two_offices: tuple[Office, Office]) -> tuple[Person, Person, Person]:
    """Ana of Madrid, whom Eva of Madrid, Bob of Lisbon and, so it says, many more follow."""
    madrid, lisbon = two_offices
    ana, eva = await madrid.create_person("ana"), await madrid.create_person("eva")
    bob = await lisbon.create_person("bob")
    await follow_across(bob, ana)
    assert (await madrid.api(eva).post(f"/api/v1/accounts/{ana.id}/follow")).status == 200
    async with madrid.services.database.unit_of_work() as unit:
        await unit.session.execute(
            update(Account).where(Account.id == ana.id).values(followers_count=FOLLOWERS_AT_ONCE + 1)
        )
    await run_until_idle(madrid, lisbon)
    return ana, eva, bob


async def test_followers_get_it_from_the_job_and_the_author_at_once(star: tuple[Person, Person, Person]) -> None:
    ana, eva, bob = star
    madrid, lisbon = ana.office, bob.office
    before = await graph.count(madrid, Delivery)
    status = await post(ana, f"Hello @{bob.acct}")
    assert await graph.home_uris(ana) == [status["uri"]]
    assert (await graph.home_uris(eva), await graph.count(madrid, Delivery)) == ([], before)
    await run_until_idle(madrid, lisbon)
    assert await graph.home_uris(eva) == await graph.home_uris(bob) == [status["uri"]]
    assert await graph.count(madrid, Delivery) == before + 1
    await spread_activities(madrid.services, {"account_id": ana.id})
    assert await graph.count(madrid, Delivery) == before + 1


async def test_jobs_that_run_together_queue_what_happened_first_before_the_rest(
    star: tuple[Person, Person, Person],
) -> None:
    ana = star[0]
    services = ana.office.services
    for number in range(8):
        await post(ana, f"Number {number}")
    await asyncio.gather(*(spread_activities(services, {"account_id": ana.id}) for _ in range(6)))
    async with services.database.reading() as session:
        queued = (await session.scalars(select(Delivery.activity_id).order_by(Delivery.id))).all()
    assert len(queued) >= 8
    assert list(queued) == sorted(queued)


async def test_what_happened_first_is_told_first(star: tuple[Person, Person, Person]) -> None:
    ana, eva, bob = star
    madrid, lisbon = ana.office, bob.office
    kept, gone = await post(ana, "first"), await post(ana, "a mistake")
    await edit(ana, kept["id"], "second")
    assert (await madrid.api(ana).delete(f"{PATH}/{gone['id']}")).status == 200
    await run_until_idle(madrid, lisbon)
    assert [outcome for _, _, outcome in (await graph.journal(lisbon))[-4:]] == ["applied"] * 4
    there = await graph.status(lisbon, kept["uri"])
    assert there is not None
    assert there.content_html == "<p>second</p>"
    assert await graph.status(lisbon, gone["uri"]) is None
    assert set(await graph.home_uris(eva)) == set(await graph.home_uris(bob)) == {kept["uri"]}
    async with madrid.services.database.reading() as session:
        left = await session.scalars(select(OutboundActivity.id).where(OutboundActivity.spread.is_not(None)))
        assert left.all() == []
