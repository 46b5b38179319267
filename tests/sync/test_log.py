"""What a peer sent and we didn't get: noticed by its number, asked for, and taken in like a delivery."""

from collections.abc import Sequence

import orjson
import pytest
from sqlalchemy import delete, func, select, update

from federation.sync.marks import LOG_HEADER, SYNC_CAPABILITY, Mark
from federation.sync.pages import LOG_PATH
from inbox.sync.catch_up import catch_up_once, request_catch_up
from inbox.sync.figures import sync_figures
from keys.integrity_proofs import add_proof
from keys.keypairs import generate_ed25519
from keys.signing import Scheme, sign_request
from models.activities import Delivery, InboundActivity, Job
from models.sync import LogReceipt, PeerSync
from outbox.log import number_waiting
from server.commands.peer_sync import lines_of
from tests.api.across import STATUSES, Pair, body, open_pair
from tests.conftest import Clock
from tests.fixtures_offices import OpenRemote
from tests.peers import Office, run_until_idle
from tests.remote_peers import ACTIVITY_JSON, RemoteServer

ED25519 = Scheme.RFC9421_ED25519


@pytest.fixture
async def pair(two_offices: tuple[Office, Office]) -> Pair:
    """Ana of Madrid and Bea of Lisbon, who follow each other."""
    return await open_pair(two_offices)


async def lose(office: Office) -> None:
    """What waits for delivery is given up, as if nobody had answered for days."""
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(
            update(Delivery).where(Delivery.state == "queued").values(state="dead", finished_at=unit.now)
        )


async def admit(office: Office, other: RemoteServer) -> None:
    """As if it had made the handshake."""
    async with office.services.database.unit_of_work() as unit:
        await office.services.peers.admit(unit, other.host)


async def cursor(office: Office, other: Office) -> PeerSync:
    async with office.services.database.reading() as session:
        return await session.get_one(PeerSync, other.domain)


async def uris(office: Office, token: str) -> Sequence[str]:
    timeline = body(await office.api(token).get("/api/v1/timelines/home", limit=40))
    return [status["uri"] for status in timeline]


async def test_a_gap_is_noticed_by_the_next_delivery_and_filled_in_order(pair: Pair, clock: Clock) -> None:
    madrid, lisbon = pair.offices
    first = await pair.ana.post("Uno")
    written = [body(await pair.ana.api.post(STATUSES, {"status": text})) for text in ("Dos", "Tres", "Cuatro")]
    body(await pair.ana.api.put(f"{STATUSES}/{written[0]['id']}", {"status": "Dos, corregido"}))
    body(await pair.ana.api.delete(f"{STATUSES}/{written[1]['id']}"))
    await lose(madrid)
    last = await pair.ana.post("Cinco")
    assert await uris(lisbon, pair.bea.person.token) == [last["uri"], first["uri"]]
    before = await cursor(lisbon, madrid)
    assert before.newest - before.number == 6  # three posts, an edit and a deletion are missing before the newest
    clock.advance(seconds=10)
    await run_until_idle(madrid, lisbon)
    seen = body(await pair.bea.api.get("/api/v1/timelines/home"))
    assert [status["uri"] for status in seen] == [last["uri"], written[2]["uri"], written[0]["uri"], first["uri"]]
    assert "corregido" in seen[2]["content"]
    after = await cursor(lisbon, madrid)
    assert (after.number, after.newest, after.gap_due_at) == (before.newest, before.newest, None)
    assert after.in_sync_at is not None


async def test_an_office_that_comes_back_asks_although_nobody_posts(pair: Pair) -> None:
    madrid, lisbon = pair.offices
    written = [body(await pair.ana.api.post(STATUSES, {"status": f"Número {number}"})) for number in range(3)]
    private = body(await pair.ana.api.post(STATUSES, {"status": f"@{pair.bea.acct} ¿sí?", "visibility": "direct"}))
    await lose(madrid)
    await lisbon.workers.watch.begin()
    await run_until_idle(madrid, lisbon)
    found = await uris(lisbon, pair.bea.person.token)
    assert set(found) >= {status["uri"] for status in written}
    conversations = body(await pair.bea.api.get("/api/v1/conversations"))
    assert [one["last_status"]["uri"] for one in conversations] == [private["uri"]]
    # Nothing is taken in twice when it is delivered after all.
    async with lisbon.services.database.reading() as session:
        count = await session.scalar(select(func.count()).select_from(InboundActivity))
    async with madrid.services.database.unit_of_work() as unit:
        await unit.session.execute(update(Delivery).values(state="queued", due_at=unit.now, finished_at=None))
    await run_until_idle(madrid, lisbon)
    async with lisbon.services.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(InboundActivity)) == count


async def test_who_was_asked_within_the_interval_is_not_asked_again(pair: Pair, clock: Clock) -> None:
    madrid, lisbon = pair.offices
    body(await pair.ana.api.post(STATUSES, {"status": "Se pierde"}))
    await lose(madrid)
    watch = lisbon.workers.watch
    await watch.begin()
    await run_until_idle(madrid, lisbon)
    async with lisbon.services.database.unit_of_work() as unit:
        await unit.session.execute(delete(Job))
    await watch.ask_the_silent()
    async with lisbon.services.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Job)) == 0
    clock.advance(minutes=11)
    await watch.ask_the_silent()
    async with lisbon.services.database.reading() as session:
        assert (await session.scalars(select(Job.unique_key))).all() == [f"catch_up:{madrid.domain}"]


async def test_a_log_is_for_the_instance_actor_of_its_peer_alone(pair: Pair, open_remote: OpenRemote) -> None:
    madrid, _ = pair.offices
    await pair.ana.post("Para Lisboa")
    other = await open_remote()
    await admit(madrid, other)
    person, instance = await other.actor("mal"), await other.actor("instance", uri=f"{other.origin}/actor")
    assert (await madrid.get(LOG_PATH)).status == 401
    assert (await person.get(f"{madrid.origin}{LOG_PATH}")).status == 404
    answer = await instance.get(f"{madrid.origin}{LOG_PATH}")
    assert (answer.status, answer.json["entries"]) == (200, [])  # its own log, in which there is nothing
    await madrid.suspend(other)
    assert (await instance.get(f"{madrid.origin}{LOG_PATH}")).status == 403


async def test_a_log_says_no_more_than_its_peer_could_say_at_the_door(
    office: Office, remote: RemoteServer, open_remote: OpenRemote
) -> None:
    elsewhere = await open_remote()
    await office.confirm(elsewhere)
    await admit(office, remote)
    carol, victim = await remote.actor("carol"), await elsewhere.actor("victim")
    ana = await office.create_person("ana")
    await office.services.hosts.announced(remote.host, [SYNC_CAPABILITY])
    own, second = carol.create(carol.note("<p>mine</p>")), carol.create(carol.note("<p>forged</p>"))
    forged = {**second, "proof": add_proof(own, key=generate_ed25519(), verification_method=carol.key_id(ED25519),
                                           now=remote.clock())["proof"]}  # fmt: skip
    told = [
        (f"{office.origin}/inbox", own),
        (f"{office.origin}/inbox", victim.create(victim.note("<p>not hers to tell</p>"))),
        (f"{office.origin}/inbox", {**carol.create(carol.note()), "actor": ana.uri}),
        (f"{office.origin}/inbox", {**carol.create(carol.note()), "id": f"{elsewhere.origin}/creates/1"}),
        (f"{office.origin}/inbox", forged),
        (f"{elsewhere.origin}/inbox", carol.create(carol.note())),
        (f"{office.origin}/users/1234/inbox", carol.create(carol.note())),
    ]
    entries = [
        {"number": number, "inbox": url, "activity": orjson.dumps(activity).decode()}
        for number, (url, activity) in enumerate(told, 1)
    ]
    page = {"generation": "00ff00ff", "after": 0, "until": 7, "newest": 7, "cut": False, "entries": entries}
    remote.documents[LOG_PATH] = orjson.dumps(page)
    await request_catch_up(office.services, [remote.host])
    await office.run_until_idle()
    async with office.services.database.reading() as session:
        assert (await session.scalars(select(InboundActivity.dedup_key))).all() == [own["id"]]
        assert (await session.get_one(PeerSync, remote.host)).number == 7
    # A log that contradicts itself moves nothing.
    path = f"{LOG_PATH}?generation=00ff00ff&after=7"
    for nonsense in ({**page, "after": 9}, {**page, "newest": "many"}, {**page, "generation": 7}, []):
        remote.documents[path] = orjson.dumps(nonsense)
        await request_catch_up(office.services, [remote.host])
        await office.run_until_idle()
        async with office.services.database.reading() as session:
            row = await session.get_one(PeerSync, remote.host)
        assert (row.number, "PageUnreadable" in (row.last_error or "")) == (7, True)


async def test_a_number_counts_when_it_is_signed(office: Office, remote: RemoteServer) -> None:
    await admit(office, remote)
    carol = await remote.actor("carol")
    await office.create_person("ana")
    mark = Mark("00ff00ff", 40)
    header = {LOG_HEADER: mark.header}
    for also in (None, header):
        create = carol.create(carol.note())
        body = orjson.dumps(create)
        signed = sign_request(method="POST", url=f"{office.origin}/inbox", body=body, key_id=carol.key_id(ED25519),
                              key=carol.ed25519, scheme=ED25519, now=remote.clock(), content_type=ACTIVITY_JSON,
                              also=also)  # fmt: skip
        answer = await office.request("POST", "/inbox", body, headers={**signed, **header})
        assert answer.status == 202
        async with office.services.database.reading() as session:
            receipts = (await session.scalars(select(LogReceipt.first_number))).all()
        assert receipts == ([] if also is None else [40])


async def test_the_figures_say_what_is_missing_on_both_sides_and_the_command_gets_it(pair: Pair) -> None:
    madrid, lisbon = pair.offices
    body(await pair.ana.api.post(STATUSES, {"status": "Se pierde"}))
    body(await pair.bea.api.post(STATUSES, {"status": "Também se perde"}))
    for one in (madrid, lisbon):
        await one.workers.watch.run_once()
        async with one.services.database.unit_of_work() as unit:
            await number_waiting(one.services, unit)
        await lose(one)
    while await catch_up_once(lisbon.services, madrid.domain):
        pass
    found = await sync_figures(lisbon.services, madrid.domain)
    assert (found.takes_part, found.behind, found.their_behind, found.last_error) == (True, 0, 1, None)
    here, there = lines_of(found)
    assert "nothing of it is known to be missing here" in here
    assert "1 of ours are missing there" in there
    await run_until_idle(madrid, lisbon)
    while await catch_up_once(madrid.services, lisbon.domain):
        pass
    await catch_up_once(lisbon.services, madrid.domain)
    assert lines_of(await sync_figures(lisbon.services, madrid.domain))[1] == "It has heard all of ours."
    stranger = await sync_figures(lisbon.services, "nobody.example")
    assert "takes no part" in lines_of(stranger)[0]
