"""Accounts as clients read them: one, several, by handle and by name, whom they follow, what they wrote."""

import pytest

from api.answers.account_relations import FamiliarFollowersEntity, SuggestionEntity
from api.answers.accounts import AccountEntity
from api.answers.statuses import StatusEntity
from models.accounts import Account
from server.users import get_user, set_role, suspend_user
from tests.api.contract import check
from tests.api.counting import counted
from tests.fixtures_offices import OpenOffice
from tests.graph import account
from tests.peers import Client, Office, Person, run_until_idle
from tests.remote_peers import PUBLIC
from tests.security.cast import write

TwoOffices = tuple[Office, Office]


async def follow(client: Client, person: Person | str) -> None:
    number = person if isinstance(person, str) else str(person.id)
    assert (await client.post(f"/api/v1/accounts/{number}/follow")).status == 200


async def test_an_account_is_found_by_id_handle_and_name(two_offices: TwoOffices) -> None:
    madrid, lisbon = two_offices
    ana = await madrid.create_person("ana", display_name="Ángela Ruiz")
    await madrid.create_person("anabel")
    joao = await lisbon.create_person("joao", display_name="João")
    api = madrid.api(ana)
    one = check(AccountEntity, (await api.get(f"/api/v1/accounts/{ana.id}")).json())
    assert (one["acct"], one["display_name"], one["url"]) == ("ana", "Ángela Ruiz", f"{madrid.origin}/@ana")
    for acct in ("ana", "@ana", "ANA", f"ana@{madrid.domain}"):
        assert (await api.get("/api/v1/accounts/lookup", acct=acct)).json()["id"] == str(ana.id), acct
    assert (await api.get("/api/v1/accounts/lookup", acct=joao.acct)).status == 404
    assert (await api.get("/api/v1/accounts/search", q=joao.acct)).json() == []
    found = check(AccountEntity, (await api.get("/api/v1/accounts/search", q=joao.acct, resolve=True)).json())
    assert [(one["acct"], one["display_name"]) for one in found] == [(joao.acct, "João")]
    assert (await api.get("/api/v1/accounts/lookup", acct=joao.acct)).json()["id"] == found[0]["id"]
    several = await api.get("/api/v1/accounts", id=[found[0]["id"], ana.id, 17, ana.id])
    assert [one["username"] for one in check(AccountEntity, several.json())] == ["joao", "ana"]
    for path in ("/api/v1/accounts/17", "/api/v1/accounts/x", "/api/v1/accounts/99999999999999999999"):
        assert (await api.get(path)).status == 404
    for acct in ("", "nobody", "@", "a b", "ana@no such host", "%"):
        assert (await api.get("/api/v1/accounts/lookup", acct=acct)).status in (404, 422)


async def test_a_search_ranks_exact_names_then_the_followed_then_ours(office: Office) -> None:
    ana = await office.create_person("ana")
    for name in ("anabel", "anton", "mariana", "ben"):
        await office.create_person(name, display_name="Ben 100% Ana" if name == "ben" else "")
    api = office.api(ana)
    await follow(api, office.people["mariana"])

    async def found(q: str, **more: object) -> list[str]:
        return [one["username"] for one in (await api.get("/api/v1/accounts/search", q=q, **more)).json()]

    assert await found("ana") == ["ana", "mariana", "anabel", "ben"]
    assert await found("ANA", limit=1) == ["ana"]
    assert await found("ana", limit=2, offset=2) == ["anabel", "ben"]
    assert await found("ana", following=True) == ["mariana"]
    assert await found("100% a") == ["ben"]
    assert await found("%") == ["ben"]
    assert await found(f"an@{office.domain}") == ["ana", "anabel", "anton"]
    assert await found("an@nowhere.example") == []
    for q in ("_", "\\", "@", "'", " "):
        assert (await api.get("/api/v1/accounts/search", q=q)).status in (200, 422)
    assert (await api.get("/api/v1/accounts/search")).status == 422


async def test_followers_come_in_pages_unless_they_are_hidden(office: Office) -> None:
    ana = await office.create_person("ana")
    fans = [await office.create_person(f"fan{number}") for number in range(5)]
    for fan in fans:
        await follow(office.api(fan), ana)
    api = office.api(fans[0])
    first = await api.get(f"/api/v1/accounts/{ana.id}/followers", limit=2)
    assert [one["username"] for one in check(AccountEntity, first.json())] == ["fan4", "fan3"]
    second = await api.get(first.links["next"])
    assert [one["username"] for one in second.json()] == ["fan2", "fan1"]
    assert [one["username"] for one in (await api.get(second.links["prev"])).json()] == ["fan4", "fan3"]
    mine = await api.get(f"/api/v1/accounts/{fans[0].id}/following")
    assert [one["username"] for one in mine.json()] == ["ana"]
    await office.api(ana).patch("/api/v1/accounts/update_credentials", {"hide_collections": True})
    assert (await api.get(f"/api/v1/accounts/{ana.id}/followers")).json() == []
    assert len((await office.api(ana).get(f"/api/v1/accounts/{ana.id}/followers")).json()) == 5
    await office.api(ana).post(f"/api/v1/accounts/{fans[0].id}/block")
    assert (await api.get(f"/api/v1/accounts/{ana.id}/following")).json() == []


async def test_familiar_followers_suggestions_and_directory(office: Office) -> None:
    ana, ben, eva = [await office.create_person(name) for name in ("ana", "ben", "eva")]
    api = office.api(ana)
    await follow(api, ben)
    await follow(office.api(ben), eva)
    familiar = check(
        FamiliarFollowersEntity,
        (await api.get("/api/v1/accounts/familiar_followers", id=[eva.id, ben.id])).json(),
    )
    assert [(one["id"], [who["username"] for who in one["accounts"]]) for one in familiar] == [
        (str(eva.id), ["ben"]),
        (str(ben.id), []),
    ]
    await office.create_person("leo")
    suggested = check(SuggestionEntity, (await api.get("/api/v2/suggestions")).json())
    assert [(one["account"]["username"], one["sources"]) for one in suggested] == [
        ("eva", ["friends_of_friends"]),
        ("leo", ["featured"]),
    ]
    assert (await api.delete(f"/api/v1/suggestions/{eva.id}")).json() == {}
    assert [one["username"] for one in (await api.get("/api/v1/suggestions")).json()] == ["leo"]
    newest = await api.get("/api/v1/directory", order="new", local=True, limit=3)
    assert [one["username"] for one in check(AccountEntity, newest.json())] == ["leo", "eva", "ben"]
    assert [one["username"] for one in (await api.get(newest.links["next"])).json()] == ["ana"]


async def test_statuses_of_an_account_as_its_profile_shows_them(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    first = await write(office, ana, "<p>first</p>")
    await write(office, ana, "<p>for followers</p>", to=(ana.followers_url,))
    reply = await write(office, ben, "<p>an answer</p>", in_reply_to_uri=first)
    await write(office, ana, "<p>to ben</p>", in_reply_to_uri=reply)
    await write(office, ana, "<p>to myself</p>", in_reply_to_uri=first)

    async def texts(reader: Person, **query: object) -> list[str]:
        answer = await office.api(reader).get(f"/api/v1/accounts/{ana.id}/statuses", **query)
        return [one["content"][3:-4] for one in check(StatusEntity, answer.json())]

    assert await texts(ana) == ["to myself", "to ben", "for followers", "first"]
    assert await texts(ben) == ["to myself", "to ben", "first"]
    assert await texts(ben, exclude_replies=True) == ["to myself", "first"]
    assert await texts(ana, limit=1, exclude_reblogs=True) == ["to myself"]
    assert await texts(ana, pinned=True) == await texts(ana, only_media=True) == await texts(ana, tagged="x") == []
    await office.api(ana).post(f"/api/v1/accounts/{ben.id}/block")
    assert await texts(ben) == []


async def test_strangers_read_profiles_in_an_open_network_alone(office: Office, open_office: OpenOffice) -> None:
    ana = await office.create_person("ana")
    for path in (f"{ana.id}", f"{ana.id}/statuses", f"{ana.id}/followers", "lookup?acct=ana", "search?q=ana"):
        assert (await office.api().get(f"/api/v1/accounts/{path}")).status == 401, path
    lisbon = await open_office("lisbon", federation="open")
    eva = await lisbon.create_person("eva")
    await write(lisbon, eva, "<p>hello</p>", to=(PUBLIC,))
    check(AccountEntity, (await lisbon.api().get(f"/api/v1/accounts/{eva.id}")).json())
    assert len((await lisbon.api().get(f"/api/v1/accounts/{eva.id}/statuses")).json()) == 1
    assert (await lisbon.api().get("/api/v1/accounts/search?q=eva")).status == 401
    registered = await lisbon.api(eva).post("/api/v1/accounts", {"username": "new"})
    assert registered.status == 403


@pytest.mark.parametrize("path", ["statuses", "followers", "search"])
async def test_pages_of_forty_cost_as_much_as_pages_of_twenty(office: Office, path: str) -> None:
    ana = await office.create_person("ana")
    async with office.services.database.unit_of_work() as unit:
        from social.accounts import new_local_account
        from social.follows import request_follow

        own = await unit.session.get_one(Account, ana.id)
        for number in range(40 if path != "statuses" else 0):
            fan = new_local_account(unit, f"fan{number}")
            await unit.session.flush()
            await request_follow(unit, fan, own)
    for number in range(40 if path == "statuses" else 0):
        await write(office, ana, f"<p>{number}</p>")
    api, costs = office.api(ana), []
    address = f"/api/v1/accounts/{ana.id}/{path}" if path != "search" else "/api/v1/accounts/search?q=fan"
    for limit in (20, 40, 20, 40):
        with counted(office) as statements:
            assert len((await api.get(address, limit=limit)).json()) == limit
        costs.append(len([one for one in statements if not one.startswith("BEGIN")]))
    assert costs[2] == costs[3]


async def test_a_moved_account_shows_where_it_went_and_finds_no_new_followers(two_offices: TwoOffices) -> None:
    madrid, lisbon = two_offices
    ana, joao = await madrid.create_person("ana"), await lisbon.create_person("joao")
    ben = await madrid.create_person("ben")
    await follow(madrid.api(ben), ana)
    moving = madrid.api(ana)
    assert (await moving.post("/api/v1/tertulia/move", {"acct": joao.acct})).status == 422
    aliases = await lisbon.api(joao).post("/api/v1/tertulia/aliases", {"acct": ana.acct})
    assert [one["uri"] for one in aliases.json()] == [ana.uri]
    assert (await moving.post("/api/v1/tertulia/move", {"acct": joao.acct})).status == 200
    await run_until_idle(madrid, lisbon)
    shown = check(AccountEntity, (await madrid.api(ben).get(f"/api/v1/accounts/{ana.id}")).json())
    assert shown["moved"]["acct"] == joao.acct
    new = await account(madrid, joao.uri)
    assert new is not None
    (relationship,) = (await madrid.api(ben).get("/api/v1/accounts/relationships", id=[new.id])).json()
    assert relationship["following"]
    assert (await madrid.api(ben).post(f"/api/v1/accounts/{ana.id}/follow")).status == 403
    assert (await moving.post("/api/v1/tertulia/move", {"acct": joao.acct})).status == 422
    gone = await lisbon.api(joao).delete("/api/v1/tertulia/aliases", {"acct": ana.acct})
    assert gone.json() == []


async def test_who_looks_after_others_is_known_to_everybody(office: Office) -> None:
    ana, ben = await office.create_person("ana", is_admin=True), await office.create_person("ben")
    api, own = office.api(ben), office.api(ana)
    admin = [{"id": "2", "name": "Admin", "color": ""}]
    written = (await api.post("/api/v1/statuses", {"status": "Hola"})).json()

    async def roles() -> list[list[dict[str, str]]]:
        """Of ana's profile, of ben's, and of ben as the author of a post in timelines."""
        both = [(await own.get(f"/api/v1/accounts/{one.id}")).json() for one in (ana, ben)]
        (listed,) = (await own.get("/api/v1/timelines/public")).json()
        return [one["roles"] for one in (*check(AccountEntity, both), listed["account"])]

    assert await roles() == [admin, [], []]
    async with office.services.database.unit_of_work() as unit:
        assert await set_role(unit, await get_user(unit.session, "ben"), "moderator")
    moderator = [{"id": "1", "name": "Moderator", "color": ""}]
    assert await roles() == [admin, moderator, moderator]
    mine = (await api.get("/api/v1/accounts/verify_credentials")).json()
    assert (mine["roles"], mine["role"]["name"], written["account"]["roles"]) == (moderator, "Moderator", [])
    async with office.services.database.unit_of_work() as unit:
        assert await suspend_user(unit, await get_user(unit.session, "ben"))
    assert (await own.get(f"/api/v1/accounts/{ben.id}")).json()["roles"] == []
