"""A moderator of ours is none any more at the community's host: what they did here is taken back."""

from typing import Any

from sqlalchemy import select

from communities.ranks import set_role
from communities.standings import place_of
from models.accounts import Account
from models.activities import OutboundActivity
from models.communities import CommunityAct, Role, State
from models.statuses import Status
from tests.communities.hosting import host
from tests.communities.test_members_elsewhere import act, follow, known
from tests.fixtures_offices import OpenRemote
from tests.peers import Office, Person, run_until_idle
from tests.security.cast import send


async def test_what_the_host_refuses_is_taken_back(two_offices: tuple[Office, Office], open_remote: OpenRemote) -> None:
    hamburg, lisbon = two_offices
    hans, bea = await hamburg.create_person("hans"), await lisbon.create_person("bea")
    group = await host(hans)
    acct = f"afterwork@{hamburg.domain}"
    await follow(bea, acct)
    await run_until_idle(hamburg, lisbon)
    bea_there = await known(hamburg, Account, bea.uri)
    await act(hans, "set_role", group, bea_there, Role.MODERATOR)
    uris = []
    for text in ("One", "Two", "Three", "Four"):
        answer = await hamburg.api(hans).post("/api/v1/statuses", {"status": text, "community_id": str(group.id)})
        uris.append(answer.json()["uri"])
    eva = await hamburg.create_person("eva")
    await act(eva, "join", group)
    made = await hamburg.api(eva).post("/api/v1/statuses", {"status": "Mine", "community_id": str(group.id)})
    await run_until_idle(hamburg, lisbon)
    here = await known(lisbon, Account, group.uri)
    locked, pinned, kept, _ = [await known(lisbon, Status, uri) for uri in uris]
    hers = await known(lisbon, Status, made.json()["uri"])

    async def done(*names: str) -> list[bool]:
        """Whether the posts are locked, pinned, locked, and out."""
        wanted = ((locked, "locked_at"), (pinned, "featured_at"), (kept, "locked_at"), (hers, "removed_at"))
        return [getattr(await known(lisbon, Status, one.uri), name) is not None for one, name in wanted]

    await act(bea, "lock", here, kept)
    await run_until_idle(hamburg, lisbon)
    assert await done() == [False, False, True, False]  # as long as she may
    # Hamburg has taken the role from her, and Lisbon hasn't heard of it.
    async with hamburg.services.database.unit_of_work() as unit:
        rows = [await unit.session.get_one(Account, one.id) for one in (group, hans.account, bea_there)]
        await set_role(unit, *rows, Role.MEMBER)
    await act(bea, "lock", here, locked)
    await act(bea, "pin", here, pinned)
    await act(bea, "unlock", here, kept)
    await act(bea, "remove_post", here, hers, reason="Spam")
    await act(bea, "ban", here, await known(lisbon, Account, eva.uri), reason="Enough")
    assert await done() == [True, True, False, True]
    # Only the community itself can refuse: nobody else's word changes anything.
    server = await open_remote()
    await lisbon.confirm(server)
    other = await server.actor("other", uri=f"{server.origin}/c/other", type="Group")
    lock = await _sent(lisbon, "Lock", locked.uri)
    refusal = {"id": lock, "type": "Lock", "actor": bea.uri}
    assert await send_one(lisbon, other, other.activity("Reject", refusal)) == "unrelated"
    assert (await done())[0]
    await run_until_idle(hamburg, lisbon)
    assert await done() == [False, False, True, False]
    assert await _state(lisbon, here, await known(lisbon, Account, eva.uri)) is not State.BANNED
    assert await _state(hamburg, group, eva.account) is State.MEMBER
    # The log says who took it back, and the office knows now what she is.
    async with lisbon.services.database.reading() as session:
        log = list(await session.scalars(select(CommunityAct).where(CommunityAct.actor_id == here.id)))
        place = await place_of(session, here, bea.account, now=lisbon.services.clock())
    assert {one.action for one in log} == {"unlock", "unpin", "lock", "restore", "unban"}
    assert all("not allowed" in one.reason or "can't" in one.reason for one in log if one.action != "unpin")
    assert place.standing.role is Role.MEMBER


async def _sent(office: Office, type: str, object_uri: str) -> str:
    query = select(OutboundActivity.uri).where(
        OutboundActivity.activity_type == type, OutboundActivity.object_uri == object_uri
    )
    async with office.services.database.reading() as session:
        return (await session.scalars(query)).one()


async def send_one(office: Office, actor: Any, activity: Any) -> str | None:
    """Post it and look at this activity's outcome alone; other things are on their way."""
    outcomes = await send(office, actor, activity)
    return outcomes[0]


async def _state(office: Office, group: Account, account: Person | Account) -> State | None:
    async with office.services.database.reading() as session:
        return (await place_of(session, group, account, now=office.services.clock())).standing.state
