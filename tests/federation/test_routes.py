"""HTTP around the documents: representations, caching, browsers, and single things that have an address."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from federation.serving.answers import ReadRefused
from federation.serving.negotiation import LD_JSON
from models import Database
from models.accounts import Account
from models.activities import Delivery, OutboundActivity
from models.relations import Follow
from models.statuses import Status
from social.accounts import remove_account
from tests.federation.office import ADDRESSES, ALICE_ID, BOB_ID, NOW
from tests.federation.served_office import ALICE_PATH, PRIVATE_ID, PUBLIC_ID, ServedOffice, add_status, served
from tests.federation.test_documents_bundles import counted_statements


@pytest.fixture
async def closed(database: Database) -> AsyncIterator[ServedOffice]:
    async with served(database) as office:
        yield office


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[ServedOffice]:
    async with served(database, is_closed=False) as office:
        yield office


class Shown:
    """Pages that say what they were asked for."""

    async def profile(self, request: web.Request, account: Account) -> web.Response:
        return web.Response(text=f"profile {account.username}", content_type="text/html")

    async def status(self, request: web.Request, status: Status) -> web.Response:
        return web.Response(text=f"status {status.id}", content_type="text/html")

    async def tag(self, request: web.Request, name: str) -> web.Response:
        return web.Response(text=f"tag {name}", content_type="text/html")

    async def refused(self, request: web.Request, refused: ReadRefused) -> web.Response:
        return web.Response(text=f"page of the refusal {refused.status}", status=refused.status)


async def add_activity(database: Database, number: int, **more: object) -> None:
    values = {"activity_type": "Like", "visibility": "direct", "body": b'{"id":"as sent"}', **more}
    async with database.unit_of_work() as unit:
        unit.session.add(OutboundActivity(id=number, uri=ADDRESSES.activity(number), account_id=ALICE_ID,
                                          digest=b"", created_at=NOW, **values))  # fmt: skip


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("application/activity+json", "application/activity+json"), (LD_JSON, LD_JSON)],
)
@pytest.mark.parametrize("path", [ALICE_PATH, f"{ALICE_PATH}/statuses/{PUBLIC_ID}"])
async def test_the_content_type_is_the_one_asked_for(
    opened: ServedOffice, path: str, accept: str, content_type: str
) -> None:
    response = await opened.get(path, accept=accept)
    assert response.headers["Content-Type"] == content_type
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert (await response.json(content_type=None))["id"] == f"{ADDRESSES.origin}{path}"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (ALICE_PATH, "profile alice"),
        (f"{ALICE_PATH}/statuses/{PRIVATE_ID}", f"status {PRIVATE_ID}"),
        ("/tags/tea", "tag tea"),
    ],
)
async def test_browsers_get_pages_which_decide_for_themselves(database: Database, path: str, text: str) -> None:
    async with served(database, pages=Shown()) as office:
        response = await office.get(path, accept="text/html")
        assert (response.status, await response.text()) == (200, text)
        assert response.headers["Vary"].startswith("Accept, Signature")


async def test_without_pages_a_browser_gets_a_sentence_and_no_content(opened: ServedOffice) -> None:
    for path, status in ((ALICE_PATH, 200), (f"{ALICE_PATH}/statuses/{PUBLIC_ID}", 200), ("/users/9", 404),
                         (f"{ALICE_PATH}/statuses/{PRIVATE_ID}", 404), (f"{ALICE_PATH}/statuses/9", 404)):  # fmt: skip
        response = await opened.get(path, accept="text/html")
        assert (response.status, response.content_type) == (status, "text/html")
        assert "Good morning" not in await response.text()


async def test_an_unchanged_document_is_not_sent_again(opened: ServedOffice, database: Database) -> None:
    first = await opened.get(ALICE_PATH)
    again = await opened.get(ALICE_PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")
    assert again.headers["Vary"] == first.headers["Vary"]
    async with database.unit_of_work() as unit:
        alice = await unit.session.get_one(Account, ALICE_ID)
        alice.display_name, alice.updated_at = "Alicia", unit.now
    changed = await opened.get(ALICE_PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status, (await changed.json(content_type=None))["name"]) == (200, "Alicia")


async def test_a_known_actor_document_costs_one_query_and_none_while_nothing_changes(
    opened: ServedOffice, database: Database
) -> None:
    await opened.document(ALICE_PATH)
    for others_wrote, queries in ((True, 1), (False, 0)):
        if others_wrote:
            async with database.unit_of_work() as unit:
                (await unit.session.get_one(Account, BOB_ID)).display_name = "Roberto"
        with counted_statements(database) as statements:
            await opened.document(ALICE_PATH)
        asked = [text for text in statements if text.startswith("SELECT") and "pg_current_snapshot" not in text]
        assert len(asked) == queries or not database.is_sqlite  # PostgreSQL cleans up by itself: a change, too


async def test_replaced_keys_are_seen_within_a_minute(opened: ServedOffice, database: Database) -> None:
    before = await opened.document(ALICE_PATH)
    async with database.unit_of_work() as unit:
        await opened.services.keyring.rotate(unit, await unit.session.get_one(Account, ALICE_ID))
    database.clock.advance(seconds=61)  # type: ignore[attr-defined]
    after = await opened.document(ALICE_PATH)
    assert after["publicKey"]["id"] == f"{before['publicKey']['id']}-2"
    assert {key["id"] for key in before["assertionMethod"]} < {key["id"] for key in after["assertionMethod"]}


async def test_an_account_that_left_is_a_tombstone_for_everybody(closed: ServedOffice, database: Database) -> None:
    async with database.unit_of_work() as unit:
        await remove_account(unit, await unit.session.get_one(Account, ALICE_ID))
    for by in (None, "gina"):
        response = await closed.get(ALICE_PATH, by=by)
        document = await response.json(content_type=None)
        assert (response.status, document["type"], document["formerType"]) == (410, "Tombstone", "Person")
    assert (await closed.get(ALICE_PATH, accept="text/html")).status == 404


async def test_accounts_of_others_have_no_address_here(closed: ServedOffice) -> None:
    for path in ("/users/2001", "/users/2001/outbox", "/users/2001/followers"):
        assert (await closed.get(path, by="gina")).status == 404


async def test_a_status_is_only_found_under_its_own_author(closed: ServedOffice) -> None:
    assert (await closed.get(f"/users/1002/statuses/{PUBLIC_ID}", by="gina")).status == 404


async def test_a_boost_is_its_announce(closed: ServedOffice, database: Database) -> None:
    uri = f"{ADDRESSES.status(ALICE_ID, 600)}/activity"
    await add_status(database, 600, boost_of_id=PUBLIC_ID, object_type="Announce", uri=uri)
    document = await closed.document(f"{ALICE_PATH}/statuses/600/activity", by="gina")
    assert (document["id"], document["type"]) == (uri, "Announce")
    assert document["object"] == ADDRESSES.status(ALICE_ID, PUBLIC_ID)


@pytest.mark.parametrize("status_id", [PUBLIC_ID, None])
async def test_a_public_activity_is_served_in_the_bytes_that_were_sent(
    closed: ServedOffice, database: Database, status_id: int | None
) -> None:
    await add_activity(database, 900, visibility="public", status_id=status_id)
    response = await closed.get("/activities/900", by="gina")
    assert (response.status, await response.read()) == (200, b'{"id":"as sent"}')
    assert (await closed.get("/activities/900", by="frank")).status == 404


async def test_an_activity_about_a_status_follows_the_status(closed: ServedOffice, database: Database) -> None:
    await add_activity(database, 900, visibility="public", status_id=PRIVATE_ID)
    await add_activity(database, 901, visibility="private", status_id=12345)
    assert (await closed.get("/activities/900", by="gina")).status == 404
    assert (await closed.get("/activities/900", by="carol")).status == 200
    assert (await closed.get("/activities/901", by="carol")).status == 404
    assert (await closed.get("/activities/901", token="alice")).status == 200


async def test_other_activities_are_for_the_servers_they_were_sent_to(closed: ServedOffice, database: Database) -> None:
    await add_activity(database, 900)
    assert (await closed.get("/activities/900", by="gina")).status == 404
    async with database.unit_of_work() as unit:
        unit.session.add(Delivery(
            id=1, activity_id=900, account_id=ALICE_ID, inbox_url="https://peer.test/inbox", host="peer.test",
            ordering_key="", due_at=NOW, created_at=NOW,
        ))  # fmt: skip
    assert (await closed.get("/activities/900", by="gina")).status == 200
    assert (await closed.get("/activities/900", by="quiet")).status == 404
    assert (await closed.get("/activities/900", token="bob")).status == 404


async def test_a_follow_is_read_by_its_two_sides(closed: ServedOffice, database: Database) -> None:
    async with database.unit_of_work() as unit:
        unit.session.add(Follow(id=50, uri=ADDRESSES.follow(50), follower_id=ALICE_ID, followee_id=2002,
                                state="pending", created_at=NOW))  # fmt: skip
    document = await closed.document("/follows/50", by="erin")
    assert (document["id"], document["actor"]) == (ADDRESSES.follow(50), ADDRESSES.actor(ALICE_ID))
    assert document["object"] == "https://peer.test/users/erin"
    assert (await closed.get("/follows/50", token="alice")).status == 200
    assert (await closed.get("/follows/50", by="quiet")).status == 404
    assert (await closed.get("/follows/50", token="bob")).status == 404
    assert (await closed.get("/follows/1", by="carol")).status == 404


async def test_the_consent_to_a_quote_holds_as_long_as_it_is_given(closed: ServedOffice, database: Database) -> None:
    await add_status(database, 700, 2001, uri="https://peer.test/notes/700", quote_of_id=PUBLIC_ID,
                     quote_state="accepted")  # fmt: skip
    path = f"{ALICE_PATH}/quote_authorizations/700"
    document = await closed.document(path, by="gina")
    assert document["type"] == "QuoteAuthorization"
    assert document["attributedTo"] == ADDRESSES.actor(ALICE_ID)
    assert document["interactingObject"] == "https://peer.test/notes/700"
    assert document["interactionTarget"] == ADDRESSES.status(ALICE_ID, PUBLIC_ID)
    assert (await closed.get("/users/1002/quote_authorizations/700", by="gina")).status == 404
    async with database.unit_of_work() as unit:
        (await unit.session.get_one(Status, 700)).quote_state = "revoked"
    assert (await closed.get(path, by="gina")).status == 404


async def test_head_is_answered_like_get(opened: ServedOffice) -> None:
    response = await opened.client.head(ALICE_PATH, headers={"Accept": "application/activity+json"})
    assert (response.status, await response.read()) == (200, b"")
