"""What is read of a little among very much is found by an index of its own, and is what it was: on SQLite the plan of
each statement is looked at, on both databases what is found."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from models.accounts import Account
from models.statuses import Attachment, PreviewCard, Status
from tests.api.counting import counted, plan_on_sqlite
from tests.fixtures_offices import OpenOffice
from tests.peers import Office

OTHERS = 60
LINK = "https://news.example/one"


@pytest.fixture
async def large(open_office: OpenOffice) -> Office:
    """Ana's four posts under sixty of another office's, of which one each has a picture, two and a link."""
    office = await open_office("madrid")
    ana = await office.create_person("ana")
    await office.create_person("ben")
    posts = [(await office.api(ana).post("/api/v1/statuses", {"status": f"ours {n}"})).json() for n in range(4)]
    assert (await office.api(ana).post(f"/api/v1/statuses/{posts[0]['id']}/pin")).status == 200
    async with office.services.database.unit_of_work() as unit:
        author = _account(unit.new_id(), unit.now)
        await unit.session.execute(insert(Account), [author])
        theirs = [_status(unit.new_id(), author["id"], unit.now) for _ in range(OTHERS)]
        await unit.session.execute(insert(Status), theirs)
        pictures = [(theirs[5], 0), (theirs[9], 0), (theirs[9], 1)]
        await unit.session.execute(
            insert(Attachment),
            [
                {"id": unit.new_id(), "account_id": author["id"], "status_id": post["id"], "position": place,
                 "media_type": "image/png", "remote_url": f"https://porto.example/{place}.png", "created_at": unit.now}
                for post, place in pictures
            ],
        )  # fmt: skip
        uploaded = {"id": unit.new_id(), "account_id": ana.id, "status_id": int(posts[1]["id"]), "position": 0,
                    "media_type": "image/png", "storage_key": "ours.png", "created_at": unit.now}  # fmt: skip
        await unit.session.execute(insert(Attachment), [uploaded])
        card = {"id": unit.new_id(), "url": LINK, "created_at": unit.now}
        await unit.session.execute(insert(PreviewCard), [card])
        held = update(Status).where(Status.id == theirs[7]["id"]).values(card_id=card["id"])
        await unit.session.execute(held)
    return office


def _account(account_id: int, now: Any) -> dict[str, Any]:
    uri = "https://porto.example/users/rui"
    return {"id": account_id, "uri": uri, "username": "rui", "domain": "porto.example", "inbox_url": f"{uri}/inbox",
            "created_at": now, "updated_at": now}  # fmt: skip


def _status(status_id: int, account_id: int, now: Any) -> dict[str, Any]:
    uri = f"https://porto.example/statuses/{status_id}"
    return {"id": status_id, "uri": uri, "url": uri, "account_id": account_id, "conversation_id": status_id,
            "content_html": "<p>theirs</p>", "published_at": now - timedelta(minutes=1), "created_at": now}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "query", "found", "index"),
    [
        ("timelines/public", {"local": True}, 4, "ix_statuses_local"),
        ("timelines/public", {"remote": True, "limit": 40}, 40, "ix_statuses_local"),
        ("timelines/public", {"only_media": True}, 3, "ix_attachments_status_id"),
        ("timelines/public", {"only_media": True, "local": True}, 1, "ix_attachments_ours"),
        ("timelines/public", {"only_media": True, "remote": True}, 2, "ix_attachments_status_id"),
        ("timelines/link", {"url": LINK}, 1, "ix_statuses_card"),
        ("timelines/link", {"url": "https://nobody.example/"}, 0, "ix_statuses_card"),
        ("accounts/{ana}/statuses", {"only_media": True}, 1, "ix_attachments_account"),
        ("accounts/{rui}/statuses", {"only_media": True}, 2, "ix_attachments_account"),
        ("accounts/{ana}/statuses", {"pinned": True}, 1, "ix_statuses_pinned"),
        ("notifications", {"types": ["mention"]}, 0, "ix_notifications_kind"),
        ("accounts/{ana}/followers", {}, 0, "ix_follows_newest"),
    ],
)
async def test_a_little_among_very_much_has_an_index(
    large: Office, path: str, query: dict[str, Any], found: int, index: str
) -> None:
    async with large.services.database.reading() as session:
        rui = await session.scalar(text("SELECT id FROM accounts WHERE username = 'rui'"))
    ana = large.people["ana"]
    address = f"/api/v1/{path.format(ana=ana.id, rui=rui)}"
    with counted(large) as statements:
        answer = await large.api(ana).get(address, **query)
    assert answer.status == 200
    ids = [int(one["id"]) for one in answer.json()]
    assert (len(ids), ids) == (found, sorted(set(ids), reverse=True))
    if not large.services.database.is_sqlite:
        return  # with so few rows PostgreSQL reads all of them, and is right
    pages = [one for one in statements if " LIMIT " in one.replace("\n", " ") and "ORDER BY" in one]
    plans = [await plan_on_sqlite(large, page) for page in pages]
    (plan,) = [steps for steps in plans if any(index in step for step in steps)]
    assert query.get("pinned") or "USE TEMP B-TREE FOR ORDER BY" not in plan


async def test_whether_a_thread_is_locked_is_no_look_at_all_that_its_community_wrote(large: Office) -> None:
    api = large.api(large.people["ana"])
    board = (await api.post("/api/v1/communities", {"name": "board", "display_name": "Board"})).json()
    post = (await api.post("/api/v1/statuses", {"status": "To the board", "community_id": board["id"]})).json()
    with counted(large) as statements:
        page = (await api.get(f"/api/v1/communities/{board['id']}/timeline")).json()
    assert [one["id"] for one in page] == [post["id"]]
    queries = [one for one in statements if "AS is_locked" in one]
    assert queries
    for query in queries if large.services.database.is_sqlite else ():
        assert any("ix_statuses_locked" in step for step in await plan_on_sqlite(large, query))


@pytest.mark.parametrize("narrowed", [{}, {"local": True}, {"remote": True}])
async def test_pages_of_pictures_lead_from_one_to_the_next(large: Office, narrowed: dict[str, Any]) -> None:
    api = large.api(large.people["ben"])
    whole = [one["id"] for one in (await api.get("/api/v1/timelines/public", only_media=True, **narrowed)).json()]
    walked, answer = [], await api.get("/api/v1/timelines/public", only_media=True, limit=1, **narrowed)
    while answer.json():
        walked += [one["id"] for one in answer.json()]
        answer = await api.get(answer.links["next"])
    assert walked == whole


async def test_what_is_ours_stays_ours_when_it_is_boosted_and_answered(large: Office) -> None:
    """Ben's boost is his and ours, and no post; Rui's post that is boosted here stays Rui's."""
    async with large.services.database.reading() as session:
        newest = await session.scalar(text("SELECT max(id) FROM statuses WHERE uri LIKE 'https://porto.example/%'"))
    ben = large.api(large.people["ben"])
    assert (await ben.post(f"/api/v1/statuses/{newest}/reblog")).status == 200
    local = (await ben.get("/api/v1/timelines/public", local=True)).json()
    assert {one["account"]["username"] for one in local} == {"ana"}
    async with large.services.database.reading() as session:
        boosts = "SELECT is_local, account_id FROM statuses WHERE boost_of_id IS NOT NULL"
        assert [tuple(row) for row in await session.execute(text(boosts))] == [(1, large.people["ben"].id)]
