"""Private posts by GET for servers that know no tokens: as far as they keep what is for members among them (Lemmy)."""

from urllib.parse import quote

from sqlalchemy import select

from communities.admission import invite
from communities.ranks import ban
from federation.peers import domain_of
from models.accounts import Account
from models.activities import RemoteHost
from models.communities import Kind
from policy.limits import MEMBERS_ASKED_AN_HOUR
from tests.communities.hosting import act, host
from tests.conftest import Clock
from tests.inbox.conftest import alice, carol, eve, evil, mal
from tests.inbox.test_private_groups import private_group
from tests.peers import Office, Person
from tests.remote_peers import RemoteActor, RemoteServer
from tests.security.cast import follows

__all__ = ["alice", "carol", "eve", "evil", "mal"]
STATUSES = "/api/v1/statuses"


async def runs(office: Office, server: RemoteServer, software: str) -> None:
    """What the office knows of the make of a server."""
    async with office.services.database.unit_of_work() as unit:
        name = domain_of(server.origin)
        row = await unit.session.get(RemoteHost, name) or RemoteHost(host=name, updated_at=unit.now)
        row.software = software
        unit.session.add(row)


async def site_of(office: Office, server: RemoteServer, software: str) -> RemoteActor:
    """The instance actor of a server of some make, which is what Lemmy asks with."""
    await runs(office, server, software)
    return await server.actor("instance", uri=f"{server.origin}/", type="Application", handle=server.address)


async def post_inside(office: Office, author: Person, group_id: int) -> str:
    answer = await office.api(author).post(STATUSES, {"status": "Among us", "community_id": str(group_id)})
    assert answer.status == 200, answer.body
    await office.run_until_idle()
    return str(answer.json()["uri"])


async def test_a_server_with_a_member_reads_a_community_of_ours_if_it_keeps_to_members_what_is_theirs(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, remote: RemoteServer, evil: RemoteServer
) -> None:
    group = await host(alice, kind=Kind.ON_REQUEST, is_private=True)
    uri = await post_inside(office, alice, group.id)
    site, other = await site_of(office, remote, "lemmy"), await site_of(office, evil, "Lemmy")
    asked = f"{group.uri}/followers?is_follower="
    parts = (uri, f"{uri}/activity", f"{uri}/replies", f"{group.uri}/actor_token")
    assert {(await site.get(part)).status for part in parts} == {404}
    await carol.post(group.inbox_url, carol.follow(group.uri))
    await office.run_until_idle()
    await act(office, invite, group, alice, carol)
    assert {(await site.get(part)).status for part in parts} == {200}
    listed = (await site.get(f"{group.uri}/outbox?page=true")).json["orderedItems"]
    assert [one["object"] for one in listed] == [uri]
    # The site is in it as long as carol is; who else lives there isn't told of by it.
    assert [(await site.get(asked + one)).status for one in (site.uri, carol.uri)] == [200, 200]
    assert (await site.get(f"{asked}{remote.origin}/users/nobody")).status == 404
    # Another server has nobody in it, and a third shows what is for followers to the author's.
    assert {(await other.get(part)).status for part in (*parts, asked + site.uri)} == {404}
    for make in ("mastodon", "mbin"):
        await runs(office, remote, make)
        assert (await site.get(uri)).status == 404
    # An actor that isn't the server's own reads for itself alone.
    await runs(office, remote, "lemmy")
    eve = await remote.actor("eve")
    assert [(await one.get(uri)).status for one in (site, carol, eve, mal)] == [200, 200, 404, 404]
    await act(office, ban, group, alice, carol)
    assert [(await one.get(uri)).status for one in (site, carol)] == [404, 404]


async def test_of_a_community_elsewhere_the_host_is_asked_about_who_reads(
    office: Office, alice: Person, carol: RemoteActor, remote: RemoteServer, evil: RemoteServer, clock: Clock
) -> None:
    """The group is hosted by one Lemmy, alice posted in it here, and another Lemmy asks for her post."""
    group = await private_group(office, evil, await evil.actor("mona"), "on_request")
    await follows(office, alice, group)
    async with office.services.database.reading() as session:
        here = (await session.scalars(select(Account.id).where(Account.uri == group.uri))).one()
    uri = await post_inside(office, alice, here)
    site = await site_of(office, remote, "lemmy")
    question = evil.path_of(group.followers_url) + f"?is_follower={quote(site.uri, safe='')}"

    def questions() -> int:
        return sum(path == evil.path_of(group.followers_url) for _, path in evil.requests)

    before = questions()
    assert [(await site.get(uri)).status for _ in range(3)] == [404] * 3
    assert questions() == before + 1
    clock.advance(minutes=2)
    evil.documents[question] = {"id": group.followers_url, "type": "Collection"}
    assert [(await site.get(part)).status for part in (uri, f"{uri}/activity", f"{uri}/replies")] == [200] * 3
    assert questions() == before + 2
    # A yes holds for five minutes, a host that is in trouble has said nothing.
    evil.documents[question] = 404
    assert (await site.get(uri)).status == 200
    clock.advance(minutes=6)
    assert (await site.get(uri)).status == 404
    clock.advance(minutes=2)
    evil.documents[question] = 503
    assert (await site.get(uri)).status == 404
    # Nobody is asked because of single people, of servers that don't keep to members what is theirs, of what isn't
    # there or what everybody may read; nor too often.
    before = questions()
    public = (await office.api(alice).post(STATUSES, {"status": "Hello"})).json()["uri"]
    for actor, wanted in ((carol, uri), (site, public), (site, f"{alice.uri}/statuses/77")):
        await actor.get(wanted)
    await runs(office, remote, "mastodon")
    assert (await site.get(uri)).status == 404
    await runs(office, remote, "lemmy")
    office.services.rates.is_on = True
    for _ in range(MEMBERS_ASKED_AN_HOUR):
        office.services.peers.memory.member_questions.check(domain_of(site.uri), clock())
    assert (await site.get(uri)).status == 404
    assert questions() == before
