"""Reports: who is reported for what, and what becomes of it."""

from api.answers.admin import AdminReportEntity
from social.office_documents import add_rule
from tests.api.admin.conftest import Staff
from tests.api.contract import check
from tests.api.counting import counted
from tests.peers import Person

PATH = "/api/v1/admin/reports"


async def report(staff: Staff, target: Person, **more: object) -> str:
    body = {"account_id": str(target.id), "comment": "Look at this", **more}
    answer = await staff.office.api(staff.moderator).post("/api/v1/reports", body)
    assert answer.status == 200, answer.body
    return str(answer.json()["id"])


async def test_a_report_is_taken_on_dealt_with_and_opened_again(staff: Staff) -> None:
    api = staff.as_admin
    async with staff.office.services.database.unit_of_work() as unit:
        rule = await add_rule(unit, "Be kind.")
    post = (
        await staff.office.api(staff.user).post("/api/v1/statuses", {"status": "Hm", "visibility": "public"})
    ).json()
    number = await report(staff, staff.user, status_ids=[post["id"]])
    path = f"{PATH}/{number}"

    (listed,) = check(AdminReportEntity, (await api.get(PATH)).json())
    assert (listed["id"], listed["comment"], listed["action_taken"]) == (number, "Look at this", False)
    assert (listed["account"]["username"], listed["target_account"]["email"]) == ("mo", "uma@madrid.example")
    assert [status["id"] for status in listed["statuses"]] == [post["id"]]

    edited = check(
        AdminReportEntity, (await api.put(path, {"category": "violation", "rule_ids": [str(rule.id)]})).json()
    )
    assert (edited["category"], edited["rules"][0]["text"]) == ("violation", "Be kind.")
    assert (await api.put(path, {"rule_ids": ["7"]})).status == 422
    assert (await api.put(path, {"category": "odd"})).status == 422

    assert (await api.post(f"{path}/assign_to_self")).json()["assigned_account"]["username"] == "ada"
    assert (await api.post(f"{path}/unassign")).json()["assigned_account"] is None
    resolved = check(AdminReportEntity, (await api.post(f"{path}/resolve")).json())
    assert (resolved["action_taken"], resolved["action_taken_by_account"]["username"]) == (True, "ada")
    assert (await api.get(PATH)).json() == []
    assert [one["id"] for one in (await api.get(PATH, resolved=True)).json()] == [number]
    assert (await api.post(f"{path}/reopen")).json()["action_taken_at"] is None
    assert [one["id"] for one in (await api.get(PATH)).json()] == [number]
    for verb in ("resolve", "reopen", "assign_to_self", "unassign"):
        assert (await api.post(f"{PATH}/7/{verb}")).status == 404
    assert (await api.get(f"{PATH}/7")).status == 404


async def test_moderators_see_what_was_reported_even_when_it_was_private(staff: Staff) -> None:
    fan = staff.office.api(staff.moderator)
    assert (await fan.post(f"/api/v1/accounts/{staff.user.id}/follow")).status == 200
    body = {"status": "Between us", "visibility": "private"}
    post = (await staff.office.api(staff.user).post("/api/v1/statuses", body)).json()
    number = await report(staff, staff.user, status_ids=[post["id"]])
    assert (await staff.as_admin.get(f"/api/v1/statuses/{post['id']}")).status == 404
    found = check(AdminReportEntity, (await staff.as_admin.get(f"{PATH}/{number}")).json())
    assert [status["id"] for status in found["statuses"]] == [post["id"]]


async def test_an_act_resolves_the_reports_about_an_account(staff: Staff) -> None:
    first, second = await report(staff, staff.user), await report(staff, staff.user, comment="Again")
    path = f"/api/v1/admin/accounts/{staff.user.id}/action"
    assert (await staff.as_moderator.post(path, {"type": "none", "report_id": first})).status == 200
    assert [one["id"] for one in (await staff.as_admin.get(PATH)).json()] == [second]
    assert (await staff.as_moderator.post(path, {"type": "silence"})).status == 200
    assert (await staff.as_admin.get(PATH)).json() == []


async def test_reports_are_found_in_pages_that_cost_the_same(staff: Staff) -> None:
    other = await staff.office.create_person("olga")
    numbers = [await report(staff, person, comment=f"{turn}") for turn in range(4) for person in (staff.user, other)]
    costs = []
    await staff.as_admin.get(PATH)  # the day's presence is noted
    for limit in (4, 8):
        with counted(staff.office) as statements:
            answer = await staff.as_admin.get(PATH, limit=limit)
        assert [one["id"] for one in answer.json()] == numbers[::-1][:limit]
        costs.append(len(statements))
    assert costs[0] == costs[1]
    following = await staff.as_admin.get((await staff.as_admin.get(PATH, limit=5)).links["next"])
    assert [one["id"] for one in following.json()] == numbers[::-1][5:]
    assert len((await staff.as_admin.get(PATH, target_account_id=other.id)).json()) == 4
    assert len((await staff.as_admin.get(PATH, account_id=other.id)).json()) == 0
    assert (await staff.as_admin.get(PATH, by_target_domain="elsewhere.example")).json() == []
