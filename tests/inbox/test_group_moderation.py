"""What moderators of a community on another server do, as it announces it: applied here, and only for its own posts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from communities.groups import COMMUNITIES
from communities.standings import CommunityRefused, NotAllowed, Place, place_of
from models.accounts import Account
from models.communities import CommunityAct, Role, State
from models.relations import Report
from outbox import community_acts
from tests.graph import account, follower_uris, home_uris, status
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC, JsonObject, RemoteActor, RemoteServer
from tests.security.cast import follows, proven, send, snapshot


@dataclass
class Garden:
    """A community on `evil` with mona looking after it; alice (ours) and carol belong to it, eve is nobody in it."""

    office: Office
    group: RemoteActor
    mona: RemoteActor

    async def announce(self, value: Any, *, by: RemoteActor | None = None) -> str | None:
        """Have the community (or another one) announce something; what became of it."""
        group = by or self.group
        made = group.activity("Announce", value, to=[PUBLIC], cc=[group.followers_url])
        return (await send(self.office, group, made))[-1]

    def act(self, actor: RemoteActor, type: str, value: Any, **more: Any) -> JsonObject:
        return actor.activity(type, value, to=[PUBLIC], cc=[self.group.uri], audience=self.group.uri, **more)

    async def do(self, person: Person, name: str, *rest: Any, **more: Any) -> None:
        """Have one of ours do something in the community, and everybody hear of it."""
        services = self.office.services
        group = await account(self.office, self.group.uri)
        async with services.database.unit_of_work() as unit:
            rows = [
                one if isinstance(one, int) else await unit.session.get_one(type(one), one.id)
                for one in (group, person.account, *rest)
            ]
            await getattr(community_acts, name)(services, unit, *rows, **more)
        await self.office.run_until_idle()

    async def place(self, actor: Person | RemoteActor) -> Place:
        async with self.office.services.database.reading() as session:
            rows = [(await session.scalars(select(Account).where(Account.uri == uri))).one()
                    for uri in (self.group.uri, actor.uri)]  # fmt: skip
            return await place_of(session, *rows, now=self.office.services.clock())


def community_of(server: RemoteServer, uri: str, *moderators: RemoteActor) -> dict[str, Any]:
    """What a community's actor says besides, with its collections published."""
    server.publish({"id": f"{uri}/moderators", "type": "OrderedCollection",
                    "orderedItems": [one.uri for one in moderators]})  # fmt: skip
    return {"attributedTo": f"{uri}/moderators", "featured": f"{uri}/featured"}


@pytest.fixture
async def garden(office: Office, alice: Person, evil: RemoteServer) -> Garden:
    mona = await evil.actor("mona")
    uri = f"{evil.origin}/c/garden"
    group = await evil.actor("garden", uri=uri, type="Group", **community_of(evil, uri, mona))
    await follows(office, alice, group)
    return Garden(office, group, mona)


def posted(author: RemoteActor, group: RemoteActor, **more: Any) -> JsonObject:
    return author.note(to=[PUBLIC, group.uri], cc=[], audience=group.uri, **more)


async def test_moderators_of_a_community_elsewhere_look_after_its_posts(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, garden: Garden
) -> None:
    # That there are no replies is no author's to say.
    note = posted(carol, garden.group, commentsEnabled=False)
    uri, create = note["id"], carol.create(note)
    create["@context"] = [*create["@context"], {"commentsEnabled": "https://joinpeertube.org/ns#commentsEnabled"}]
    assert await garden.announce(proven(carol, create)) == "applied"
    assert await garden.announce(uri) == "duplicate"  # the other shape of the same
    assert await home_uris(alice) == [uri]
    assert (await garden.place(garden.mona)).standing.role is Role.MODERATOR

    async def marks() -> tuple[bool, bool, bool]:
        found = await status(office, uri)
        assert found is not None
        return found.locked_at is not None, found.featured_at is not None, found.removed_at is not None

    lock = garden.act(garden.mona, "Lock", uri, summary="<p>said and done</p>")
    assert await garden.announce(lock) == "applied"
    assert await garden.announce({**lock, "id": f"{lock['id']}/again"}) == "duplicate"
    pin = garden.act(garden.mona, "Add", uri, target=f"{garden.group.uri}/featured")
    assert await garden.announce(pin) == "applied"
    assert await marks() == (True, True, False)
    assert await garden.announce(garden.act(garden.mona, "Undo", lock)) == "applied"
    unpin = garden.act(garden.mona, "Remove", uri, target=f"{garden.group.uri}/featured")
    assert await garden.announce(unpin) == "applied"
    removal = garden.act(garden.mona, "Delete", uri, summary="off topic")
    assert await garden.announce(removal) == "applied"
    assert (await marks(), await home_uris(alice)) == ((False, False, True), [])
    assert await garden.announce(garden.act(garden.mona, "Undo", removal)) == "applied"
    assert (await marks(), await home_uris(alice)) == ((False, False, False), [uri])
    # Somebody of another server proves it, or is known to moderate.
    assert str(await garden.announce(garden.act(eve, "Lock", uri))).startswith("forbidden")
    assert await garden.announce(proven(eve, garden.act(eve, "Lock", uri))) == "applied"
    assert await garden.announce(garden.act(garden.mona, "Undo", garden.act(eve, "Lock", uri))) == "forbidden"
    promotion = garden.act(garden.mona, "Add", eve.uri, target=f"{garden.group.uri}/moderators")
    assert await garden.announce(promotion) == "applied"
    assert await garden.announce(garden.act(eve, "Undo", garden.act(eve, "Lock", uri))) == "applied"
    demotion = garden.act(garden.mona, "Remove", eve.uri, target=f"{garden.group.uri}/moderators")
    assert await garden.announce(demotion) == "applied"
    assert (await garden.place(eve)).standing.role is Role.MEMBER
    async with office.services.database.reading() as session:
        log = await session.execute(select(CommunityAct.action, CommunityAct.reason).order_by(CommunityAct.id))
        assert [tuple(row) for row in log][:4] == [
            ("lock", "said and done"), ("pin", ""), ("unlock", ""), ("unpin", ""),
        ]  # fmt: skip


async def test_who_is_banned_elsewhere_is_out_here_and_keeps_what_they_wrote(
    office: Office, alice: Person, garden: Garden
) -> None:
    api = office.api(alice)
    made = (await api.post("/api/v1/statuses", {"status": f"@{garden.group.acct} Tulips!"})).json()
    await office.run_until_idle()
    mine = await status(office, made["uri"])
    assert mine is not None
    assert mine.group_id is not None
    until = (office.services.clock() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    ban = garden.act(garden.mona, "Block", alice.uri, target=garden.group.uri, removeData=True, endTime=until,
                     summary="spam")  # fmt: skip
    assert await garden.announce(ban) == "applied"
    place = await garden.place(alice)
    assert (place.standing.state, place.membership and place.membership.ban_reason) == (State.BANNED, "spam")
    assert await follower_uris(office, garden.group.uri) == []
    mine = await status(office, made["uri"])
    assert mine is not None
    assert mine.removed_at is not None
    assert [one["uri"] for one in (await api.get(f"/api/v1/accounts/{alice.id}/statuses")).json()] == [made["uri"]]
    assert await garden.announce(garden.act(garden.mona, "Undo", ban)) == "applied"
    assert (await garden.place(alice)).standing.state is None


async def test_a_community_decides_about_its_own_posts_and_people_alone(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, garden: Garden, evil: RemoteServer
) -> None:
    note = posted(carol, garden.group)
    await garden.announce(proven(carol, carol.create(note)))
    uri = f"{evil.origin}/c/rivals"
    rivals = await evil.actor("rivals", uri=uri, type="Group", **community_of(evil, uri, mal))
    await follows(office, alice, rivals)
    outside = carol.note()
    await send(office, carol, carol.create(outside))
    acts = [
        mal.activity("Lock", note["id"]),
        mal.activity("Delete", note["id"], summary="no"),
        mal.activity("Add", note["id"], target=f"{uri}/featured"),
        mal.activity("Add", mal.uri, target=f"{garden.group.uri}/moderators"),
        mal.activity("Block", alice.uri, target=garden.group.uri, removeData=True),
        mal.activity("Undo", garden.act(garden.mona, "Lock", note["id"])),
        mal.activity("Lock", outside["id"]),
    ]
    before = await snapshot(office)
    for act in acts:
        outcome = str(await garden.announce(act, by=rivals))
        assert outcome.startswith(("forbidden", "unsupported")), (act["type"], outcome)
    # Nor does anybody by saying it themselves.
    for act in acts[:5]:
        await send(office, mal, act)
    assert await snapshot(office) == before


async def test_moderators_of_ours_are_heard_by_the_host_and_nobody_else(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, garden: Garden, evil: RemoteServer,
    remote: RemoteServer,
) -> None:  # fmt: skip
    note = posted(carol, garden.group)
    await garden.announce(proven(carol, carol.create(note)))
    found = await status(office, note["id"])
    assert found is not None
    with pytest.raises(NotAllowed):
        await garden.do(alice, "lock", found)
    added = garden.act(garden.mona, "Add", alice.uri, target=f"{garden.group.uri}/moderators")
    assert await garden.announce(added) == "applied"
    evil.received.clear()
    remote.received.clear()
    await garden.do(alice, "lock", found, reason="Enough")
    # The community says it again, to everybody: that changes nothing here.
    assert await garden.announce(evil.received[0].json) == "duplicate"
    await garden.do(alice, "ban", await account(office, carol.uri), reason="Spam", removes_posts=True)
    with pytest.raises(NotAllowed):
        await garden.do(alice, "ban", await account(office, garden.mona.uri))
    with pytest.raises(CommunityRefused):
        await garden.do(alice, "archive")
    said = [(one.type, one.json["audience"], one.json["object"], one.json["summary"]) for one in evil.received]
    assert said == [
        ("Lock", [garden.group.uri], note["id"], "Enough"), ("Block", [garden.group.uri], carol.uri, "Spam"),
    ]  # fmt: skip
    assert all("proof" in one.json for one in evil.received)
    assert remote.received == []
    assert await garden.announce(evil.received[1].json) == "duplicate"


async def test_what_a_community_shows_first_is_known_to_who_joins(
    office: Office, alice: Person, carol: RemoteActor, evil: RemoteServer
) -> None:
    uri = f"{evil.origin}/c/garden"
    group = await evil.actor("garden", uri=uri, type="Group", **community_of(evil, uri))
    inside, outside = posted(carol, group), carol.note()
    evil.publish({"id": f"{uri}/featured", "type": "OrderedCollection", "orderedItems": [inside["id"], outside["id"]]})
    await follows(office, alice, group)
    marks = [found.featured_at is not None for one in (inside, outside) if (found := await status(office, one["id"]))]
    assert marks == [True, False]


async def test_a_changed_community_is_asked_what_it_is_now(
    office: Office, garden: Garden, eve: RemoteActor, evil: RemoteServer
) -> None:
    garden.group.more |= {"name": "Gardeners", "postingRestrictedToMods": True}
    garden.group.publish()
    forged = {**garden.group.document, "name": "Forged", "inbox": f"{evil.origin}/elsewhere"}
    assert await garden.announce(garden.act(eve, "Update", forged)) == "applied"
    found = await account(office, garden.group.uri)
    assert found is not None
    assert (found.display_name, found.inbox_url, found.is_posting_restricted) == (
        "Gardeners", garden.group.inbox_url, True,
    )  # fmt: skip
    assert (await garden.place(garden.mona)).community.posting == "publishers"


async def test_a_report_goes_to_the_community_which_says_when_it_is_resolved(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, garden: Garden, evil: RemoteServer
) -> None:
    garden.group.more |= {"implements": [{"href": COMMUNITIES, "name": "Communities"}]}
    garden.group.publish()
    assert await garden.announce(garden.act(garden.mona, "Update", garden.group.document)) == "applied"
    note = posted(carol, garden.group)
    await garden.announce(proven(carol, carol.create(note)))
    found, author = await status(office, note["id"]), await account(office, carol.uri)
    assert found is not None
    assert author is not None
    evil.received.clear()
    report = {"account_id": str(author.id), "status_ids": [str(found.id)], "comment": "Rude"}
    made = await office.api(alice).post("/api/v1/reports", report)
    assert made.status == 200, made.body
    await office.run_until_idle()
    (flag,) = [one.json for one in evil.received]
    assert (flag["type"], flag["object"], flag["to"], flag["summary"]) == (
        "Flag", [note["id"]], [garden.group.uri], "Rude",
    )  # fmt: skip
    assert alice.uri not in str(flag)
    resolve = {"to": [flag["actor"]], "audience": garden.group.uri}
    assert str((await send(office, eve, eve.activity("Resolve", flag["id"], **resolve)))[0]).startswith("forbidden")
    done = garden.mona.activity("Resolve", flag["id"], **resolve)
    assert await send(office, garden.mona, done) == ["applied"]
    assert await send(office, garden.mona, garden.mona.activity("Undo", done)) == ["applied"]
    async with office.services.database.reading() as session:
        kept = (await session.scalars(select(Report).where(Report.uri == flag["id"]))).one()
        assert (kept.resolved_at, kept.comment) == (None, "Rude")
    added = garden.act(garden.mona, "Add", alice.uri, target=f"{garden.group.uri}/moderators")
    assert await garden.announce(added) == "applied"
    evil.received.clear()
    await garden.do(alice, "resolve", kept.id)
    assert [(one.type, one.json["object"]) for one in evil.received] == [("Resolve", flag["id"])]
