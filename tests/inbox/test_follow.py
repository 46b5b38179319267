"""Follow, Accept, Reject and their Undo: only the two sides of a follow make and end it (O14, O45)."""

from federation.actors import resolve_actor
from inbox.process import InboxWorker
from models.relations import Block, DomainBlock, Follow
from tests.graph import count, follower_uris, home_uris, journal, notices
from tests.outbox.cast import counting_statements
from tests.peers import Office, Person
from tests.remote_peers import RemoteActor, RemoteServer
from tests.security.cast import follows, send, suspend_account


async def lock(office: Office, person: Person) -> None:
    from models.accounts import Account

    async with office.services.database.unit_of_work() as unit:
        (await unit.session.get_one(Account, person.id)).is_locked = True


async def test_a_follow_is_accepted_told_and_repeated_without_effect(
    office: Office, alice: Person, carol: RemoteActor, remote: RemoteServer
) -> None:
    follow = carol.follow(alice.uri)
    assert await send(office, carol, follow) == ["applied"]
    assert await notices(alice) == [("follow", carol.uri)]
    again = carol.follow(alice.uri)
    assert await send(office, carol, again) == ["applied"]
    assert await follower_uris(office, alice.uri) == [carol.uri]
    accepted = [received.json["object"]["id"] for received in remote.received if received.type == "Accept"]
    assert accepted == [follow["id"], again["id"]]


async def test_what_a_batch_of_follows_asks_and_writes_does_not_grow_with_it(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, remote: RemoteServer
) -> None:
    bob, dora = await office.create_person("bob"), await office.create_person("dora")
    known = await resolve_actor(office.services, eve.uri)
    async with office.services.database.unit_of_work() as unit:
        unit.session.add_all(
            [
                Block(id=unit.new_id(), account_id=bob.id, target_id=known.id, created_at=unit.now),
                DomainBlock(id=unit.new_id(), account_id=dora.id, domain=known.domain or "", created_at=unit.now),
            ]
        )
    crowd = [await remote.actor(f"fan{number}") for number in range(12)]
    worker, costs = InboxWorker(office.services, office.journal), []
    for fans in (crowd[:2], crowd[2:]):
        for fan in fans:
            assert (await fan.post(alice.inbox_url, fan.follow(alice.uri))).status == 202
        with counting_statements(office.services.database) as statements:
            await worker.run_once()
        costs.append(len(statements))
    assert costs[1] < costs[0] + 8, costs  # one statement for each of eight more would be eight
    first = carol.follow(alice.uri)
    for sender, activity in (
        (carol, first),
        (eve, {**eve.follow(bob.uri), "id": first["id"]}),  # the id of another's
        (carol, carol.follow(alice.uri)),  # asked once more
        (eve, eve.follow(bob.uri)),  # blocked by bob
        (carol, carol.follow(dora.uri)),  # from a domain that dora blocks
        (eve, eve.follow(alice.uri)),
    ):
        inbox_url = f"{activity['object']}/inbox"
        assert (await sender.post(inbox_url, activity)).status == 202
    await office.run_until_idle()
    outcomes = [outcome for *_, outcome in (await journal(office))[-6:]]
    assert outcomes == ["applied", "forbidden", "applied", "forbidden", "forbidden", "applied"]
    followers = await follower_uris(office, alice.uri)
    assert sorted(followers) == sorted([*(fan.uri for fan in crowd), carol.uri, eve.uri])
    assert await follower_uris(office, bob.uri) == await follower_uris(office, dora.uri) == []
    answered = [received.type for received in remote.received]
    assert (answered.count("Accept"), answered.count("Reject")) == (15, 2)


async def test_a_locked_account_decides_itself(
    office: Office, alice: Person, carol: RemoteActor, remote: RemoteServer
) -> None:
    await lock(office, alice)
    assert await send(office, carol, carol.follow(alice.uri)) == ["applied"]
    assert await follower_uris(office, alice.uri) == []
    assert await follower_uris(office, alice.uri, state="pending") == [carol.uri]
    assert await notices(alice) == [("follow_request", carol.uri)]
    assert remote.received_types() == []


async def test_an_undo_ends_a_follow_by_id_or_by_what_is_embedded(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor
) -> None:
    for name_it in (lambda follow: follow["id"], lambda follow: follow, lambda follow: {**follow, "id": None}):
        follow = carol.follow(alice.uri)
        await send(office, carol, follow)
        assert await send(office, eve, eve.activity("Undo", follow)) == ["forbidden"]
        await send(office, eve, eve.activity("Undo", follow["id"]))
        assert await follower_uris(office, alice.uri) == [carol.uri]
        assert await send(office, carol, carol.activity("Undo", name_it(follow))) == ["applied"]
        assert await follower_uris(office, alice.uri) == []


async def test_an_undo_that_comes_before_its_follow_wins(office: Office, alice: Person, carol: RemoteActor) -> None:
    follow = carol.follow(alice.uri)
    await send(office, carol, carol.activity("Undo", follow))
    assert await send(office, carol, follow) == ["superseded"]
    assert await follower_uris(office, alice.uri) == []
    assert await send(office, carol, carol.follow(alice.uri)) == ["applied"]
    assert await follower_uris(office, alice.uri) == [carol.uri]


async def test_the_id_of_somebody_else_s_follow_makes_no_other(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor
) -> None:
    bob = await office.create_person("bob")
    follow = carol.follow(alice.uri)
    await send(office, carol, follow)
    taken = {**eve.follow(bob.uri), "id": follow["id"]}
    assert await send(office, eve, taken, to=bob.inbox_url) == ["forbidden"]
    assert await send(office, carol, {**taken, "actor": carol.uri}, to=alice.inbox_url) == ["forbidden"]
    assert await follower_uris(office, bob.uri) == []
    assert await follower_uris(office, alice.uri) == [carol.uri]


async def test_only_who_was_asked_accepts_and_rejects(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor
) -> None:
    await follows(office, alice, carol)
    async with office.services.database.reading() as session:
        from sqlalchemy import select

        uri = await session.scalar(select(Follow.uri))
    request = {"id": uri, "type": "Follow", "actor": alice.uri, "object": carol.uri}
    for other in (eve, mal):
        assert await send(office, other, other.activity("Reject", request)) == ["unrelated"]
        assert await send(office, other, other.activity("Reject", uri)) == ["unrelated"]
        forged = {**request, "object": other.uri, "id": other.server.new_uri("f")}
        assert await send(office, other, other.activity("Accept", forged)) == ["unrelated"]
    assert await follower_uris(office, carol.uri) == [alice.uri]
    assert await follower_uris(office, mal.uri) == []
    note = carol.note()
    await send(office, carol, carol.create(note))
    assert await home_uris(alice) == [note["id"]]
    assert await send(office, carol, carol.activity("Reject", request)) == ["applied"]
    assert await follower_uris(office, carol.uri) == []
    assert await home_uris(alice) == []


async def test_a_suspended_account_only_takes_back(office: Office, alice: Person, carol: RemoteActor) -> None:
    """O45: Create, Announce, Update, Follow and Like are dropped; Delete, Undo and Reject pass."""
    await follows(office, alice, carol)
    follow, note = carol.follow(alice.uri), carol.note()
    await send(office, carol, follow, carol.create(note))
    await suspend_account(office, carol.uri)
    edited = {**note, "content": "<p>more</p>", "updated": "2030-01-01T00:00:00Z"}
    dropped = [
        carol.create(carol.note()), carol.activity("Update", edited), carol.activity("Announce", note["id"]),
        carol.activity("Like", note["id"]), carol.follow(alice.uri), carol.activity("Flag", alice.uri),
        carol.activity("Block", alice.uri), carol.activity("Update", carol.document),
    ]  # fmt: skip
    assert await send(office, carol, *dropped) == ["forbidden"] * len(dropped)
    assert await follower_uris(office, alice.uri) == [carol.uri]
    assert await send(office, carol, carol.activity("Undo", follow), carol.activity("Delete", note["id"])) == [
        "applied",
        "applied",
    ]
    assert await follower_uris(office, alice.uri) == []


async def test_the_instance_itself_and_nobody_can_not_be_followed(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor
) -> None:
    targets = [f"{office.origin}/actor", f"{office.origin}/users/42", eve.uri, [alice.uri, eve.uri], carol.uri]
    for target in targets:
        assert await send(office, carol, carol.activity("Follow", target)) == ["invalid"]
    assert await count(office, Follow) == 0
    assert all(state == "done" for _, state, _ in await journal(office))
