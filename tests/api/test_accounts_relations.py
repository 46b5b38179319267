"""What one account does about another, here and at another office, and what both are told of it."""

import pytest
from sqlalchemy import func, select

from api.answers.account_relations import RelationshipEntity
from api.answers.accounts import AccountEntity
from models.accounts import Account
from models.feeds import AccountList
from models.relations import AccountNote, Endorsement, Follow, Mute
from outbox.profile import publish_account_deletion
from tests.api.contract import check
from tests.api.counting import counted
from tests.conftest import Clock
from tests.graph import account, follower_uris, notices
from tests.peers import Client, Office, Person, run_until_idle

TwoOffices = tuple[Office, Office]
EVERYTHING = (
    "following showing_reblogs notifying followed_by blocking blocked_by muting muting_notifications requested "
    "requested_by domain_blocking endorsed"
).split()


async def about(client: Client, number: int | str) -> dict[str, object]:
    (found,) = check(RelationshipEntity, (await client.get("/api/v1/accounts/relationships", id=[number])).json())
    return dict(found)


def flags(relationship: dict[str, object]) -> set[str]:
    return {name for name in EVERYTHING if relationship[name]}


async def meet(office: Office, reader: Person, other: Person) -> str:
    """Make a remote person known; returns their id here."""
    answer = await office.api(reader).get("/api/v1/accounts/search", q=other.acct, resolve=True)
    return str(answer.json()[0]["id"])


async def test_a_follow_carries_wishes_and_can_be_changed(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    api, path = office.api(ana), f"/api/v1/accounts/{ben.id}"
    first = check(RelationshipEntity, (await api.post(f"{path}/follow", {"reblogs": False, "notify": True})).json())
    assert flags(first) == {"following", "notifying"}
    again = (await api.post(f"{path}/follow", {"languages": ["en", "ES"]})).json()
    assert (flags(again), again["languages"]) == ({"following", "notifying"}, ["en", "es"])
    cleared = (await api.post(f"{path}/follow?reblogs=true&notify=0", {"languages": []})).json()
    assert (flags(cleared), cleared["languages"]) == ({"following", "showing_reblogs"}, None)
    assert flags(await about(office.api(ben), ana.id)) == {"followed_by"}
    assert await notices(ben) == [("follow", ana.uri)]
    assert flags((await api.post(f"{path}/unfollow")).json()) == set()
    assert await notices(ben) == []
    assert (await api.post(f"{path}/follow", {"languages": ["<b>"]})).status == 422
    for refused in (f"/api/v1/accounts/{ana.id}/follow", f"/api/v1/accounts/{ana.id}/block"):
        assert (await api.post(refused)).status == 403
    assert (await api.post("/api/v1/accounts/1234567/follow")).status == 404
    reader = await office.create_person("eva", scopes="read")
    assert (await office.api(reader).post(f"{path}/follow")).status == 403


async def test_a_locked_account_decides_at_another_office(two_offices: TwoOffices) -> None:
    madrid, lisbon = two_offices
    ana, joao = await madrid.create_person("ana"), await lisbon.create_person("joao")
    await lisbon.api(joao).patch("/api/v1/accounts/update_credentials", {"locked": True})
    there = await meet(madrid, ana, joao)
    asked = (await madrid.api(ana).post(f"/api/v1/accounts/{there}/follow")).json()
    assert flags(asked) == {"requested", "showing_reblogs"}
    await run_until_idle(madrid, lisbon)
    waiting = await lisbon.api(joao).get("/api/v1/follow_requests", limit=1)
    (asker,) = check(AccountEntity, waiting.json())
    assert (asker["acct"], waiting.links["prev"][-9:] != "") == (ana.acct, True)
    assert flags(await about(lisbon.api(joao), asker["id"])) == {"requested_by"}
    credentials = (await lisbon.api(joao).get("/api/v1/accounts/verify_credentials")).json()
    assert credentials["source"]["follow_requests_count"] == 1
    assert credentials["source"]["privacy"] == "private"
    accepted = await lisbon.api(joao).post(f"/api/v1/follow_requests/{asker['id']}/authorize")
    assert flags(accepted.json()) == {"followed_by"}
    assert await notices(joao) == [("follow", ana.uri)]
    assert (await lisbon.api(joao).post(f"/api/v1/follow_requests/{asker['id']}/authorize")).status == 404
    await run_until_idle(madrid, lisbon)
    assert flags(await about(madrid.api(ana), there)) == {"following", "showing_reblogs"}
    removed = await lisbon.api(joao).post(f"/api/v1/accounts/{asker['id']}/remove_from_followers")
    assert flags(removed.json()) == set()
    await run_until_idle(madrid, lisbon)
    assert flags(await about(madrid.api(ana), there)) == set()
    await madrid.api(ana).post(f"/api/v1/accounts/{there}/follow")
    await run_until_idle(madrid, lisbon)
    rejected = await lisbon.api(joao).post(f"/api/v1/follow_requests/{asker['id']}/reject")
    assert flags(rejected.json()) == set()
    assert await notices(joao) == []
    await run_until_idle(madrid, lisbon)
    assert flags(await about(madrid.api(ana), there)) == set()


async def test_a_block_ends_follows_at_both_offices_and_refuses_new_ones(two_offices: TwoOffices) -> None:
    madrid, lisbon = two_offices
    ana, joao = await madrid.create_person("ana"), await lisbon.create_person("joao")
    there = await meet(madrid, ana, joao)
    await madrid.api(ana).post(f"/api/v1/accounts/{there}/follow")
    await run_until_idle(madrid, lisbon)
    here = await account(lisbon, ana.uri)
    assert here is not None
    assert flags((await lisbon.api(joao).post(f"/api/v1/accounts/{here.id}/block")).json()) == {"blocking"}
    await run_until_idle(madrid, lisbon)
    assert flags(await about(madrid.api(ana), there)) == {"blocked_by"}
    assert await follower_uris(lisbon, joao.uri) == []
    assert (await madrid.api(ana).post(f"/api/v1/accounts/{there}/follow")).status == 403
    assert flags((await lisbon.api(joao).post(f"/api/v1/accounts/{here.id}/unblock")).json()) == set()
    await run_until_idle(madrid, lisbon)
    followed = await madrid.api(ana).post(f"/api/v1/accounts/{there}/follow")
    assert flags(followed.json()) == {"requested", "showing_reblogs"}


async def test_mutes_notes_and_features_are_private_to_their_owner(office: Office, clock: Clock) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    api, path = office.api(ana), f"/api/v1/accounts/{ben.id}"
    muted = (await api.post(f"{path}/mute", {"notifications": False, "duration": 3600})).json()
    assert flags(muted) == {"muting"}
    assert muted["muting_expires_at"].endswith("Z")
    clock.advance(hours=2)
    assert flags(await about(api, ben.id)) == set()
    assert flags((await api.post(f"{path}/mute")).json()) == {"muting", "muting_notifications"}
    assert flags((await api.post(f"{path}/unmute")).json()) == set()
    assert (await api.post(f"{path}/note", {"comment": "likes tea"})).json()["note"] == "likes tea"
    assert (await about(office.api(ben), ana.id))["note"] == ""
    assert (await api.post(f"{path}/note", {"comment": ""})).json()["note"] == ""
    assert (await api.post(f"{path}/note", {"comment": "x" * 2001})).status == 422
    assert (await api.post(f"{path}/endorse")).status == 422
    await api.post(f"{path}/follow")
    assert "endorsed" in flags((await api.post(f"{path}/pin")).json())
    featured = check(AccountEntity, (await api.get("/api/v1/endorsements")).json())
    assert [one["username"] for one in featured] == ["ben"]
    seen = await office.api(ben).get(f"/api/v1/accounts/{ana.id}/endorsements")
    assert [one["username"] for one in seen.json()] == ["ben"]
    await api.post(f"{path}/unfollow")
    assert (await api.get("/api/v1/endorsements")).json() == []
    assert flags((await api.post(f"{path}/unpin")).json()) == set()


async def test_a_deleted_account_takes_with_it_what_was_private(office: Office, clock: Clock) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    for one, other in ((ana, ben), (ben, ana)):
        for verb in ("follow", "endorse", "mute", "note"):
            made = await office.api(one).post(f"/api/v1/accounts/{other.id}/{verb}", {"comment": "x"})
            assert made.status == 200
    await office.api(ana).post("/api/v1/lists", {"title": "work"})
    async with office.services.database.unit_of_work() as unit:
        await publish_account_deletion(office.services, unit, await unit.session.get_one(Account, ana.id))
    async with office.services.database.reading() as session:
        for table in (Mute, AccountNote, Endorsement, AccountList, Follow):
            assert await session.scalar(select(func.count()).select_from(table)) == 0, table
    assert (await office.api(ben).get(f"/api/v1/accounts/{ana.id}")).status == 404
    clock.advance(seconds=10)  # what a token was good for is remembered for some seconds
    assert (await office.api(ana).get("/api/v1/accounts/verify_credentials")).status == 401


@pytest.mark.parametrize("number", [1, 40])
async def test_relationships_answer_for_every_id_with_one_statement(office: Office, number: int) -> None:
    ana = await office.create_person("ana")
    people = [await office.create_person(f"person{index}") for index in range(number)]
    with counted(office) as statements:
        answer = await office.api(ana).get("/api/v1/accounts/relationships", id=[one.id for one in people])
    assert [one["id"] for one in check(RelationshipEntity, answer.json())] == [str(one.id) for one in people]
    assert len([one for one in statements if "FROM accounts" in one]) == 1
    single = await office.api(ana).get(f"/api/v1/accounts/relationships?id={people[0].id}&id[]=5")
    assert len(single.json()) <= 1
    assert (await office.api(ana).get("/api/v1/accounts/relationships")).json() == []
    assert (await office.api(ana).get("/api/v1/accounts/relationships", id=["x"])).status == 422
