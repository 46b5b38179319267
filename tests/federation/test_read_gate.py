"""Who may read what, over HTTP: closed and open networks, every kind of reader, every kind of status."""

from collections.abc import AsyncIterator

import pytest

from federation.documents import create_uri
from keys.signing import Scheme
from models import Database
from models.accounts import Account
from tests.federation.office import ADDRESSES, ALICE_ID
from tests.federation.served_office import (
    ALICE_PATH,
    DIRECT_ID,
    GONE_ID,
    LOCAL_ID,
    PRIVATE_ID,
    PUBLIC_ID,
    UNLISTED_ID,
    ServedOffice,
    served,
)

STUB = {"@context", "id", "type", "preferredUsername", "inbox", "endpoints", "publicKey", "assertionMethod"}


@pytest.fixture
async def closed(database: Database) -> AsyncIterator[ServedOffice]:
    async with served(database) as office:
        yield office


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[ServedOffice]:
    async with served(database, is_closed=False) as office:
        yield office


def path_of(status_id: int) -> str:
    return f"{ALICE_PATH}/statuses/{status_id}"


GUARDED = [
    f"{ALICE_PATH}/{rest}"
    for rest in (
        "outbox", "outbox?page=true", "followers", "following", "followers_synchronization", "collections/featured",
        "collections/tags", f"statuses/{PUBLIC_ID}", f"statuses/{PUBLIC_ID}/activity", f"statuses/{PUBLIC_ID}/replies",
        f"statuses/{PUBLIC_ID}/likes", f"statuses/{PUBLIC_ID}/shares", f"statuses/{GONE_ID}", "statuses/9",
        "quote_authorizations/9",
    )
]  # fmt: skip
GUARDED += [
    f"/contexts/{PUBLIC_ID}",
    "/activities/9",
    "/follows/9",
    "/tags/tea/outbox",
    "/actor/outbox",
    "/users/9/outbox",
]


@pytest.mark.parametrize("path", GUARDED)
async def test_in_a_closed_network_strangers_get_the_same_answer_everywhere(closed: ServedOffice, path: str) -> None:
    response = await closed.get(path)
    assert response.status == 401
    assert response.content_type == "application/problem+json"
    assert (await response.json(content_type=None))["reason"] == "missing"
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("scheme", [Scheme.RFC9421_ED25519, Scheme.CAVAGE_ED25519])
async def test_a_confirmed_peer_reads_by_either_scheme(closed: ServedOffice, scheme: Scheme) -> None:
    response = await closed.get(path_of(PUBLIC_ID), by="gina", scheme=scheme)
    assert response.status == 200
    assert response.headers["Vary"] == "Accept, Signature, Signature-Input, Authorization"
    assert "no-store" in response.headers["Cache-Control"]


async def test_an_unconfirmed_server_reads_nothing(closed: ServedOffice) -> None:
    response = await closed.get(path_of(PUBLIC_ID), by="mallory")
    assert response.status == 403
    assert "content" not in await response.text()


async def test_a_signature_for_another_address_is_no_signature(closed: ServedOffice) -> None:
    headers = closed.signed(path_of(UNLISTED_ID), "gina")
    response = await closed.get(path_of(PUBLIC_ID), headers=headers)
    assert response.status == 401


READERS: dict[str, set[int]] = {
    "gina": {PUBLIC_ID, UNLISTED_ID},
    "carol": {PUBLIC_ID, UNLISTED_ID, PRIVATE_ID},
    "erin": {PUBLIC_ID, UNLISTED_ID, DIRECT_ID},
    "peer": {PUBLIC_ID, UNLISTED_ID, PRIVATE_ID},
    "quiet": {PUBLIC_ID, UNLISTED_ID},
    "frank": set(),
}


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "open"])
async def test_everybody_reads_what_is_for_them(database: Database, is_closed: bool) -> None:
    statuses = (PUBLIC_ID, UNLISTED_ID, PRIVATE_ID, DIRECT_ID, LOCAL_ID)
    async with served(database, is_closed=is_closed) as office:
        for reader, allowed in READERS.items():
            for suffix in ("", "/activity", "/replies", "/likes"):
                answers = {number: await office.get(path_of(number) + suffix, by=reader) for number in statuses}
                assert {number for number, answer in answers.items() if answer.status == 200} == allowed, reader
                assert {answer.status for answer in answers.values()} <= {200, 404}


async def test_absent_and_forbidden_look_alike(closed: ServedOffice) -> None:
    forbidden = await closed.get(path_of(DIRECT_ID), by="gina")
    absent = await closed.get(path_of(999), by="gina")
    assert forbidden.status == absent.status == 404
    assert await forbidden.text() == await absent.text()


async def test_owners_and_colleagues_read_with_a_token(closed: ServedOffice) -> None:
    everything = (PUBLIC_ID, UNLISTED_ID, PRIVATE_ID, DIRECT_ID, LOCAL_ID)
    for token, allowed in (("alice", set(everything)), ("bob", {PUBLIC_ID, UNLISTED_ID, LOCAL_ID})):
        found = {number for number in everything if (await closed.get(path_of(number), token=token)).status == 200}
        assert found == allowed
    wrong = await closed.get(path_of(PUBLIC_ID), token="nobody")
    assert wrong.status == 401


async def test_in_an_open_network_everybody_reads_what_is_public(opened: ServedOffice) -> None:
    response = await opened.get(path_of(PUBLIC_ID))
    assert (response.status, response.headers["Cache-Control"]) == (200, "public, max-age=180")
    assert (await opened.get(path_of(PRIVATE_ID))).status == 404
    assert (await opened.get(path_of(LOCAL_ID))).status == 404
    signed = await opened.get(path_of(PUBLIC_ID), by="mallory")
    assert (signed.status, signed.headers["Cache-Control"]) == (200, "private, no-store")


async def test_a_wrong_signature_is_refused_in_an_open_network_too(opened: ServedOffice) -> None:
    headers = opened.signed(path_of(UNLISTED_ID), "gina")
    assert (await opened.get(path_of(PUBLIC_ID), headers=headers)).status == 401


@pytest.mark.parametrize("by", [None, "mallory"])
async def test_strangers_get_the_key_stub_of_an_actor_and_no_more(closed: ServedOffice, by: str | None) -> None:
    document = await closed.document(ALICE_PATH, by=by)
    assert document.keys() == STUB
    assert document["id"] == ADDRESSES.actor(ALICE_ID)
    assert document["publicKey"]["publicKeyPem"]


async def test_a_broken_signature_still_gets_the_key(closed: ServedOffice) -> None:
    response = await closed.get(ALICE_PATH, headers={"Signature": 'keyId="x",signature="eA=="'})
    assert response.status == 200
    assert (await response.json(content_type=None)).keys() == STUB


async def test_a_peer_gets_the_whole_actor(closed: ServedOffice) -> None:
    assert (await closed.document(ALICE_PATH, by="gina")).keys() > STUB


async def test_the_stub_of_one_reader_is_not_kept_for_another(closed: ServedOffice) -> None:
    first = await closed.document(ALICE_PATH)
    second = await closed.document(ALICE_PATH, by="gina")
    assert await closed.document(ALICE_PATH) == first
    assert first != second


async def test_the_instance_actor_is_read_by_all_and_no_signature_is_looked_at(closed: ServedOffice) -> None:
    """Case S36: the peer that must verify us may itself be unknown to us."""
    response = await closed.get("/actor", by="mallory", headers={"Signature-Input": "nonsense"})
    document = await response.json(content_type=None)
    assert response.status == 200
    assert document["id"] == ADDRESSES.instance_actor
    assert document["implements"]
    assert (await closed.get("/actor")).status == 200


async def test_what_is_deleted_is_gone_for_those_who_may_ask(closed: ServedOffice) -> None:
    response = await closed.get(path_of(GONE_ID), by="gina")
    document = await response.json(content_type=None)
    assert (response.status, document["type"], document["formerType"]) == (410, "Tombstone", "Note")
    assert document["id"] == ADDRESSES.status(ALICE_ID, GONE_ID)


async def test_a_suspended_author_publishes_nothing(closed: ServedOffice, database: Database) -> None:
    async with database.unit_of_work() as unit:
        (await unit.session.get_one(Account, ALICE_ID)).suspended_at = unit.now
    for path in (ALICE_PATH, f"{ALICE_PATH}/outbox", path_of(PUBLIC_ID), create_uri(path_of(PUBLIC_ID))):
        assert (await closed.get(path, by="carol")).status == 404


async def test_numbers_beyond_every_id_are_absent(closed: ServedOffice) -> None:
    huge = "9" * 19
    for path in (f"/users/{huge}", f"{ALICE_PATH}/statuses/{huge}", f"/activities/{huge}", f"/contexts/{huge}"):
        assert (await closed.get(path, by="gina")).status == 404
    assert (await closed.get(f"{ALICE_PATH}/outbox?page=true&max_id={huge}", by="gina")).status == 200
