"""What a peer says to have from us: our own word alone brings anything back, and nothing that was taken back."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from federation.dereference import NotFound, fetch_signed
from federation.json_ld import JsonObject
from federation.sync.marks import SYNC_CAPABILITY
from federation.sync.pages import ECHO_PATH, echo_url, parse_page
from inbox.sync.catch_up import request_catch_up
from keys.integrity_proofs import add_proof
from keys.keypairs import KeyKind, generate_ed25519
from models.feeds import Notification
from models.statuses import Status
from models.sync import PeerSync
from outbox.log import counters
from tests.api.across import STATUSES, Pair, body, open_pair
from tests.conftest import Clock
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC, RemoteServer

CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v1"]


def said(person: Person, kind: str, number: int, **more: Any) -> JsonObject:
    return {"@context": CONTEXT, "id": f"{person.office.origin}/activities/{number}", "type": kind, "actor": person.uri,
            "to": [PUBLIC], **more}  # fmt: skip


def note(person: Person, number: int, content: str = "<p>Lost</p>", **more: Any) -> JsonObject:
    uri = f"{person.uri}/statuses/{number}"
    return {"id": uri, "type": "Note", "attributedTo": person.uri, "to": [PUBLIC], "content": content,
            "published": "2026-11-01T10:00:00Z", **more}  # fmt: skip


async def hear(office: Office, remote: RemoteServer, told: list[JsonObject], clock: Clock) -> None:
    """Have the office ask the peer for an echo of the last hour, which is this."""
    services = office.services
    await services.hosts.announced(remote.host, [SYNC_CAPABILITY])
    since = clock() - timedelta(hours=1)
    async with services.database.unit_of_work() as unit:
        await services.peers.admit(unit, remote.host)
        await counters(unit, [remote.host])
        await unit.session.execute(
            update(PeerSync).where(PeerSync.host == remote.host).values(echo_since=since, echo_after=0)
        )
    entries = [
        {"number": number, "inbox": f"{remote.origin}/inbox", "activity": orjson.dumps(activity).decode()}
        for number, activity in enumerate(told, 1)
    ]
    page = {"generation": "00ff00ff", "after": 0, "until": len(told), "newest": len(told), "entries": entries}
    remote.documents[echo_url(remote.origin, since, 0).removeprefix(remote.origin)] = orjson.dumps(page)
    await request_catch_up(services, [remote.host])
    await office.run_until_idle()
    async with services.database.reading() as session:
        assert (await session.get_one(PeerSync, remote.host)).echo_since is None


async def test_only_our_own_word_of_lately_comes_back_and_what_was_taken_back_does_not(
    office: Office, remote: RemoteServer, clock: Clock
) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    carol = await remote.actor("carol")
    key = await office.services.keyring.signing_key(ana.id, KeyKind.ED25519)

    def proven(document: JsonObject, *, private: Any = None, age: timedelta = timedelta()) -> JsonObject:
        return add_proof(document, key=private or key.private, verification_method=key.key_id, now=clock() - age)

    def create(number: int, **more: Any) -> JsonObject:
        return said(ana, "Create", number, object=note(ana, number, **more))

    mention = {"type": "Mention", "href": bob.uri, "name": "@bob"}
    good = proven(create(101, tag=[mention], cc=[bob.uri]))
    forged = [
        create(102),
        proven(create(103), private=generate_ed25519()),
        {**proven(create(104)), "object": note(ana, 104, "<p>altered</p>")},
        proven(create(105), age=timedelta(hours=2)),
        proven({**create(106), "actor": bob.uri, "object": note(bob, 106)}),
        proven({**create(107), "id": f"{remote.origin}/activities/107"}),
        proven({**create(108), "object": {**note(ana, 108), "id": f"{bob.uri}/statuses/108"}}),
        carol.create(carol.note("<p>hers</p>")),
    ]
    taken_back = [
        proven(create(201)),
        proven(said(ana, "Delete", 202, object=note(ana, 201)["id"])),
        proven(said(ana, "Delete", 203, object=note(ana, 204)["id"])),
        proven(create(204)),
    ]
    edited = [
        proven(said(ana, "Update", 301, object=note(ana, 300, "<p>newer</p>", updated="2026-11-02T10:00:00Z"))),
        proven(create(300)),
        proven(said(ana, "Update", 302, object=note(ana, 300, "<p>older</p>", updated="2026-11-01T11:00:00Z"))),
    ]
    await hear(office, remote, [good, good, *forged, *taken_back, *edited], clock)
    async with office.services.database.reading() as session:
        found = {row.id: row.content_html for row in await session.execute(select(Status.id, Status.content_html))}
        assert found == {101: "<p>Lost</p>", 300: "<p>newer</p>"}
        assert (await session.scalars(select(Notification.id))).all() == []  # bob was told when it happened
    shown = body(await office.api(ana).get(f"/api/v1/accounts/{ana.id}/statuses"))
    assert {(one["id"], one["uri"], one["visibility"]) for one in shown} == {
        (str(number), f"{ana.uri}/statuses/{number}", "public") for number in (101, 300)
    }


async def test_an_echo_is_for_the_office_whose_words_they_are(two_offices: tuple[Office, Office]) -> None:
    pair: Pair = await open_pair(two_offices)
    madrid, lisbon = pair.offices
    await pair.ana.post("Hola")
    body(await pair.bea.api.post(STATUSES, {"status": "Olá"}))
    assert (await lisbon.get(ECHO_PATH)).status == 401
    page = parse_page((await fetch_signed(madrid.services, f"{lisbon.origin}{ECHO_PATH}")).body)
    actors = [orjson.loads(entry.body)["actor"] for entry in page.entries]
    assert set(actors) == {pair.ana.person.uri}
    later = echo_url(lisbon.origin, madrid.services.clock() + timedelta(hours=1), 0)
    assert parse_page((await fetch_signed(madrid.services, later)).body).entries == []
    async with lisbon.services.database.unit_of_work() as unit:
        await lisbon.services.peers.admit(unit, madrid.domain, is_limited=True)
    with pytest.raises(NotFound):
        await fetch_signed(madrid.services, later)
