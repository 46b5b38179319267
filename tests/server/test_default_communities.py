"""The communities of everybody: made once, filled with whom they are for, left by whom may."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from communities.membership import leave
from communities.standings import CommunityRefused, place_of
from models.accounts import Account
from models.communities import Community, Role, State
from server.default_communities import ensure_default_communities
from tests.peers import Office


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
