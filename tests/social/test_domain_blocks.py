"""A block of a whole domain: what is new goes from timelines at once, the rest bit by bit, and nobody waits for it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from models import UnitOfWork
from models.accounts import Account
from models.feeds import AccountList, FeedEntry, ListEntry
from models.statuses import Status
from social import domain_blocks
from social.domain_blocks import block_domain, clear_domain, unblock_domain
from tests.peers import Office, Person

POSTS = 30
BLOCKED, OTHER = "porto.example", "lisboa.example"


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_blocks, "ENTRIES_AT_ONCE", 7)
    monkeypatch.setattr(domain_blocks, "BREATH_SECONDS", 0)


@pytest.fixture
async def ana(office: Office) -> Person:
    """With posts of two domains at home and in a list; each of the other's boosts one of the blocked."""
    person = await office.create_person("ana")
    async with office.services.database.unit_of_work() as unit:
        authors = [_account(unit, domain) for domain in (BLOCKED, OTHER)]
        await unit.session.execute(insert(Account), authors)
        posts = [_status(unit, authors[number % 2]["id"], number) for number in range(POSTS)]
        await unit.session.execute(insert(Status), posts)
        boosts = [_status(unit, authors[1]["id"], POSTS + n, boosted=post["id"]) for n, post in enumerate(posts[::6])]
        await unit.session.execute(insert(Status), boosts)
        listed = {"id": unit.new_id(), "account_id": person.id, "title": "both", "created_at": unit.now}
        await unit.session.execute(insert(AccountList), [listed])
        ids = [one["id"] for one in [*posts, *boosts]]
        await unit.session.execute(insert(FeedEntry), [{"account_id": person.id, "status_id": one} for one in ids])
        await unit.session.execute(insert(ListEntry), [{"list_id": listed["id"], "status_id": one} for one in ids])
    return person


def _account(unit: UnitOfWork, domain: str) -> dict[str, object]:
    uri = f"https://{domain}/users/rui"
    return {"id": unit.new_id(), "uri": uri, "username": "rui", "domain": domain, "inbox_url": f"{uri}/inbox",
            "created_at": unit.now, "updated_at": unit.now}  # fmt: skip


def _status(unit: UnitOfWork, account_id: object, number: int, *, boosted: object = None) -> dict[str, object]:
    at = unit.now - timedelta(minutes=POSTS * 2 - number)
    status_id = unit.new_id(at)
    return {"id": status_id, "uri": f"https://x.example/{number}", "account_id": account_id, "boost_of_id": boosted,
            "conversation_id": status_id, "content_html": "<p>x</p>", "published_at": at,
            "created_at": unit.now}  # fmt: skip


async def left(office: Office) -> tuple[int, int, int]:
    """How many entries are at home, in the list, and how many of both are of the blocked or boost them."""
    async with office.services.database.reading() as session:
        home = await session.scalar(select(func.count()).select_from(FeedEntry)) or 0
        listed = await session.scalar(select(func.count()).select_from(ListEntry)) or 0
        blocked = select(Account.id).where(Account.domain == BLOCKED)
        theirs = select(Status.id).where(Status.account_id.in_(blocked))
        gone = select(Status.id).where(Status.id.in_(theirs) | Status.boost_of_id.in_(theirs))
        of_theirs = 0
        for table in (FeedEntry, ListEntry):
            found = select(func.count()).select_from(table).where(table.status_id.in_(gone))
            of_theirs += await session.scalar(found) or 0
    return home, listed, of_theirs


async def block(office: Office, person: Person) -> dict[str, object]:
    async with office.services.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, person.id)
        assert await block_domain(unit, account, BLOCKED)
    return {"account_id": person.id, "domain": BLOCKED}


async def test_what_is_left_of_a_blocked_domain_goes_bit_by_bit_and_the_others_stay(
    office: Office, ana: Person
) -> None:
    payload = await block(office, ana)
    *_, waiting = await left(office)
    assert waiting > 0  # only the newest portion was looked at
    shown = (await office.api(ana).get("/api/v1/timelines/home", limit=40)).json()
    assert {one["account"]["acct"] for one in shown} == {f"rui@{OTHER}"}  # and nobody is shown the rest meanwhile
    await clear_domain(office.services.database, payload)
    assert await left(office) == (POSTS // 2, POSTS // 2, 0)


async def test_a_block_that_is_lifted_meanwhile_takes_no_more(office: Office, ana: Person) -> None:
    payload = await block(office, ana)
    before = await left(office)
    async with office.services.database.unit_of_work() as unit:
        assert await unblock_domain(unit, await unit.session.get_one(Account, ana.id), BLOCKED)
    await clear_domain(office.services.database, payload)
    assert await left(office) == before
