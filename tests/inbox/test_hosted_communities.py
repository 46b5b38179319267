"""What comes to a community that we host: posts that it takes or answers, and acts of its moderators and of others."""

from typing import Any

from communities.admission import invite
from communities.moderation import lock
from communities.ranks import ban, set_role
from communities.standings import place_of
from inbox.incoming import Outcome
from models.accounts import Account
from models.communities import Community, Kind, Role, State
from models.relations import Report
from models.statuses import Status
from tests.communities.hosting import act, host, join_from_afar, posted
from tests.graph import account, count, status
from tests.peers import Office, Person
from tests.remote_peers import JsonObject, RemoteActor, RemoteServer
from tests.security.cast import UNHARMED, proven, send, snapshot


async def standing(office: Office, group: Account, actor: RemoteActor) -> tuple[State | None, Role]:
    found = await account(office, actor.uri)
    assert found is not None
    async with office.services.database.reading() as session:
        place = await place_of(session, group, found, now=office.services.clock())
    return place.standing.state, place.standing.role


async def post_of(office: Office, uri: str) -> Status:
    found = await status(office, uri)
    assert found is not None
    return found


def refusals(server: RemoteServer) -> list[tuple[str, str]]:
    """Id of the Create and the sentence of every refusal that came."""
    found = [one.json for one in server.received if one.type == "Reject" and "summary" in one.json]
    return [(one["object"]["id"], one["summary"]) for one in found]


async def test_a_community_takes_posts_of_members_and_answers_what_it_does_not_take(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    group = await host(alice)
    await join_from_afar(office, group, carol)
    taken = posted(carol, group)
    stranger = posted(mal, group)
    assert await send(office, carol, taken) == ["applied"]
    assert await send(office, mal, stranger) == ["applied"]  # theirs to write, but no post in this community
    assert (await post_of(office, taken["object"]["id"])).group_id == group.id
    assert (await post_of(office, stranger["object"]["id"])).group_id is None
    assert refusals(mal.server) == [(stranger["id"], "Only members post in this community: join it first.")]
    # A reply belongs where its thread is, whatever it says of the community, so that a lock ends it.
    thread = await post_of(office, taken["object"]["id"])
    reply = carol.note(inReplyTo=thread.uri)
    assert await send(office, carol, proven(carol, carol.create(reply))) == ["applied"]
    assert (await post_of(office, reply["id"])).group_id == group.id
    await act(office, lock, group, alice, thread)
    late = carol.note(inReplyTo=reply["id"])
    create = proven(carol, carol.create(late))
    assert await send(office, carol, create) == ["applied"]
    assert (await post_of(office, late["id"])).group_id is None
    assert refusals(carol.server) == [(create["id"], "This thread is locked: nobody replies to it any more.")]
    await act(office, ban, group, alice, carol)
    again = posted(carol, group)
    await send(office, carol, again)
    assert refusals(carol.server)[1:] == [(again["id"], "You are banned from this community.")]


async def test_what_is_meant_for_members_by_nobody_of_them_is_not_kept(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    group = await host(alice, kind=Kind.BY_INVITATION)
    hidden = await host(alice, "board", kind=Kind.HIDDEN)
    create = posted(mal, group, to=[group.followers_url], cc=[group.uri])
    before = await count(office, Status)
    assert await send(office, mal, create) == [Outcome.NOT_FOR_THEM]
    assert await count(office, Status) == before
    assert len(refusals(mal.server)) == 1
    await send(office, mal, posted(mal, hidden))
    assert len(refusals(mal.server)) == 1  # of a community that isn't there for them nothing is said


def acts(group: Account, post: str, person: RemoteActor) -> list[tuple[str, Any, dict[str, Any]]]:
    """Everything that a moderator may do, in an order in which each changes something."""
    parts = f"{group.uri}/collections/"
    where = {"to": [group.uri], "audience": [group.uri]}
    return [
        ("Lock", post, where),
        ("Add", post, {**where, "target": f"{parts}featured"}),
        ("Remove", post, {**where, "target": f"{parts}featured"}),
        ("Delete", post, {**where, "summary": "Off topic"}),
        ("Add", person.uri, {**where, "target": f"{parts}publishers"}),
        ("Remove", person.uri, {**where, "target": f"{parts}publishers"}),
        ("Block", person.uri, {**where, "target": group.uri, "summary": "Spam", "removeData": True}),
    ]


LOCAL_CONTEXT = {
    "lemmy": "https://join-lemmy.org/ns#", "Lock": "lemmy:Lock", "Resolve": "lemmy:Resolve",
    "removeData": "lemmy:removeData", "tertulia": "urn:tertulia:", "role": "tertulia:role",
}  # fmt: skip


def said(actor: RemoteActor, kind: str, value: Any, more: dict[str, Any]) -> JsonObject:
    document = actor.activity(kind, value, **more)
    document["@context"] = [*document["@context"], LOCAL_CONTEXT]
    return proven(actor, document)


async def test_only_moderators_of_the_community_moderate_from_afar(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor
) -> None:
    group, other = await host(alice), await host(alice, "chess")
    victim = await carol.server.actor("victim")
    await join_from_afar(office, group, carol, eve, victim)
    await join_from_afar(office, other, mal)
    await act(office, set_role, other, alice, mal, Role.MODERATOR)  # but not here
    await act(office, set_role, group, alice, carol, Role.MODERATOR)
    create = posted(victim, group)
    await send(office, victim, create)
    uri = create["object"]["id"]
    stranger = await mal.server.actor("stranger")
    await send(office, stranger, stranger.activity("Like", uri))
    before, heard = await snapshot(office), len(carol.server.received)
    answers = UNHARMED | {"outbound_activities", "deliveries"}
    for attacker in (stranger, eve, mal):
        for kind, value, more in acts(group, uri, victim):
            outcomes = await send(office, attacker, said(attacker, kind, value, more))
            assert outcomes == [Outcome.NOT_A_MODERATOR], (attacker.name, kind)
    # Nothing happens, but that a member is told so.
    assert await snapshot(office, ignoring=answers) == {
        table: rows for table, rows in before.items() if table not in answers
    }
    told = [(one.type, one.json["to"], one.json["object"]["type"]) for one in carol.server.received[heard:]]
    assert told == [("Reject", [eve.uri], kind) for kind, _, _ in acts(group, uri, victim)]
    assert mal.server.received_types().count("Reject") == 0

    done: dict[str, JsonObject] = {}
    for kind, value, more in acts(group, uri, victim):
        document = done[kind] = said(carol, kind, value, more)
        assert await send(office, carol, document) == ["applied"], kind
    post = await post_of(office, uri)
    assert (post.locked_at is not None, post.removed_at is not None) == (True, True)
    assert await standing(office, group, victim) == (State.BANNED, Role.MEMBER)
    # Nobody takes it back but a moderator, who need not be the same.
    for attacker in (eve, mal):
        for kind in ("Block", "Delete"):
            undo = said(attacker, "Undo", {**done[kind], "actor": attacker.uri}, {"audience": [group.uri]})
            assert await send(office, attacker, undo) == [Outcome.NOT_A_MODERATOR]
    for kind in ("Block", "Delete", "Lock"):
        assert await send(office, carol, said(carol, "Undo", done[kind], {"audience": [group.uri]})) == ["applied"]
    post = await post_of(office, uri)
    assert (post.locked_at, post.removed_at) == (None, None)
    assert (await standing(office, group, victim))[0] is None
    # Nobody acts on their own rank or above, and a moderator gives no role that isn't below their own.
    owners = {"target": f"{group.uri}/collections/moderators", "role": "owner", "audience": [group.uri]}
    assert await send(office, carol, said(carol, "Add", eve.uri, owners)) == [Outcome.NOT_A_MODERATOR]
    put_out = {"target": group.uri, "audience": [group.uri]}
    assert await send(office, carol, said(carol, "Block", alice.uri, put_out)) == [Outcome.NOT_A_MODERATOR]
    async with office.services.database.reading() as session:
        assert (await session.get_one(Community, group.id)).archived_at is None


async def test_reports_reach_the_moderators_who_resolve_them_from_afar(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor
) -> None:
    group = await host(alice)
    await join_from_afar(office, group, carol, eve)
    await act(office, set_role, group, alice, carol, Role.MODERATOR)
    create = posted(eve, group)
    await send(office, eve, create)
    flag = said(mal, "Flag", [create["object"]["id"]], {"to": [group.uri], "summary": "Rude"})
    assert await send(office, mal, flag) == ["applied"]
    assert await count(office, Report, Report.community_id == group.id, Report.comment == "Rude") == 1
    for by, outcome in ((eve, Outcome.NOT_ENTITLED), (mal, Outcome.NOT_ENTITLED), (carol, Outcome.APPLIED)):
        assert await send(office, by, said(by, "Resolve", flag["id"], {"audience": [group.uri]})) == [outcome]
    assert await count(office, Report, Report.resolved_at.is_not(None)) == 1
    unknown = said(carol, "Lock", f"{mal.server.origin}/notes/none", {"audience": [group.uri]})
    assert await send(office, carol, unknown) == [Outcome.ELSEWHERE]


async def test_moderators_invite_from_afar(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor
) -> None:
    group = await host(alice, kind=Kind.BY_INVITATION)
    await send(office, carol, carol.follow(group.uri))
    invitation = {"target": mal.uri, "to": [mal.uri], "cc": [group.uri], "audience": [group.uri]}
    assert await send(office, eve, said(eve, "Invite", group.uri, invitation)) == [Outcome.NOT_A_MODERATOR]
    await act(office, invite, group, alice, carol, role=Role.MODERATOR)
    await join_from_afar(office, group, carol)
    assert await send(office, carol, said(carol, "Invite", group.uri, invitation)) == ["applied"]
    assert [one.json["actor"] for one in mal.server.received if one.type == "Invite"] == [carol.uri]
    await join_from_afar(office, group, mal)
