"""What a policy holds back: the policy in both its shapes, requests, and letting them in or not."""

from typing import Any

from api.answers.notifications import NotificationRequestEntity, OldPolicyEntity, PolicyEntity
from tests.api.contract import check
from tests.api.counting import counted
from tests.api.test_notifications import act, crowd, kinds, post, told
from tests.conftest import Clock
from tests.peers import Client, Office

POLICY = "/api/v2/notifications/policy"
OLD_POLICY = "/api/v1/notifications/policy"
REQUESTS = "/api/v1/notifications/requests"


async def requests(api: Client, **query: Any) -> list[dict[str, Any]]:
    return list(check(NotificationRequestEntity, (await api.get(REQUESTS, **query)).json()))


async def test_a_policy_is_changed_in_both_its_shapes(office: Office) -> None:
    api = office.api(await office.create_person("ana"))
    first = check(PolicyEntity, (await api.get(POLICY)).json())
    assert first["for_private_mentions"] == first["for_limited_accounts"] == "filter"
    assert first["for_not_following"] == "accept"
    changed = check(PolicyEntity, (await api.patch(POLICY, {"for_not_following": "drop"})).json())
    assert changed == {**first, "for_not_following": "drop"}
    assert (await api.put(POLICY, {"for_new_accounts": "filter"})).json()["for_new_accounts"] == "filter"
    old = check(OldPolicyEntity, (await api.get(OLD_POLICY)).json())
    assert (old["filter_not_following"], old["filter_new_accounts"], old["filter_not_followers"]) == (True, True, False)
    wanted = {"filter_not_following": True, "filter_new_accounts": False, "filter_not_followers": True}
    assert check(OldPolicyEntity, (await api.put(OLD_POLICY, wanted)).json())["filter_not_followers"]
    now = (await api.get(POLICY)).json()
    assert (now["for_not_following"], now["for_new_accounts"], now["for_not_followers"]) == ("drop", "accept", "filter")
    assert (await api.patch(POLICY, {"for_not_following": "perhaps"})).status == 422


async def test_what_strangers_say_waits_until_they_are_let_in(office: Office) -> None:
    ana, ben, eva = [await office.create_person(name) for name in ("ana", "ben", "eva")]
    of_ana, of_ben = office.api(ana), office.api(ben)
    await of_ana.patch(POLICY, {"for_not_following": "filter"})
    own = await post(of_ana, "Mine")
    await act(of_ben, f"/api/v1/statuses/{own}/favourite")
    assert await requests(of_ana) == []  # liking something asks for nothing
    await post(of_ben, "@ana one")
    last = await post(of_ben, "@ana two")
    assert await told(of_ana) == []
    assert await kinds(of_ana, include_filtered=True) == [("mention", "ben")] * 2 + [("favourite", "ben")]
    assert all(one["filtered"] for one in await told(of_ana, account_id=ben.id))
    (request,) = await requests(of_ana)
    assert request["notifications_count"] == "2"
    assert request["last_status"]["id"] == last
    assert request["account"]["username"] == "ben"
    summary = (await of_ana.get(POLICY)).json()["summary"]
    assert summary == {"pending_requests_count": 1, "pending_notifications_count": 2}
    # Nobody else can answer it.
    for path in ("", "/accept", "/dismiss"):
        method = "POST" if path else "GET"
        assert (await office.api(eva).call(method, f"{REQUESTS}/{request['id']}{path}")).status == 404
    assert (await office.api(eva).post(f"{REQUESTS}/accept", {"id": [request["id"]]})).status == 200
    assert len(await requests(of_ana)) == 1
    assert (await of_ana.get(f"{REQUESTS}/{request['id']}")).json() == request
    await act(of_ana, f"{REQUESTS}/{request['id']}/accept")
    assert (await of_ana.get(f"{REQUESTS}/merged")).json() == {"merged": True}
    assert await kinds(of_ana) == [("mention", "ben")] * 2 + [("favourite", "ben")]
    assert await requests(of_ana) == []
    await post(of_ben, "@ana three")
    assert len(await told(of_ana)) == 4
    assert (await of_ana.post(f"{REQUESTS}/{request['id']}/accept")).status == 404


async def test_many_requests_are_accepted_or_dismissed_at_once(office: Office) -> None:
    ana = await office.create_person("ana")
    of_ana = office.api(ana)
    await of_ana.patch(POLICY, {"for_not_following": "filter"})
    people = await crowd(office, 4)
    for person in people:
        await post(office.api(person), "@ana hello")
    ids = {one["account"]["username"]: one["id"] for one in await requests(of_ana)}
    await act(of_ana, f"{REQUESTS}/accept", id=[ids["person0"], ids["person1"]])
    await act(of_ana, f"{REQUESTS}/dismiss", id=[ids["person2"]])
    assert await kinds(of_ana) == [("mention", "person1"), ("mention", "person0")]
    assert [one["account"]["username"] for one in await requests(of_ana)] == ["person3"]
    assert len(await told(of_ana, include_filtered=True)) == 3
    await post(office.api(people[2]), "@ana again")  # who was dismissed may ask again
    assert len(await requests(of_ana)) == 2
    await of_ana.patch(POLICY, {"for_not_following": "drop"})
    await post(office.api(people[3]), "@ana again")
    assert len(await told(of_ana, include_filtered=True)) == 4


async def test_private_mentions_wait_unless_they_answer(office: Office, clock: Clock) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    of_ana, of_ben = office.api(ana), office.api(ben)
    await post(of_ben, "@ana psst", visibility="direct")
    assert await told(of_ana) == []
    assert len(await requests(of_ana)) == 1
    question = await post(of_ana, "@ben a question", visibility="direct")
    await post(of_ben, "@ana an answer", visibility="direct", in_reply_to_id=question)
    assert [one["status"]["in_reply_to_id"] for one in await told(of_ana)] == [question]


async def test_a_page_of_requests_costs_the_same_whatever_its_length(office: Office) -> None:
    ana = await office.create_person("ana")
    of_ana = office.api(ana)
    await of_ana.patch(POLICY, {"for_not_following": "filter"})
    for person in await crowd(office, 6):
        await post(office.api(person), "@ana hello #tag")
    costs = []
    for limit in (3, 6, 3, 6):
        with counted(office) as statements:
            assert len(await requests(of_ana, limit=limit)) == limit
        costs.append(len([statement for statement in statements if not statement.startswith("BEGIN")]))
    assert costs[2] == costs[3]
    first = await of_ana.get(REQUESTS, limit=4)
    assert len((await of_ana.get(first.links["next"])).json()) == 2
