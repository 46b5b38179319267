"""Collections over HTTP: what is in them, page by page, for whom, and at what price."""

from collections.abc import AsyncIterator

import pytest

from federation.json_ld import normalise
from federation.json_ld.terms import PUBLIC
from federation.serving import collections
from models import Database
from models.accounts import Account
from models.relations import Follow
from models.statuses import StatusTag
from social.featured_tags import feature_tag
from social.tags import find_or_create_tag
from tests.federation.office import ADDRESSES, ALICE_ID, BOB_ID, NOW, remote_account, tag
from tests.federation.served_office import (
    ALICE_PATH,
    PRIVATE_ID,
    PUBLIC_ID,
    UNLISTED_ID,
    ServedOffice,
    add_status,
    served,
)
from tests.federation.test_documents_bundles import counted_statements

ALICE_URI = ADDRESSES.actor(ALICE_ID)


@pytest.fixture
async def closed(database: Database) -> AsyncIterator[ServedOffice]:
    async with served(database) as office:
        yield office


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[ServedOffice]:
    async with served(database, is_closed=False) as office:
        yield office


def local(uri: str) -> str:
    return uri.removeprefix(ADDRESSES.origin)


async def all_items(office: ServedOffice, path: str, **reader: str) -> list[object]:
    """Everything in a collection, page by page."""
    found: list[object] = []
    following = local((await office.document(path, **reader))["first"])
    for _ in range(20):
        page = await office.document(following, **reader)
        assert page["partOf"] == f"{ADDRESSES.origin}{path}"
        found += page["orderedItems"] if "orderedItems" in page else page["items"]
        if "next" not in page:
            return found
        following = local(page["next"])
    raise AssertionError("the pages don't end")


async def follow(database: Database, number: int, follower: Account, *, followee_id: int = ALICE_ID) -> None:
    async with database.unit_of_work() as unit:
        if await unit.session.get(Account, follower.id) is None:
            unit.session.add(follower)
            await unit.session.flush()
        unit.session.add(Follow(id=number, uri=f"{follower.uri}/follows/{number}", follower_id=follower.id,
                                followee_id=followee_id, state="accepted", created_at=NOW))  # fmt: skip


async def test_an_outbox_holds_what_its_reader_may_see_newest_first(closed: ServedOffice, database: Database) -> None:
    await add_status(database, 600, BOB_ID)
    await add_status(
        database, 601, boost_of_id=600, object_type="Announce", uri=f"{ADDRESSES.status(ALICE_ID, 601)}/activity"
    )
    path = f"{ALICE_PATH}/outbox"
    ids = {by: [item["object"] for item in await all_items(closed, path, by=by)] for by in ("gina", "carol")}  # type: ignore[index]
    assert ids["gina"][0] == ADDRESSES.status(BOB_ID, 600)
    assert [item["id"] for item in ids["gina"][1:]] == [ADDRESSES.status(ALICE_ID, n) for n in (UNLISTED_ID, PUBLIC_ID)]
    assert [item["id"] for item in ids["carol"][1:]] == [
        ADDRESSES.status(ALICE_ID, n) for n in (PRIVATE_ID, UNLISTED_ID, PUBLIC_ID)
    ]
    assert await all_items(closed, path, by="frank") == []


async def test_an_outbox_page_is_a_document_that_we_can_read(closed: ServedOffice) -> None:
    page = normalise(await closed.document(f"{ALICE_PATH}/outbox?page=true", by="gina"))
    assert page["type"] == "OrderedCollectionPage"
    assert [item["type"] for item in page["items"]] == ["Create", "Create"]
    assert all("@context" not in item and PUBLIC in (*item["to"], *item["cc"]) for item in page["items"])


async def test_an_outbox_is_read_page_by_page(
    closed: ServedOffice, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collections, "STATUSES_PER_PAGE", 3)
    for number in range(600, 607):
        await add_status(database, number)
    found = [item["object"]["id"] for item in await all_items(closed, f"{ALICE_PATH}/outbox", by="gina")]  # type: ignore[index]
    expected = [*range(606, 599, -1), UNLISTED_ID, PUBLIC_ID]
    assert found == [ADDRESSES.status(ALICE_ID, number) for number in expected]


@pytest.mark.parametrize("count", [20, 40])
async def test_an_outbox_page_costs_the_same_however_long_it_is(database: Database, count: int) -> None:
    async with served(database) as office:
        for number in range(600, 600 + count - 2):
            await add_status(database, number, object_type="Question" if number == 600 else "Note")
        path = f"{ALICE_PATH}/outbox?page=true"
        await office.document(path, by="gina")
        with counted_statements(database) as statements:
            page = await office.document(path, by="gina")
    assert len(page["orderedItems"]) == count
    assert len([text for text in statements if text.startswith("SELECT")]) == 7


@pytest.mark.parametrize("count", [20, 40])
@pytest.mark.parametrize("path", [f"{ALICE_PATH}/followers?page=true", f"/contexts/{PUBLIC_ID}?page=true"])
async def test_pages_of_ids_cost_the_same_however_long_they_are(database: Database, path: str, count: int) -> None:
    async with served(database) as office:
        for number in range(count - 1):
            await follow(database, 100 + number, remote_account(9000 + number, f"fan{number}", "fans.test"))
            await add_status(database, 600 + number, conversation_id=PUBLIC_ID)
        await office.document(path, by="gina")
        with counted_statements(database) as statements:
            page = await office.document(path, by="gina")
    assert len(page["orderedItems"]) == count
    assert len([text for text in statements if text.startswith("SELECT")]) <= 4


@pytest.mark.parametrize("name", ["followers", "following"])
async def test_in_an_open_network_the_number_is_public_and_the_names_are_not(opened: ServedOffice, name: str) -> None:
    document = await opened.document(f"{ALICE_PATH}/{name}")
    assert document["totalItems"] == (1 if name == "followers" else 0)
    assert "first" not in document
    assert (await opened.get(f"{ALICE_PATH}/{name}?page=true")).status == 401
    assert (await opened.get(f"{ALICE_PATH}/{name}?page=true", by="gina")).status == 404
    assert "first" not in await opened.document(f"{ALICE_PATH}/{name}", by="gina")
    for reader in ({"by": "carol"}, {"token": "alice"}):
        found = await all_items(opened, f"{ALICE_PATH}/{name}", **reader)
        assert found == (["https://peer.test/users/carol"] if name == "followers" else [])


async def test_among_colleagues_members_are_shown_unless_the_account_is_locked(
    closed: ServedOffice, database: Database
) -> None:
    path = f"{ALICE_PATH}/followers"
    assert await all_items(closed, path, by="gina") == ["https://peer.test/users/carol"]
    assert (await closed.get(f"{path}?page=true", by="frank")).status == 404
    async with database.unit_of_work() as unit:
        (await unit.session.get_one(Account, ALICE_ID)).is_locked = True
    assert (await closed.get(f"{path}?page=true", by="gina")).status == 404
    assert "first" not in await closed.document(path, by="gina")
    assert await all_items(closed, path, by="carol") == ["https://peer.test/users/carol"]


async def test_followers_are_read_page_by_page(
    closed: ServedOffice, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collections, "IDS_PER_PAGE", 3)
    for number in range(7):
        await follow(database, 100 + number, remote_account(9000 + number, f"fan{number}", "fans.test"))
    found = await all_items(closed, f"{ALICE_PATH}/followers", token="alice")
    assert found == [
        *(f"https://fans.test/users/fan{number}" for number in range(6, -1, -1)), "https://peer.test/users/carol",
    ]  # fmt: skip


async def test_a_peer_is_told_its_own_followers_and_nobody_elses(closed: ServedOffice, database: Database) -> None:
    """FEP-8fcf; case O43."""
    await follow(database, 100, remote_account(9000, "fan", "fans.test"))
    await follow(database, 101, remote_account(9001, "spy", "peer.test.evil.test"))
    path = f"{ALICE_PATH}/followers_synchronization"
    for by in ("peer", "gina"):
        document = await closed.document(path, by=by)
        assert document["orderedItems"] == ["https://peer.test/users/carol"]
        assert document["id"] == f"{ADDRESSES.origin}{path}"
    assert (await closed.document(path, by="quiet"))["orderedItems"] == []
    assert (await closed.get(path, token="alice")).status == 404


async def test_synchronization_needs_a_signature_in_every_network(opened: ServedOffice) -> None:
    assert (await opened.get(f"{ALICE_PATH}/followers_synchronization")).status == 401


async def test_pinned_statuses_are_shown_whole_to_those_who_may_see_them(
    closed: ServedOffice, database: Database
) -> None:
    await add_status(database, 600, pinned_at=NOW)
    await add_status(database, 601, pinned_at=NOW, visibility="private")
    path = f"{ALICE_PATH}/collections/featured"
    for by, expected in (("gina", [600]), ("carol", [601, 600])):
        items = (await closed.document(path, by=by))["orderedItems"]
        assert [item["id"] for item in items] == [ADDRESSES.status(ALICE_ID, number) for number in expected]
    assert all(item["type"] == "Note" and item["content"] for item in items)


async def test_featured_tags_are_a_collection_of_hashtags(closed: ServedOffice, database: Database) -> None:
    path = f"{ALICE_PATH}/collections/tags"
    document = await closed.document(path, by="gina")
    assert (document["type"], document["totalItems"], document["items"]) == ("Collection", 0, [])
    async with database.unit_of_work() as unit:
        tag = await find_or_create_tag(unit, "grosse", "Größe")
        alice = await unit.session.get_one(Account, ALICE_ID)
        await feature_tag(unit, alice, tag)
    items = (await closed.document(path, by="gina"))["items"]
    assert items == [{"type": "Hashtag", "href": ADDRESSES.tag("grosse"), "name": "#Größe"}]


async def test_replies_and_contexts_list_what_the_reader_may_see_oldest_first(
    closed: ServedOffice, database: Database
) -> None:
    thread = {"conversation_id": PUBLIC_ID, "in_reply_to_id": PUBLIC_ID}
    await add_status(database, 601, visibility="private", **thread)
    await add_status(database, 600, **thread)
    await add_status(database, 602, BOB_ID, visibility="direct", **thread)
    await add_status(database, 603, BOB_ID, boost_of_id=PUBLIC_ID, conversation_id=PUBLIC_ID)
    replies, context = f"{ALICE_PATH}/statuses/{PUBLIC_ID}/replies", f"/contexts/{PUBLIC_ID}"
    for by, expected in (("gina", [600]), ("carol", [600, 601])):
        uris = [ADDRESSES.status(ALICE_ID, number) for number in expected]
        assert await all_items(closed, replies, by=by) == uris
        assert await all_items(closed, context, by=by) == [ADDRESSES.status(ALICE_ID, PUBLIC_ID), *uris]
        assert (await closed.document(context, by=by))["totalItems"] == len(expected) + 1
    assert (await closed.get("/contexts/12345", by="gina")).status == 404


async def test_a_conversation_of_which_one_may_see_nothing_is_absent(closed: ServedOffice) -> None:
    assert (await closed.get(f"/contexts/{PRIVATE_ID}", by="gina")).status == 404
    assert (await closed.get(f"/contexts/{PRIVATE_ID}", by="carol")).status == 200


@pytest.mark.parametrize(("name", "total"), [("likes", 4), ("shares", 5)])
async def test_likes_and_shares_are_counted(closed: ServedOffice, database: Database, name: str, total: int) -> None:
    await add_status(database, 600, favourites_count=4, boosts_count=5)
    document = await closed.document(f"{ALICE_PATH}/statuses/600/{name}", by="gina")
    assert (document["type"], document["totalItems"]) == ("Collection", total)
    assert document["id"] == f"{ADDRESSES.status(ALICE_ID, 600)}/{name}"


async def test_an_archive_lists_public_statuses_of_ours_in_pages_that_stay(
    closed: ServedOffice, database: Database
) -> None:
    await add_status(database, 600, visibility="unlisted")
    await add_status(database, 601)
    async with database.unit_of_work() as unit:
        carol = await unit.session.get_one(Account, 2001)
        unit.session.add(tag(1, "grun"))
        await unit.session.flush()
        # That one is marked isn't enough: 600 isn't public.
        marked = [StatusTag(status_id=number, tag_id=1, is_archived=True) for number in (PUBLIC_ID, 600, 601)]
        unit.session.add_all(marked)
    await add_status(database, 700, carol.id, uri="https://peer.test/notes/700")
    async with database.unit_of_work() as unit:
        unit.session.add(StatusTag(status_id=700, tag_id=1))
    archive = await closed.document("/tags/GR%C3%9CN/outbox", by="gina")
    assert (archive["id"], archive["totalItems"]) == (f"{ADDRESSES.tag('grun')}/outbox", 2)
    page = await closed.document("/tags/grun/outbox?page=true", by="gina")
    expected = [ADDRESSES.status(ALICE_ID, number) for number in (601, PUBLIC_ID)]
    assert [(item["type"], item["actor"], item["object"]) for item in page["orderedItems"]] == [
        ("Announce", ADDRESSES.tag("grun"), uri) for uri in expected
    ]
    older = await closed.document("/tags/grun/outbox?before=601", by="gina")
    assert [item["object"] for item in older["orderedItems"]] == expected[1:]
    topic = await closed.document("/tags/Gr%C3%BCn", by="gina")
    assert (topic["id"], topic["type"], topic["preferredUsername"]) == (ADDRESSES.tag("grun"), "Service", "tag-grun")
    assert topic["publicKey"]["id"] == f"{topic['id']}#main-key"
    for path in ("/tags/unheard", "/tags/unheard/outbox", "/tags/%23%20"):
        assert (await closed.get(path, by="gina")).status == 404
    stubs = [await closed.document(path) for path in ("/tags/grun", "/tags/unheard")]
    assert [sorted(stub) for stub in stubs] == [sorted(stubs[0])] * 2  # a stranger can't tell which one is used
