"""Move: both accounts must say so, today, and not every day (O16, O17)."""

from typing import Any

import pytest

from models.accounts import Account
from social.follows import FollowRefused
from tests.conftest import Clock
from tests.graph import account, follower_uris, journal, notices
from tests.peers import Office, Person
from tests.remote_peers import RemoteActor, RemoteServer
from tests.security.cast import follows, send


def move(actor: RemoteActor, target: Any, **more: Any) -> dict[str, Any]:
    return {**actor.activity("Move", actor.uri), "target": target, **more}


def lists(target: RemoteActor, *aliases: str) -> None:
    target.more["alsoKnownAs"] = list(aliases)
    target.publish()


async def test_followers_follow_where_both_accounts_say_so(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    await follows(office, alice, carol)
    lists(mal, carol.uri)
    assert await send(office, carol, move(carol, mal.uri)) == ["applied"]
    assert await follower_uris(office, mal.uri, state="pending") == [alice.uri]
    assert await follower_uris(office, carol.uri) == []
    assert mal.server.received_types() == ["Follow"]
    assert carol.server.received_types()[-1] == "Undo"
    assert ("move", carol.uri) in await notices(alice)


async def test_a_move_to_one_of_ours_needs_our_account_s_word_too(
    office: Office, alice: Person, carol: RemoteActor
) -> None:
    bob = await office.create_person("bob")
    await follows(office, alice, carol)
    assert await send(office, carol, move(carol, bob.uri)) == ["forbidden"]
    assert await follower_uris(office, carol.uri) == [alice.uri]
    async with office.services.database.unit_of_work() as unit:
        (await unit.session.get_one(Account, bob.id)).also_known_as = [carol.uri]
    assert await send(office, carol, move(carol, bob.uri)) == ["applied"]
    assert await follower_uris(office, bob.uri) == [alice.uri]


@pytest.mark.parametrize("aliases", [[], ["prefix"], ["slash"], ["case"], ["query"]])
async def test_an_alias_is_an_exact_string(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, aliases: list[str]
) -> None:
    almost = {"prefix": carol.uri[:-2], "slash": f"{carol.uri}/", "case": carol.uri.upper(), "query": f"{carol.uri}?"}
    await follows(office, alice, carol)
    lists(mal, *(almost[name] for name in aliases))
    assert await send(office, carol, move(carol, mal.uri)) == ["forbidden"]
    assert await follower_uris(office, carol.uri) == [alice.uri]
    lists(mal, carol.uri)
    assert await send(office, carol, move(carol, mal.uri)) == ["applied"]


async def test_nobody_moves_others(
    office: Office, alice: Person, carol: RemoteActor, eve: RemoteActor, mal: RemoteActor
) -> None:
    await follows(office, alice, carol)
    lists(mal, carol.uri, eve.uri)
    for mover in (mal, eve):
        assert await send(office, mover, {**move(mover, mal.uri), "object": carol.uri}) == ["forbidden"]
    assert await send(office, carol, move(carol, carol.uri), move(carol, None)) == ["forbidden", "forbidden"]
    assert await follower_uris(office, carol.uri) == [alice.uri]


async def test_a_target_that_moved_itself_or_moves_back_is_no_target(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    await follows(office, alice, carol)
    lists(mal, carol.uri)
    mal.more["movedTo"] = carol.uri
    mal.publish()
    assert await send(office, carol, move(carol, mal.uri)) == ["forbidden"]
    del mal.more["movedTo"]
    mal.publish()
    carol.more["movedTo"] = mal.uri
    lists(carol, mal.uri)
    assert await send(office, carol, move(carol, mal.uri)) == ["applied"]
    assert await send(office, mal, move(mal, carol.uri)) == ["forbidden"]
    assert await follower_uris(office, mal.uri, state="pending") == [alice.uri]


async def test_a_target_on_a_server_that_we_left_is_none_even_if_we_know_it(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, evil: RemoteServer
) -> None:
    await follows(office, alice, carol)
    lists(mal, carol.uri)
    assert await send(office, mal, mal.create(mal.note())) == ["applied"]  # now we know it, alias included
    await office.suspend(evil)
    assert await send(office, carol, move(carol, mal.uri)) == ["forbidden"]
    assert await follower_uris(office, carol.uri) == [alice.uri]


async def test_what_the_target_said_yesterday_does_not_count(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, clock: Clock
) -> None:
    await follows(office, alice, carol)
    lists(mal, carol.uri)
    await send(office, mal, mal.create(mal.note()))
    mal.server.withdraw(mal.uri, 503)
    await send(office, carol, move(carol, mal.uri))
    assert (await journal(office))[-1][:2] == ("Move", "queued")  # asked again later
    assert await follower_uris(office, carol.uri) == [alice.uri]
    lists(mal)
    clock.advance(minutes=2)
    await office.run_until_idle()
    assert (await journal(office))[-1] == ("Move", "done", "forbidden")
    assert await follower_uris(office, carol.uri) == [alice.uri]


async def test_a_second_move_within_a_week_is_none(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor, evil: RemoteServer, clock: Clock
) -> None:
    await follows(office, alice, carol)
    other = await evil.actor("other", alsoKnownAs=[carol.uri])
    lists(mal, carol.uri)
    assert await send(office, carol, move(carol, mal.uri)) == ["applied"]
    assert await send(office, carol, move(carol, mal.uri)) == ["duplicate"]
    with pytest.raises(FollowRefused):  # who has moved away finds no new followers
        await follows(office, alice, carol)
    assert await send(office, carol, move(carol, other.uri)) == ["forbidden"]
    assert await follower_uris(office, mal.uri, state="pending") == [alice.uri]
    clock.advance(days=8)
    assert await send(office, carol, move(carol, other.uri)) == ["applied"]


async def test_nobody_is_made_to_follow_whom_they_blocked(
    office: Office, alice: Person, carol: RemoteActor, mal: RemoteActor
) -> None:
    from outbox.follows import publish_block

    bob = await office.create_person("bob")
    await follows(office, alice, carol)
    await follows(office, bob, carol)
    lists(mal, carol.uri)
    await send(office, mal, mal.create(mal.note()))
    enemy = await account(office, mal.uri)
    assert enemy is not None
    async with office.services.database.unit_of_work() as unit:
        await publish_block(office.services, unit, bob.account, enemy)
    assert await send(office, carol, move(carol, mal.uri)) == ["applied"]
    assert await follower_uris(office, mal.uri, state="pending") == [alice.uri]
    assert await follower_uris(office, carol.uri) == [bob.uri]
