"""Flag and Block: bounded, sanitised, and only about the sender and ours (O25, O26)."""

from sqlalchemy import select

from models.relations import Report
from tests.graph import blocks, count, follower_uris, home_uris, notices, status
from tests.peers import Office, Person
from tests.remote_peers import RemoteActor, RemoteServer
from tests.security.cast import attack, follows, send, snapshot, write


async def reports(office: Office) -> list[Report]:
    async with office.services.database.reading() as session:
        return list(await session.scalars(select(Report)))


async def test_a_report_names_one_of_ours_with_its_statuses_and_moderators_are_told(
    office: Office, alice: Person, remote: RemoteServer, carol: RemoteActor
) -> None:
    boss = await office.create_person("boss", is_admin=True)
    uri = await write(office, alice)
    theirs = carol.note()
    await send(office, carol, carol.create(theirs))
    reporter = await remote.actor("reporter", type="Application")
    flag = reporter.activity(
        "Flag", [theirs["id"], alice.uri, uri, f"{office.origin}/users/42"],
        content='<b>look</b><script>alert(1)</script><img src=x onerror="a()">',
    )  # fmt: skip
    assert await send(office, reporter, flag) == ["applied"]
    assert await send(office, reporter, {**flag, "id": reporter.server.new_uri("flag"), "object": carol.uri}) == [
        "invalid"
    ]
    (kept,) = await reports(office)
    assert (kept.target_id, kept.status_uris) == (alice.id, [uri])
    assert "<" not in kept.comment
    assert "look" in kept.comment
    assert await notices(boss) == [("admin.report", reporter.uri)]


async def test_reports_are_bounded(office: Office, alice: Person, carol: RemoteActor) -> None:
    flag = carol.activity("Flag", [alice.uri] + [f"{office.origin}/x/{n}" for n in range(9_000)])
    assert await attack(office, carol, flag) == 400
    assert await count(office, Report) == 0
    flag = carol.activity("Flag", [alice.uri], content="x" * 200_000)
    assert await send(office, carol, flag) == ["applied"]
    assert len((await reports(office))[0].comment) <= 5_000


async def test_a_block_ends_follows_hides_and_is_lifted_by_id_or_by_name(
    office: Office, alice: Person, carol: RemoteActor
) -> None:
    await follows(office, alice, carol)
    note = carol.note()
    await send(office, carol, carol.follow(alice.uri), carol.create(note))
    for named in (True, False, True):
        block = carol.activity("Block", alice.uri)
        assert await send(office, carol, block) == ["applied"]
        assert len(await blocks(office)) == 1
        assert await follower_uris(office, alice.uri) == []
        assert await follower_uris(office, carol.uri) == []
        assert await home_uris(alice) == []
        assert await send(office, carol, carol.activity("Undo", block if named else block["id"])) == ["applied"]
        assert await blocks(office) == []


async def test_nobody_blocks_for_others_or_lifts_others_blocks(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor
) -> None:
    await follows(office, alice, carol)
    await send(office, carol, carol.follow(alice.uri))
    before = await snapshot(office)
    await send(office, mal, mal.activity("Block", carol.uri), mal.activity("Block", [alice.uri, carol.uri]),
               mal.activity("Block", f"{office.origin}/users/42"))  # fmt: skip
    about_third = {**mal.activity("Block", {"id": alice.uri, "actor": carol.uri}), "target": carol.uri}
    after = await snapshot(office)
    assert after["blocks"] == before["blocks"]
    assert after["follows"] == before["follows"]
    await send(office, mal, about_third)  # between mal and alice, and nobody else
    assert await follower_uris(office, carol.uri) == [alice.uri]
    block = carol.activity("Block", alice.uri)
    await send(office, carol, block)
    known = len(await blocks(office))
    for other in (eve, mal):
        await send(office, other, other.activity("Undo", block), other.activity("Undo", block["id"]))
    assert len(await blocks(office)) == known


async def test_who_blocks_is_neither_seen_nor_heard(office: Office, alice: Person, carol: RemoteActor) -> None:
    uri = await write(office, alice)
    await send(office, carol, carol.activity("Block", alice.uri))
    told = await notices(alice)
    like, boost = carol.activity("Like", uri), carol.activity("Announce", uri)
    note = carol.note(to=[alice.uri], cc=[], tag=[{"type": "Mention", "href": alice.uri}])
    assert await send(office, carol, like, boost) == ["unrelated", "unrelated"]
    await send(office, carol, carol.create(note))
    assert await notices(alice) == told
    mine = await status(office, uri)
    assert mine is not None
    assert (mine.favourites_count, mine.boosts_count) == (0, 0)
