"""A community of Hamburg with people of Lisbon in it: joining, posting, answering, and what its moderators decide."""

from typing import Any

from sqlalchemy import select

from communities.groups import Wish
from communities.standings import moderator_ids, place_of
from models import UnitOfWork
from models.accounts import Account
from models.communities import Community, Kind, Role, State
from models.statuses import Status
from outbox import community_acts
from tests.communities.hosting import host
from tests.fixtures_offices import OpenOffice
from tests.peers import Office, Person, run_until_idle


async def act(person: Person, name: str, group: Account, *rest: Any, **more: Any) -> Any:
    """Do something in a community as the client API does it for somebody of this office."""
    services = person.office.services
    async with services.database.unit_of_work() as unit:
        rows = [await _row(unit, one) for one in (group, person, *rest)]
        return await getattr(community_acts, name)(services, unit, *rows, **more)


async def _row(unit: UnitOfWork, one: Any) -> Any:
    if isinstance(one, Person):
        return await unit.session.get_one(Account, one.id)
    return await unit.session.get_one(type(one), one.id) if isinstance(one, Account | Status) else one


async def known(office: Office, kind: type[Any], uri: str) -> Any:
    """The row of something at an office."""
    async with office.services.database.reading() as session:
        return (await session.scalars(select(kind).where(kind.uri == uri))).one()


async def follow(person: Person, acct: str) -> Any:
    """Find an account by its handle and follow it, as an app does."""
    api = person.office.api(person)
    found = (await api.get("/api/v2/search", q=f"@{acct}", resolve=True, type="accounts")).json()["accounts"]
    assert [one["acct"] for one in found] == [acct]
    return (await api.post(f"/api/v1/accounts/{found[0]['id']}/follow")).json()


async def home(person: Person) -> list[Any]:
    return [
        (one["account"]["acct"], (one["reblog"] or one)["content"])
        for one in (await person.office.api(person).get("/api/v1/timelines/home")).json()
    ]


async def test_two_offices_talk_in_an_open_community(two_offices: tuple[Office, Office]) -> None:
    hamburg, lisbon = two_offices
    hans, bea = await hamburg.create_person("hans"), await lisbon.create_person("bea")
    group = await host(hans)
    acct = f"afterwork@{hamburg.domain}"
    await hamburg.api(hans).post("/api/v1/statuses", {"status": "@afterwork Founded!"})
    await run_until_idle(hamburg, lisbon)
    await follow(bea, acct)
    await run_until_idle(hamburg, lisbon)
    assert [(who, "Founded" in content) for who, content in await home(bea)] == [(acct, True)]
    relationship = await follow(bea, acct)
    assert (relationship["following"], relationship["requested"]) == (True, False)
    posted = await hamburg.api(hans).post("/api/v1/statuses", {"status": "@afterwork Beer at six?"})
    assert posted.status == 200
    await run_until_idle(hamburg, lisbon)
    shown = await home(bea)
    assert [who for who, _ in shown] == [acct, acct]
    thread = (await lisbon.api(bea).get("/api/v1/timelines/home")).json()[0]["reblog"]
    answer = await lisbon.api(bea).post(
        "/api/v1/statuses", {"status": f"@hans@{hamburg.domain} Seven!", "in_reply_to_id": thread["id"]}
    )
    assert answer.status == 200, answer.body
    await lisbon.api(bea).post("/api/v1/statuses", {"status": f"@{acct} And who brings the cake?"})
    await run_until_idle(hamburg, lisbon)
    context = (await hamburg.api(hans).get(f"/api/v1/statuses/{posted.json()['id']}/context")).json()
    assert ["Seven!" in one["content"] for one in context["descendants"]] == [True]
    assert any("cake" in content and who == "afterwork" for who, content in await home(hans))
    status = await known(hamburg, Status, posted.json()["uri"])
    await act(hans, "remove_post", group, status, reason="Not here")
    await run_until_idle(hamburg, lisbon)
    assert not any("Beer" in content for _, content in await home(bea))
    assert (await known(hamburg, Status, status.uri)).removed_at is not None
    assert (await known(lisbon, Status, status.uri)).removed_at is not None
    await act(hans, "restore_post", group, status)
    await act(hans, "pin", group, status)
    await act(hans, "lock", group, status)
    await run_until_idle(hamburg, lisbon)
    assert any("Beer" in content for _, content in await home(bea))
    there = await known(lisbon, Status, status.uri)
    assert (there.removed_at, there.featured_at is not None, there.locked_at is not None) == (None, True, True)
    late = await lisbon.api(bea).post("/api/v1/statuses", {"status": "Eight!", "in_reply_to_id": str(there.id)})
    assert (late.status, "locked" in late.json()["error"]) == (422, True)


async def test_what_came_before_the_community_was_known_is_in_it_after_joining(
    two_offices: tuple[Office, Office],
) -> None:
    hamburg, lisbon = two_offices
    hans, bea = await hamburg.create_person("hans"), await lisbon.create_person("bea")
    group = await host(hans)
    await follow(bea, hans.acct)
    await run_until_idle(hamburg, lisbon)
    api = hamburg.api(hans)
    inside = (await api.post("/api/v1/statuses", {"status": "Founded!", "community_id": str(group.id)})).json()["uri"]
    outside = (await api.post("/api/v1/statuses", {"status": "Elsewhere"})).json()["uri"]
    await run_until_idle(hamburg, lisbon)
    assert (await known(lisbon, Status, inside)).group_id is None  # nobody there knows the community
    await follow(bea, f"afterwork@{hamburg.domain}")
    await run_until_idle(hamburg, lisbon)
    here = await known(lisbon, Account, group.uri)
    assert [(await known(lisbon, Status, uri)).group_id for uri in (inside, outside)] == [here.id, None]


async def test_roles_rules_and_bans_reach_the_offices_of_members(two_offices: tuple[Office, Office]) -> None:
    hamburg, lisbon = two_offices
    hans, bea = await hamburg.create_person("hans"), await lisbon.create_person("bea")
    group = await host(hans)
    await follow(bea, f"afterwork@{hamburg.domain}")
    await run_until_idle(hamburg, lisbon)
    here, bea_there = await known(lisbon, Account, group.uri), await known(hamburg, Account, bea.uri)

    async def standing() -> tuple[State | None, Role, str, str]:
        async with lisbon.services.database.reading() as session:
            place = await place_of(session, here, bea.account, now=lisbon.services.clock())
            return place.standing.state, place.standing.role, place.community.posting, place.community.rules

    await act(hans, "set_role", group, bea_there, Role.PUBLISHER)
    await act(hans, "update", group, Wish(posting="publishers", rules="No ads"))
    await run_until_idle(hamburg, lisbon)
    assert await standing() == (State.MEMBER, Role.PUBLISHER, "publishers", "No ads")
    await act(hans, "set_role", group, bea_there, Role.MODERATOR)
    await run_until_idle(hamburg, lisbon)
    assert (await standing())[1] is Role.MODERATOR
    await act(hans, "ban", group, bea_there, reason="Enough")
    await run_until_idle(hamburg, lisbon)
    assert (await standing())[0] is State.BANNED
    assert not (await lisbon.api(bea).get("/api/v1/accounts/relationships", id=[str(here.id)])).json()[0]["following"]


async def test_who_asks_from_another_office_is_let_in_by_a_moderator(two_offices: tuple[Office, Office]) -> None:
    hamburg, lisbon = two_offices
    hans, bea = await hamburg.create_person("hans"), await lisbon.create_person("bea")
    group = await host(hans, kind=Kind.ON_REQUEST, rules="Be kind\nNo ads")
    acct = f"afterwork@{hamburg.domain}"
    await follow(bea, acct)
    await run_until_idle(hamburg, lisbon)
    assert (await follow(bea, acct))["requested"]
    kinds = await hamburg.api(hans).get("/api/v1/notifications", types=["community.request"])
    assert [(one["type"], one["account"]["acct"]) for one in kinds.json()] == [("community.request", bea.acct)]
    await act(hans, "approve", group, await known(hamburg, Account, bea.uri))
    await run_until_idle(hamburg, lisbon)
    assert (await follow(bea, acct))["following"]
    kinds = await lisbon.api(bea).get("/api/v1/notifications", types=["community.approved"])
    assert [(one["type"], one["account"]["acct"]) for one in kinds.json()] == [("community.approved", acct)]
    # Of the host Lisbon knows what the community is, and who looks after it.
    here = await known(lisbon, Account, group.uri)
    async with lisbon.services.database.reading() as session:
        community = await session.get_one(Community, here.id)
        assert (community.kind, community.is_private, community.rules) == ("on_request", True, "Be kind\nNo ads")
        hans_there = (await session.scalars(select(Account).where(Account.uri == hans.uri))).one()
        place = await place_of(session, here, hans_there, now=lisbon.services.clock())
        assert place.standing.role is Role.OWNER
        assert await moderator_ids(session, here) == [hans_there.id]
    # What is said in it is for its members of both offices.
    eva = await lisbon.create_person("eva")
    words = {"status": "Among us", "community_id": str(group.id)}
    posted = (await hamburg.api(hans).post("/api/v1/statuses", words)).json()
    await run_until_idle(hamburg, lisbon)
    assert [content for who, content in await home(bea) if who == acct] == ["<p>Among us</p>"]
    there = await known(lisbon, Status, posted["uri"])
    assert (await lisbon.api(eva).get(f"/api/v1/statuses/{there.id}")).status == 404
    answer = {"status": "Us?", "in_reply_to_id": str(there.id), "visibility": "private"}
    assert (await lisbon.api(bea).post("/api/v1/statuses", answer)).status == 200
    await run_until_idle(hamburg, lisbon)
    context = (await hamburg.api(hans).get(f"/api/v1/statuses/{posted['id']}/context")).json()
    assert [one["content"] for one in context["descendants"]] == ["<p>Us?</p>"]


async def test_a_moderator_of_one_office_looks_after_what_another_posts_in_the_community_of_a_third(
    two_offices: tuple[Office, Office], open_office: OpenOffice
) -> None:
    hamburg, lisbon = two_offices
    berlin = await open_office("berlin")
    for one, other in ((hamburg, berlin), (lisbon, berlin), (berlin, hamburg), (berlin, lisbon)):
        await one.confirm(other)
    hans, bea = await hamburg.create_person("hans"), await lisbon.create_person("bea")
    carl, ana = await lisbon.create_person("carl"), await berlin.create_person("ana")
    group = await host(hans, kind=Kind.BY_INVITATION, is_private=False)
    acct = f"afterwork@{hamburg.domain}"
    for person in (bea, ana):
        await person.office.api(person).get("/api/v2/search", q=f"@{acct}", resolve=True)
        await hamburg.api(hans).get("/api/v2/search", q=f"@{person.acct}", resolve=True)
        await act(hans, "invite", group, await known(hamburg, Account, person.uri))
        await run_until_idle(hamburg, lisbon, berlin)
        await follow(person, acct)
        await run_until_idle(hamburg, lisbon, berlin)
        assert (await follow(person, acct))["following"]
    await act(hans, "set_role", group, await known(hamburg, Account, ana.uri), Role.MODERATOR)
    made = (await lisbon.api(bea).post("/api/v1/statuses", {"status": f"@{acct} Buy my car"})).json()
    await run_until_idle(hamburg, lisbon, berlin)
    assert [who for who, _ in await home(ana)] == [acct]
    there = await known(berlin, Account, group.uri)
    await act(ana, "remove_post", there, await known(berlin, Status, made["uri"]), reason="No ads")
    await run_until_idle(hamburg, lisbon, berlin)
    for office in (hamburg, lisbon, berlin):
        assert (await known(office, Status, made["uri"])).removed_at is not None, office.name
    told = (await lisbon.api(bea).get("/api/v1/notifications", types=["community.removed"])).json()
    assert [one["account"]["acct"] for one in told] == [acct]
    # What she wrote herself only leaves the community, too.
    made = (await berlin.api(ana).post("/api/v1/statuses", {"status": f"@{acct} Wrong place"})).json()
    await run_until_idle(hamburg, lisbon, berlin)
    await act(ana, "remove_post", there, await known(berlin, Status, made["uri"]))
    await run_until_idle(hamburg, lisbon, berlin)
    for office in (hamburg, lisbon, berlin):
        assert (await known(office, Status, made["uri"])).removed_at is not None, office.name
    # She invites somebody of Lisbon, too, whose office hears of it from the community.
    await berlin.api(ana).get("/api/v2/search", q=f"@{carl.acct}", resolve=True)
    await act(ana, "invite", there, await known(berlin, Account, carl.uri))
    await run_until_idle(hamburg, lisbon, berlin)
    told = (await lisbon.api(carl).get("/api/v1/notifications", types=["community.invitation"])).json()
    assert [one["account"]["acct"] for one in told] == [ana.acct]
    await follow(carl, acct)
    await run_until_idle(hamburg, lisbon, berlin)
    assert (await follow(carl, acct))["following"]
