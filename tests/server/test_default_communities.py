"""The communities of everybody: made once, filled with whom they are for, left by whom may."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from communities.membership import leave
from communities.standings import CommunityRefused, place_of
from models.accounts import Account
from models.communities import Community, Role, State
from outbox.network_community import PEOPLE_AT_ONCE, request_joining
from server.default_communities import ensure_default_communities
from server.doctor import Verdict, check_network_community, examine
from tests.communities.hosting import host
from tests.fixtures_offices import OpenOffice
from tests.peers import Office, run_until_idle


async def test_everybody_belongs_to_the_office_and_to_the_network_until_they_leave(office: Office) -> None:
    ana = await office.create_person("ana", is_admin=True)
    bea = await office.create_person("bea")
    services = replace(
        office.services,
        settings=replace(office.services.settings, default_communities=frozenset({"office", "network"})),
    )
    assert await ensure_default_communities(services) == 4
    assert await ensure_default_communities(services) == 0
    carl = await office.create_person("carl")  # who comes later is taken in at once
    async with services.database.unit_of_work() as unit:
        rows = await unit.session.execute(select(Community.default_for, Community.account_id))
        found = {row[0]: row[1] for row in rows}
        ours, network = [await unit.session.get_one(Account, found[name]) for name in ("office", "network")]
        assert (ours.followers_count, network.followers_count) == (3, 3)
        people = [await unit.session.get_one(Account, person.id) for person in (ana, bea, carl)]
        roles = [(await place_of(unit.session, ours, one, now=unit.now)).standing.role for one in people]
        assert roles == [Role.OWNER, Role.MEMBER, Role.MEMBER]
        assert (await leave(unit, network, people[1])).is_new
        with pytest.raises(CommunityRefused, match="mute it"):
            await leave(unit, ours, people[1])
    assert await ensure_default_communities(services) == 0  # whoever left isn't taken in again
    async with services.database.reading() as session:
        assert (await place_of(session, network, people[1], now=services.clock())).standing.state is State.LEFT
    # No other server learns of what is for the office alone.
    for path in (f"/users/{ours.id}", f"/.well-known/webfinger?resource=acct:{ours.username}@{office.domain}"):
        assert (await office.get(path, token=ana)).status == 404, path
    assert (await office.get(f"/users/{network.id}", token=ana)).status == 200


async def followers_of(office: Office, group: Account) -> int:
    async with office.services.database.reading() as session:
        return (await session.get_one(Account, group.id)).followers_count


async def test_people_of_other_offices_join_the_networks_community_by_themselves_and_once(
    open_office: OpenOffice,
) -> None:
    hamburg = await open_office("hamburg")
    hans = await hamburg.create_person("hans")
    group = await host(hans, "network")
    lisbon = await open_office("lisbon", network_community=f"network@{hamburg.domain}")
    people = [await lisbon.create_person(f"p{number}") for number in range(PEOPLE_AT_ONCE + 1)]
    await run_until_idle(hamburg, lisbon)
    assert await followers_of(hamburg, group) == 1  # nobody has been introduced yet: it isn't found
    found = await check_network_community(lisbon.services)
    assert (found.verdict, "confirmed peer" in found.sentence) == (Verdict.WRONG, True)

    async def look_again() -> int:
        async with lisbon.services.database.unit_of_work() as unit:
            await request_joining(lisbon.services, unit)
        await run_until_idle(hamburg, lisbon)
        return await followers_of(hamburg, group)

    await hamburg.confirm(lisbon)
    await lisbon.confirm(hamburg)
    assert await look_again() == 1 + len(people)
    assert (await check_network_community(lisbon.services)).verdict is Verdict.FINE
    late = await lisbon.create_person("late")  # who comes later is joined at once
    await run_until_idle(hamburg, lisbon)
    api = lisbon.api(late)
    mine = (await api.get(f"/api/v1/accounts/{late.id}/following")).json()
    assert [one["acct"] for one in mine if one["group"]] == [f"network@{hamburg.domain}"]
    assert (await api.post(f"/api/v1/accounts/{mine[0]['id']}/unfollow")).status == 200
    assert await look_again() == 1 + len(people)  # who left isn't joined again


@pytest.mark.parametrize("name", ["nobody", "hans"])
async def test_what_is_no_community_is_joined_by_nobody(open_office: OpenOffice, name: str) -> None:
    hamburg = await open_office("hamburg")
    await hamburg.create_person("hans")
    lisbon = await open_office("lisbon", network_community=f"{name}@{hamburg.domain}")
    await hamburg.confirm(lisbon)
    await lisbon.confirm(hamburg)
    bea = await lisbon.create_person("bea")
    await run_until_idle(hamburg, lisbon)
    assert (await lisbon.api(bea).get(f"/api/v1/accounts/{bea.id}/following")).json() == []
    found = {one.check: one async for one in examine(lisbon.settings)}["network community"]
    assert found.verdict is Verdict.WRONG
    assert f"TERTULIA_NETWORK_COMMUNITY is {name}@{hamburg.domain}, which nobody here can join" in found.sentence
