"""Too much, too big, too often, and what kills a worker: bounded for who does it, unnoticed by the others (2d)."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import update

from inbox.incoming import Incoming, Outcome
from inbox.registry import HANDLERS
from models.activities import InboundActivity
from models.statuses import Status
from policy.limits import INBOUND_ATTEMPTS
from tests.conftest import Clock
from tests.graph import count, follower_uris, journal
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC, WRONG_KEY, RemoteActor
from tests.security.cast import send, write

HUGE = {
    "deep": b'{"type":"Create","object":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "wide": b'{"type":"Create","object":[' + b"1," * 500_000 + b"1]}",
    "long id": json.dumps({"type": "Like", "id": "https://a.test/" + "x" * 900_000}).encode(),
    "big": b'{"a":"' + b"x" * 3_000_000 + b'"}',
    "digits": b'{"type":"Like","n":' + b"9" * 900_000 + b"}",
    "keys": ("{" + ",".join(f'"k{n}":1' for n in range(60_000)) + "}").encode(),
}


@pytest.mark.filterwarnings("ignore:Sending a large body")
@pytest.mark.parametrize("name", list(HUGE))
async def test_what_is_too_big_is_refused_and_others_are_served(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, name: str
) -> None:
    """N08: signed by a confirmed peer, too."""

    async def attack() -> int:
        return (await mal.post(f"{office.origin}/inbox", HUGE[name])).status

    answers = await asyncio.gather(attack(), attack(), carol.post(alice.inbox_url, carol.follow(alice.uri)))
    assert answers[0] in (400, 413)
    assert answers[1] in (400, 413)
    assert answers[2].status == 202
    await office.run_until_idle()
    assert await follower_uris(office, alice.uri) == [carol.uri]
    assert await count(office, InboundActivity) == 1


async def test_a_loud_peer_uses_up_its_own_share_only(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor, clock: Clock
) -> None:
    """N24: 429 with Retry-After for the host that shouts, whoever there does; nothing for the others."""
    rates = office.services.rates
    rates._burst, rates._per_second = 3.0, 1.0
    loud = [await mal.post(alice.inbox_url, mal.activity("Like", alice.uri)) for _ in range(5)]
    assert [answer.status for answer in loud] == [202, 202, 202, 429, 429]
    assert int(loud[-1].headers["Retry-After"]) >= 1
    assert (await carol.post(alice.inbox_url, carol.follow(alice.uri))).status == 202
    clock.advance(seconds=10)
    assert (await mal.post(alice.inbox_url, mal.activity("Like", alice.uri))).status == 202


async def test_a_liar_does_not_use_up_the_share_of_others(office: Office, alice: Person, carol: RemoteActor) -> None:
    """N24: anybody can write carol's key id into a header; only who signs takes from her server's share."""
    rates = office.services.rates
    rates._burst, rates._per_second = 3.0, 0.001
    for _ in range(8):
        assert (await carol.post(alice.inbox_url, carol.follow(alice.uri), tamper=WRONG_KEY)).status == 401
    assert (await carol.post(alice.inbox_url, carol.follow(alice.uri))).status == 202


async def test_a_poisonous_activity_fails_alone_and_ends_as_a_dead_letter(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N25: wherever a bug may be; those who came in the same batch don't notice."""
    from dataclasses import replace

    import inbox.process as process

    async def explode(_scene: Any) -> Outcome:
        raise RuntimeError("a bug")

    def stumble(incoming: Incoming) -> Any:
        raise RuntimeError("another bug")

    interpret = process.interpret

    def trip(activity: Any, inbox_id: int, now: Any) -> Incoming:
        if activity.type == "Block":
            raise RecursionError("one more")
        return interpret(activity, inbox_id, now)

    monkeypatch.setitem(HANDLERS, "Like", replace(HANDLERS["Like"], apply=explode))
    monkeypatch.setitem(HANDLERS, "Flag", replace(HANDLERS["Flag"], references=stumble))
    monkeypatch.setattr(process, "interpret", trip)
    uri, notes = await write(office, alice), [carol.note(), carol.note()]
    inbox_url = f"{office.origin}/inbox"
    for sender, activity in ((carol, carol.create(notes[0])), (mal, mal.activity("Like", uri)),
                             (mal, mal.activity("Flag", alice.uri)), (mal, mal.activity("Block", alice.uri)),
                             (carol, carol.create(notes[1]))):  # fmt: skip
        assert (await sender.post(inbox_url, activity)).status == 202
    await office.run_until_idle()
    ended = {kind: (state, outcome) for kind, state, outcome in await journal(office)}
    assert ended["Create"] == ("done", "applied")
    assert await count(office, Status) == 3
    assert ended["Block"][0] == "failed"
    assert ended["Flag"][0] == "failed"
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(
            update(InboundActivity)
            .where(InboundActivity.state == "queued")
            .values(attempts=INBOUND_ATTEMPTS - 1, due_at=unit.now)
        )
    await office.run_until_idle()
    ended = {kind: (state, outcome) for kind, state, outcome in await journal(office)}
    assert ended["Like"] == ("failed", "RuntimeError: a bug")
    assert await send(office, carol, carol.create(carol.note())) == ["applied"]


async def test_a_server_that_never_answers_costs_its_own_activities(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    """N25: what can't be had is asked for a few times; then there is a reason and an end."""
    lost = mal.note()
    mal.server.withdraw(lost["id"], 503)
    boost = carol.activity("Announce", lost["id"], to=[PUBLIC])
    inbox_url = f"{office.origin}/inbox"
    assert (await carol.post(inbox_url, boost)).status == 202
    await office.run_until_idle()
    for _ in range(INBOUND_ATTEMPTS):
        async with office.services.database.unit_of_work() as unit:
            await unit.session.execute(
                update(InboundActivity).where(InboundActivity.state == "queued").values(due_at=unit.now)
            )
        await office.run_until_idle()
    (ended,) = [row for row in await journal(office) if row[0] == "Announce"]
    assert ended[1] == "failed"
    assert "MissingReference" in (ended[2] or "")
    asked = mal.server.requests.count(("GET", mal.server.path_of(lost["id"])))
    assert asked <= 2 * INBOUND_ATTEMPTS


async def test_a_batch_of_huge_audiences_is_worked_off(office: Office, carol: RemoteActor) -> None:
    """N12: more addressees than a statement has parameters, together."""
    inbox_url = f"{office.origin}/inbox"
    notes = [carol.note(to=[PUBLIC, *(f"{carol.server.origin}/u/{n}/{m}" for m in range(4_500))]) for n in range(8)]
    for note in notes:
        body = json.dumps({**carol.create(note), "to": [PUBLIC]}).encode()
        assert (await carol.post(inbox_url, body)).status == 202
    await office.run_until_idle()
    assert await count(office, Status) == len(notes)
