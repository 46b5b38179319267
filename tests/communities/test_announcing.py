"""What a community that we host tells whom: whole activities to who reads them, boosts to the others, never both."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event, insert, update

from communities.admission import invite, withdraw_invitation
from communities.changes import Action
from communities.groups import COMMUNITIES, archive
from communities.moderation import lock, pin, remove_post, restore_post, unlock
from communities.ranks import ban, set_role, unban
from models.accounts import Account
from models.activities import Delivery
from models.communities import Kind, Role
from models.peers import Peer
from models.relations import Follow
from models.statuses import Status
from outbox.community_tellers import TELLERS
from policy.limits import FOLLOWERS_AT_ONCE
from tests.communities.hosting import act, host, posted
from tests.fixtures_offices import OpenRemote
from tests.graph import count, status
from tests.peers import Client, Office, Person
from tests.remote_peers import PUBLIC, JsonObject, RemoteActor, RemoteServer
from tests.security.cast import proven, send

STATUSES = "/api/v1/statuses"
SPEAKS = {"generator": {"type": "Application", "implements": [{"name": "communities", "href": COMMUNITIES}]}}


@dataclass
class World:
    """ana hosts; pia's office is like ours, leo's server is a Lemmy, mia's a Mastodon, and all three are members."""

    office: Office
    ana: Person
    group: Account
    pia: RemoteActor
    leo: RemoteActor
    mia: RemoteActor

    @property
    def api(self) -> Client:
        return self.office.api(self.ana)

    async def write(self, text: str = "Hi", **more: Any) -> dict[str, Any]:
        name = self.group.username
        answer = await self.api.post(STATUSES, {"status": f"{text} @{name}", **more})
        assert answer.status == 200, answer.body
        await self.office.run_until_idle()
        written: dict[str, Any] = answer.json()
        return written

    def heard(self) -> dict[str, list[JsonObject]]:
        """What came to each of the three servers since the last time."""
        found = {}
        for name, actor in (("pia", self.pia), ("leo", self.leo), ("mia", self.mia)):
            found[name] = [received.json for received in actor.server.received]
            actor.server.received.clear()
        return found

    def shapes(self) -> dict[str, list[str]]:
        """The same in short: `Announce{Create}`, `Announce` for an id, `Update`."""
        return {name: [_shape(one) for one in heard] for name, heard in self.heard().items()}


def _shape(document: JsonObject) -> str:
    value = document["object"]
    inner = value["type"] if isinstance(value, dict) and document["type"] in ("Announce", "Undo") else ""
    if document["type"] == "Announce" and inner == "Undo":
        inner = f"Undo{{{value['object']['type']}}}"
    return f"{document['type']}{{{inner}}}" if inner else str(document["type"])


async def world_of(office: Office, open_remote: OpenRemote, **wish: Any) -> World:
    ana = await office.create_person("ana")
    servers: list[RemoteServer] = [await open_remote() for _ in range(3)]
    await office.confirm(*servers)
    async with office.services.database.unit_of_work() as unit:
        await office.services.peers.admit(unit, servers[0].host)
        await unit.session.execute(update(Peer).where(Peer.domain == servers[1].host).values(software="Lemmy"))
    pia, leo = await servers[0].actor("pia", **SPEAKS), await servers[1].actor("leo", **SPEAKS)
    mia = await servers[2].actor("mia", **SPEAKS)  # to say so is not enough: hers is no full peer
    group = await host(ana, **wish)
    for actor in (pia, leo, mia):
        await send(office, actor, actor.follow(group.uri))
        if wish.get("kind") is Kind.ON_REQUEST:
            await act(office, invite, group, ana, actor)
    made = World(office, ana, group, pia, leo, mia)
    made.heard()
    return made


def only(heard: dict[str, list[JsonObject]], name: str, place: int = 0) -> JsonObject:
    return heard[name][place]


async def test_posts_replies_edits_likes_and_deletions_of_ours(office: Office, open_remote: OpenRemote) -> None:
    world = await world_of(office, open_remote)
    first = await world.write("A thread")
    heard = world.heard()
    announced = only(heard, "pia")
    assert (announced["type"], announced["actor"], announced["to"]) == ("Announce", world.group.uri, [PUBLIC])
    assert announced["object"]["type"] == "Create"
    assert announced["object"]["object"]["id"] == first["uri"]
    assert announced["object"]["proof"]["verificationMethod"] == f"{world.ana.uri}#ed25519-key"
    assert only(heard, "leo")["object"] == announced["object"]
    assert (only(heard, "mia")["object"], only(heard, "mia")["id"]) == (first["uri"], announced["id"])
    assert {name: len(got) for name, got in heard.items()} == {"pia": 1, "leo": 1, "mia": 1}
    reply = await world.api.post(STATUSES, {"status": "more", "in_reply_to_id": first["id"]})
    await office.run_until_idle()
    assert world.shapes() == {"pia": ["Announce{Create}"], "leo": ["Announce{Create}"], "mia": []}
    assert (await world.api.put(f"{STATUSES}/{first['id']}", {"status": "An edit"})).status == 200
    assert (await world.api.post(f"{STATUSES}/{first['id']}/favourite")).status == 200
    assert (await world.api.post(f"{STATUSES}/{first['id']}/unfavourite")).status == 200
    assert (await world.api.delete(f"{STATUSES}/{reply.json()['id']}")).status == 200
    assert (await world.api.delete(f"{STATUSES}/{first['id']}")).status == 200
    await office.run_until_idle()
    whole = ["Update", "Like", "Undo{Like}", "Delete", "Delete"]
    read = [f"Announce{{{one}}}" for one in whole]
    assert world.shapes() == {"pia": read, "leo": read, "mia": ["Update", "Delete"]}


async def test_what_comes_from_elsewhere_is_passed_on_as_it_was_said(office: Office, open_remote: OpenRemote) -> None:
    world = await world_of(office, open_remote)
    create = posted(world.leo, world.group)
    note = create["object"]
    assert await send(office, world.leo, create) == ["applied"]
    heard = world.heard()
    assert only(heard, "pia")["object"] == only(heard, "leo")["object"] == create  # to the letter: its proof holds
    assert only(heard, "mia")["object"] == note["id"]
    edit = proven(world.leo, world.leo.activity("Update", {**note, "content": "<p>better</p>", "updated":
                  "2026-11-28T12:00:00Z"}, to=note["to"], cc=note["cc"]))  # fmt: skip
    like = proven(world.pia, world.pia.activity("Like", note["id"]))
    gone = proven(world.leo, world.leo.activity("Delete", note["id"], to=[PUBLIC]))
    await send(office, world.leo, edit)
    await send(office, world.pia, like, proven(world.pia, world.pia.activity("Undo", like)))
    await send(office, world.leo, gone)
    heard = world.heard()
    assert [one["object"] for one in heard["leo"]][:2] == [edit, like]
    assert [_shape(one) for one in heard["pia"]] == [
        "Announce{Update}", "Announce{Like}", "Announce{Undo{Like}}", "Announce{Delete}",
    ]  # fmt: skip
    assert [one["type"] for one in heard["mia"]] == ["Update", "Delete"]
    assert heard["mia"][0] == edit


async def test_what_is_for_the_members_goes_whole_or_not_at_all(office: Office, open_remote: OpenRemote) -> None:
    world = await world_of(office, open_remote, kind=Kind.ON_REQUEST)
    first = await world.write("Among us", visibility="private")
    heard = world.heard()
    announced = only(heard, "pia")
    assert (announced["to"], announced["cc"]) == ([world.group.followers_url], [])
    assert announced["object"]["object"]["to"] == [world.group.followers_url]
    assert PUBLIC not in str(heard)
    assert heard["mia"] == []
    await act(office, pin, world.group, world.ana, await row(world, first["uri"]))
    assert only(world.heard(), "pia")["object"]["to"] == [world.group.followers_url]
    assert (await world.api.delete(f"{STATUSES}/{first['id']}")).status == 200
    await office.run_until_idle()
    assert world.shapes() == {"pia": ["Announce{Delete}"], "leo": ["Announce{Delete}"], "mia": []}


@pytest.mark.parametrize(("kind", "heard"), [(Kind.OPEN, ["Announce{Create}"]), (Kind.ON_REQUEST, [])])
async def test_software_without_private_communities_gets_whole_what_is_public_and_nothing_else(
    office: Office, open_remote: OpenRemote, kind: Kind, heard: list[str]
) -> None:
    world = await world_of(office, open_remote, kind=kind)
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(update(Peer).where(Peer.domain == world.mia.server.host).values(software="Mbin"))
    await world.write()
    assert world.shapes() == {"pia": ["Announce{Create}"], "leo": ["Announce{Create}"], "mia": heard}


async def row(world: World, uri: str) -> Status:
    found = await status(world.office, uri)
    assert found is not None
    return found


async def test_what_moderators_do_is_said_by_them_and_passed_on(office: Office, open_remote: OpenRemote) -> None:
    world = await world_of(office, open_remote)
    group, ana = world.group, world.ana
    post = await row(world, (await world.write())["uri"])
    world.heard()
    for verb in (lock, unlock, pin):
        await act(office, verb, group, ana, post)
    await act(office, remove_post, group, ana, post, reason="Off topic")
    await act(office, restore_post, group, ana, post)
    heard = world.heard()
    assert [_shape(one) for one in heard["pia"]] == [
        "Announce{Lock}", "Announce{Undo{Lock}}", "Announce{Add}", "Announce{Delete}", "Announce{Undo{Delete}}",
    ]  # fmt: skip
    assert heard["leo"] == heard["pia"]
    assert [_shape(one) for one in heard["mia"]] == ["Undo{Announce}", "Announce"]
    removal = heard["pia"][3]["object"]
    assert (removal["actor"], removal["object"], removal["summary"]) == (ana.uri, post.uri, "Off topic")
    assert removal["proof"]["verificationMethod"] == f"{ana.uri}#ed25519-key"

    await act(office, set_role, group, ana, world.pia, Role.MODERATOR)
    await act(office, set_role, group, ana, world.pia, Role.PUBLISHER)
    heard = world.heard()
    moderators, publishers = (f"{group.uri}/collections/{name}" for name in ("moderators", "publishers"))
    steps = [(one["object"]["type"], one["object"]["target"]) for one in heard["pia"]]
    assert steps == [("Add", moderators), ("Remove", moderators), ("Add", publishers)]
    assert [(one["object"]["type"], one["object"]["target"]) for one in heard["leo"]] == steps[:2]
    assert heard["mia"] == []

    await act(office, ban, group, ana, world.leo, reason="Spam")
    await act(office, unban, group, ana, world.leo)
    heard = world.heard()
    assert [_shape(one) for one in heard["pia"]] == ["Announce{Block}", "Announce{Undo{Block}}"]
    assert {_shape(one) for one in heard["leo"]} == {"Reject", "Announce{Block}", "Announce{Undo{Block}}"}
    assert heard["mia"] == []

    guest = await world.mia.server.actor("guest")
    assert await send(office, guest, guest.activity("Like", post.uri)) == ["applied"]
    await act(office, invite, group, ana, guest)
    await act(office, withdraw_invitation, group, ana, guest)
    await act(office, archive, group, ana)
    shapes = world.shapes()
    assert shapes["mia"] == ["Invite", "Undo{Invite}", "Update"]
    assert shapes["pia"] == ["Announce{Like}", "Update"]
    assert set(TELLERS) == set(Action)


async def test_nothing_of_the_office_s_own_community_or_of_what_stays_in_the_office_is_told(
    office: Office, open_remote: OpenRemote
) -> None:
    world = await world_of(office, open_remote)
    inside = await world.write(local_only=True)
    await act(office, lock, world.group, world.ana, await row(world, inside["uri"]))
    assert (await world.api.post(f"{STATUSES}/{inside['id']}/favourite")).status == 200
    assert (await world.api.delete(f"{STATUSES}/{inside['id']}")).status == 200
    await office.run_until_idle()
    assert world.shapes() == {"pia": [], "leo": [], "mia": []}


async def crowd(world: World, number: int) -> None:
    """More followers on the three servers, as if they had joined one by one."""
    services = world.office.services
    async with services.database.unit_of_work() as unit:
        accounts, follows = [], []
        group = await unit.session.get_one(Account, world.group.id)
        for place in range(group.followers_count, group.followers_count + number):
            at = (world.pia, world.leo, world.mia)[place % 3]
            account_id, uri = unit.new_id(), f"{at.server.origin}/users/crowd{place}"
            implements = [COMMUNITIES] if at is world.pia else []
            accounts.append({"id": account_id, "uri": uri, "username": f"crowd{place}", "domain": at.server.host,
                             "inbox_url": f"{uri}/inbox", "shared_inbox_url": f"{at.server.origin}/inbox",
                             "implements": implements, "created_at": unit.now, "updated_at": unit.now})  # fmt: skip
            follows.append({"id": unit.new_id(), "uri": f"{uri}/follow", "follower_id": account_id,
                            "followee_id": world.group.id, "state": "accepted", "created_at": unit.now})  # fmt: skip
        await unit.session.execute(insert(Account), accounts)
        await unit.session.execute(insert(Follow), follows)
        wanted = update(Account).where(Account.id == world.group.id)
        await unit.session.execute(wanted.values(followers_count=Account.followers_count + number))


async def test_a_post_is_one_delivery_an_instance_and_costs_the_same_however_many_follow(
    office: Office, open_remote: OpenRemote
) -> None:
    world = await world_of(office, open_remote)
    statements: list[str] = []
    engine = office.services.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))

    async def cost() -> int:
        before = await count(office, Delivery)
        world.heard()
        statements.clear()
        await world.write("Hello")
        spent = sum("follows" in one or one.startswith("INSERT INTO deliveries") for one in statements)
        assert await count(office, Delivery) == before + 3
        assert world.shapes() == {"pia": ["Announce{Create}"], "leo": ["Announce{Create}"], "mia": ["Announce"]}
        return spent

    await cost()
    at_once = await cost()
    await crowd(world, FOLLOWERS_AT_ONCE // 2)
    assert await cost() == at_once
    await crowd(world, FOLLOWERS_AT_ONCE)  # from here on by a job
    later = await cost()
    await crowd(world, FOLLOWERS_AT_ONCE * 8)
    assert await cost() == later
