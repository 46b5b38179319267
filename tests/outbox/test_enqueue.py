"""An activity becomes bytes once and a row for each inbox: whom it reaches, and whom it must not."""

import hashlib
from datetime import UTC, datetime

import orjson
import pytest
from sqlalchemy.exc import IntegrityError

from federation.trust.keyring import SigningKey
from keys.integrity_proofs import proofs_of, verify_proof
from keys.keypairs import generate_ed25519
from models import Database
from models.signals import DELIVERIES
from outbox.enqueue import PEERING_GATE, distinct_targets, enqueue
from tests.outbox.cast import anybody, counting_statements, create_note, deliveries, follower, local_account

OWN = "https://office.test"


async def test_followers_with_one_shared_inbox_get_one_delivery_and_mentioned_ones_are_added(
    database: Database,
) -> None:
    async with database.unit_of_work() as unit:
        ana = await local_account(unit)
        for number in range(3):
            await follower(unit, ana, f"https://peer.test/u/{number}/inbox", shared_inbox_url="https://peer.test/inbox")
        await follower(unit, ana, "https://lone.test/inbox")
        document = create_note(unit, ana)
        await enqueue(unit, account=ana, document=document, ordering_key=document["object"]["id"], gate=PEERING_GATE,
                      to_followers_of=ana.id,
                      inbox_urls=["https://peer.test/inbox", "https://mentioned.test:8443/inbox"])  # fmt: skip
    rows = await deliveries(database)
    assert {(row.inbox_url, row.host) for row in rows} == {
        ("https://peer.test/inbox", "peer.test"),
        ("https://lone.test/inbox", "lone.test"),
        ("https://mentioned.test:8443/inbox", "mentioned.test:8443"),
    }
    assert {row.ordering_key for row in rows} == {document["object"]["id"]}
    assert await database.signals.wait(DELIVERIES, 0)


async def test_the_host_is_that_of_the_inbox_not_the_domain_of_the_handle(database: Database) -> None:
    async with database.unit_of_work() as unit:
        ana = await local_account(unit)
        await follower(unit, ana, "https://social.split.test/inbox", domain="split.test")
        document = create_note(unit, ana)
        await enqueue(unit, account=ana, document=document, ordering_key="k", gate=PEERING_GATE, to_followers_of=ana.id)
    assert [row.host for row in await deliveries(database)] == ["social.split.test"]


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "pending"},
        {"suspended_at": datetime.now(UTC)},
        {"gone_at": datetime.now(UTC)},
        {"domain": None},
    ],
)
async def test_who_does_not_follow_any_more_or_not_yet_gets_nothing(
    database: Database, columns: dict[str, object]
) -> None:
    async with database.unit_of_work() as unit:
        ana = await local_account(unit)
        await follower(unit, ana, "https://peer.test/inbox", **columns)
        await follower(unit, ana, "https://friend.test/inbox")
        document = create_note(unit, ana)
        await enqueue(unit, account=ana, document=document, ordering_key="k", gate=PEERING_GATE, to_followers_of=ana.id)
    assert [row.host for row in await deliveries(database)] == ["friend.test"]


@pytest.mark.parametrize(
    "url",
    [
        "https://office.test/inbox",
        "https://OFFICE.test:443/users/1/inbox",
        "https://office.test./inbox",
        "https://blocked.test/inbox",
        "ftp://peer.test/inbox",
        "https://user@peer.test/inbox",
        "javascript:alert(1)",
        "",
    ],
)
def test_no_target_is_ours_a_strangers_or_no_url(url: str) -> None:
    targets = distinct_targets(
        [url, "https://peer.test/inbox"], own_origin=OWN, allows=lambda host: host != "blocked.test"
    )
    assert targets == {"https://peer.test/inbox": "peer.test"}


def test_two_spellings_of_one_inbox_are_one_target() -> None:
    urls = ["https://Peer.test/inbox", "https://peer.test:443/inbox#x", "https://peer.test/inbox"]
    assert distinct_targets(urls, own_origin=OWN, allows=anybody) == {"https://peer.test/inbox": "peer.test"}


async def test_blind_recipients_are_in_no_bytes(database: Database) -> None:
    async with database.unit_of_work() as unit:
        ana = await local_account(unit)
        document = create_note(unit, ana, bto=["https://secret.test/a"], bcc="https://secret.test/b")
        document["object"] |= {"bto": ["https://secret.test/c"], "bcc": ["https://secret.test/d"]}
        wrapped = {**create_note(unit, ana), "type": "Announce", "object": [document]}
        sent = await enqueue(unit, account=ana, document=document, ordering_key="k", gate=PEERING_GATE)
        again = await enqueue(unit, account=ana, document=wrapped, ordering_key="k", gate=PEERING_GATE)
    for body in (sent.body, again.body):
        assert b"secret.test" not in body
        assert b"bto" not in body
        assert b"bcc" not in body
    assert b"hello" in again.body
    assert document["bto"] == ["https://secret.test/a"]  # the caller's document is his


async def test_the_bytes_are_made_once_with_digest_and_proof(database: Database) -> None:
    key = generate_ed25519()
    async with database.unit_of_work() as unit:
        ana = await local_account(unit)
        document = create_note(unit, ana)
        signing_key = SigningKey(f"{ana.uri}#ed25519-key", key)
        sent = await enqueue(unit, account=ana, document=document, ordering_key="k", gate=PEERING_GATE,
                             inbox_urls=["https://peer.test/inbox"], sign_proof=signing_key)  # fmt: skip
    assert sent.digest == hashlib.sha256(sent.body).digest()
    received = orjson.loads(sent.body)
    (proof,) = proofs_of(received)
    assert proof["verificationMethod"] == signing_key.key_id
    assert verify_proof(received, proof, key.public, datetime.now(UTC))["object"] == document["object"]
    assert sent.object_uri == document["object"]["id"]


async def test_ids_of_deliveries_rise_in_the_order_of_publication(database: Database) -> None:
    async with database.unit_of_work() as unit:
        ana = await local_account(unit)
        for _ in range(3):
            await enqueue(unit, account=ana, document=create_note(unit, ana), ordering_key="k", gate=PEERING_GATE,
                          inbox_urls=["https://a.test/inbox", "https://b.test/inbox"])  # fmt: skip
    rows = await deliveries(database)
    assert [row.activity_id for row in rows] == sorted(row.activity_id for row in rows)


async def test_ten_followers_cost_as_many_statements_as_a_hundred(database: Database) -> None:
    async def statements_for(followers: int) -> int:
        async with database.unit_of_work() as unit:
            ana = await local_account(unit, f"ana{followers}")
            for number in range(followers):
                await follower(unit, ana, f"https://peer{number}.test/inbox")
        with counting_statements(database) as seen:
            async with database.unit_of_work() as unit:
                await enqueue(unit, account=ana, document=create_note(unit, ana), ordering_key="k", gate=PEERING_GATE,
                              to_followers_of=ana.id, inbox_urls=["https://mentioned.test/inbox"])  # fmt: skip
        return len([statement for statement in seen if not statement.startswith("BEGIN")])

    few, many = await statements_for(10), await statements_for(100)
    assert len(await deliveries(database)) == 112
    assert few == many <= 4  # activity, followers, deliveries, and PostgreSQL's NOTIFY


async def test_a_unit_that_fails_queues_nothing(database: Database) -> None:
    async with database.unit_of_work() as unit:
        ana = await local_account(unit)
        document = create_note(unit, ana)
        await enqueue(unit, account=ana, document=document, ordering_key="k", gate=PEERING_GATE)
    with pytest.raises(IntegrityError):
        async with database.unit_of_work() as unit:
            await enqueue(unit, account=ana, document=create_note(unit, ana), ordering_key="k", gate=PEERING_GATE,
                          inbox_urls=["https://peer.test/inbox"])  # fmt: skip
            await enqueue(unit, account=ana, document=document, ordering_key="k", gate=PEERING_GATE)
    assert await deliveries(database) == []
