"""Lists through the API: whose they are, who may be on them, and what is read in them."""

from api.answers.accounts import AccountEntity
from api.answers.lists import ListEntity
from models.feeds import AccountList
from policy.limits import LISTS
from social.follows import request_follow
from social.list_members import add_members
from tests.api.contract import check
from tests.api.counting import counted
from tests.peers import Client, Office, Person


async def write(api: Client, text: str, **more: object) -> str:
    answer = await api.post("/api/v1/statuses", {"status": text, "visibility": "public", **more})
    assert answer.status == 200, answer.body
    return str(answer.json()["id"])


async def shown(api: Client, path: str) -> list[str]:
    return [status["id"] for status in (await api.get(f"/api/v1/timelines/{path}")).json()]


async def follow(api: Client, *people: Person) -> None:
    for person in people:
        assert (await api.post(f"/api/v1/accounts/{person.id}/follow")).status == 200


async def test_a_list_is_made_changed_and_removed_by_its_owner_alone(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    api, other = office.api(ana), office.api(ben)
    made = check(ListEntity, (await api.post("/api/v1/lists", {"title": "Calidad"})).json())
    assert (made["replies_policy"], made["exclusive"]) == ("list", False)
    path = f"/api/v1/lists/{made['id']}"
    changed = await api.put(path, {"title": "Compras", "replies_policy": "none", "exclusive": "true"})
    assert check(ListEntity, changed.json()) == (await api.get(path)).json()
    assert (changed.json()["title"], changed.json()["exclusive"]) == ("Compras", True)
    assert check(ListEntity, (await api.get("/api/v1/lists")).json()) == [changed.json()]
    for refused in (
        await other.get(path),
        await other.put(path, {"title": "Mine"}),
        await other.delete(path),
        await other.get(f"{path}/accounts"),
        await other.post(f"{path}/accounts", {"account_ids": [str(ana.id)]}),
        await other.delete(f"{path}/accounts", {"account_ids": [str(ana.id)]}),
        await other.get(f"/api/v1/timelines/list/{made['id']}"),
        await api.get("/api/v1/lists/12"),
        await api.get("/api/v1/lists/%C2%B2"),
    ):
        assert (refused.status, refused.json()) == (404, {"error": "Record not found"})
    assert (await other.get("/api/v1/lists")).json() == []
    for wrong in ({}, {"title": " "}, {"title": "x" * 300}, {"title": "x", "replies_policy": "some"}):
        assert (await api.post("/api/v1/lists", wrong)).status == 422
    assert (await api.delete(path)).status == 200
    assert (await api.get(path)).status == 404
    assert (await office.api().get("/api/v1/lists")).status == 401


async def test_members_are_followed_people_and_their_posts_come_and_go_with_them(office: Office) -> None:
    ana, ben, eva = [await office.create_person(name) for name in ("ana", "ben", "eva")]
    api, others = office.api(ana), office.api(ben)
    early = await write(others, "early")
    list_id = (await api.post("/api/v1/lists", {"title": "Calidad"})).json()["id"]
    path = f"/api/v1/lists/{list_id}/accounts"
    assert (await api.post(path, {"account_ids": [str(ben.id)]})).status == 404
    await follow(api, ben, eva)
    assert (await api.post(path, {"account_ids": [str(ben.id), "99"]})).status == 404
    assert (await api.get(path)).json() == []
    assert (await api.post(path, {"account_ids": [str(ben.id), str(ana.id)]})).status == 200
    assert (await api.post(path, {"account_ids": [str(ben.id)]})).status == 422
    members = check(AccountEntity, (await api.get(path, limit=0)).json())
    assert {member["id"] for member in members} == {str(ben.id), str(ana.id)}
    own = await write(api, "own")
    late = await write(others, "late")
    await write(office.api(eva), "not on it")
    assert await shown(api, f"list/{list_id}") == [late, own, early]
    lists = (await api.get(f"/api/v1/accounts/{ben.id}/lists")).json()
    assert [one["id"] for one in check(ListEntity, lists)] == [list_id]
    assert (await api.get(f"/api/v1/accounts/{eva.id}/lists")).json() == []
    assert (await api.get("/api/v1/accounts/99/lists")).status == 404
    assert (await api.delete(path, {"account_ids": [str(ana.id)]})).status == 200
    assert await shown(api, f"list/{list_id}") == [late, early]
    assert (await api.delete(path + f"?account_ids[]={ben.id}")).status == 200
    assert await shown(api, f"list/{list_id}") == []
    await api.post(path, {"account_ids": [str(ben.id)]})
    assert await shown(api, f"list/{list_id}") == [late, early]
    await api.post(f"/api/v1/accounts/{ben.id}/unfollow")
    assert (await api.get(path)).json() == []
    assert await shown(api, f"list/{list_id}") == []


async def test_replies_policy_says_which_answers_a_list_holds(office: Office) -> None:
    ana, ben, eva, leo = [await office.create_person(name) for name in ("ana", "ben", "eva", "leo")]
    api = office.api(ana)
    await follow(api, ben, eva, leo)
    lists = {}
    for policy in ("followed", "list", "none"):
        made = await api.post("/api/v1/lists", {"title": policy, "replies_policy": policy})
        lists[policy] = made.json()["id"]
        await api.post(f"/api/v1/lists/{lists[policy]}/accounts", {"account_ids": [ben.id, eva.id]})
    roots = {name: await write(office.api(office.people[name]), name) for name in ("eva", "leo", "ana", "ben")}
    for name in list(roots):
        roots[f"to {name}"] = await write(office.api(ben), f"to {name}", in_reply_to_id=roots[name])
    found = {
        policy: {name for name, number in roots.items() if number in await shown(api, f"list/{list_id}")}
        for policy, list_id in lists.items()
    }
    always = {"eva", "ben", "to ana", "to ben"}
    assert found == {"followed": always | {"to eva", "to leo"}, "list": always | {"to eva"}, "none": always}


async def test_members_of_an_exclusive_list_are_read_there_alone(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    api = office.api(ana)
    await follow(api, ben)
    first = await write(office.api(ben), "first")
    list_id = (await api.post("/api/v1/lists", {"title": "Ruido", "exclusive": True})).json()["id"]
    path = f"/api/v1/lists/{list_id}"
    await api.post(f"{path}/accounts", {"account_ids": [str(ben.id)]})
    second = await write(office.api(ben), "second")
    assert (await shown(api, "home"), await shown(api, f"list/{list_id}")) == ([], [second, first])
    await api.put(path, {"exclusive": False})
    assert await shown(api, "home") == [second, first]
    await api.put(path, {"exclusive": True})
    assert await shown(api, "home") == []
    await api.delete(path)
    assert await shown(api, "home") == [second, first]


async def test_there_can_be_so_many_lists_and_members_cost_the_same_however_many(office: Office) -> None:
    ana = await office.create_person("ana")
    api = office.api(ana)
    list_id = (await api.post("/api/v1/lists", {"title": "All"})).json()["id"]
    people = [await office.create_person(f"p{number}") for number in range(40)]
    async with office.services.database.unit_of_work() as unit:
        for person in people:
            await request_follow(unit, ana.account, person.account)
        await unit.settle()
        owned = await unit.session.get_one(AccountList, int(list_id))
        await add_members(unit, owned, [person.id for person in people])
    costs = []
    for limit in (20, 40, 20, 40):
        with counted(office) as statements:
            answer = await api.get(f"/api/v1/lists/{list_id}/accounts", limit=limit)
        assert len(answer.json()) == limit
        costs.append(len(statements))
    assert costs[2] == costs[3]
    first = await api.get(f"/api/v1/lists/{list_id}/accounts", limit=25)
    second = await api.get(first.links["next"])
    assert {one["id"] for one in first.json()} & {one["id"] for one in second.json()} == set()
    assert len(second.json()) == 15
    answers = [(await api.post("/api/v1/lists", {"title": str(number)})).status for number in range(LISTS)]
    assert answers == [200] * (LISTS - 1) + [422]
