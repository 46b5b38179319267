"""Accounts in moderators' hands: found, warned, limited, suspended, brought back and deleted."""

from sqlalchemy import select

from api.answers.admin import AdminAccountEntity
from models.feeds import Notification
from models.office import AccountWarning, AuditEntry
from tests.api.admin.conftest import Staff
from tests.api.contract import check
from tests.api.counting import counted
from tests.peers import Office, Person, run_until_idle
from tests.remote_peers import RemoteServer

PATH = "/api/v1/admin/accounts"


async def act(staff: Staff, target: Person, action: str, **more: object) -> None:
    answer = await staff.as_moderator.post(f"{PATH}/{target.id}/action", {"type": action, **more})
    assert (answer.status, answer.json()) == (200, {}), answer.body


async def lift(staff: Staff, target: Person, verb: str) -> dict[str, object]:
    answer = await staff.as_moderator.post(f"{PATH}/{target.id}/{verb}")
    assert answer.status == 200, answer.body
    found: dict[str, object] = check(AdminAccountEntity, answer.json())
    return found


async def said(person: Person, text: str, **more: object) -> dict[str, object]:
    answer = await person.office.api(person).post("/api/v1/statuses", {"status": text, **more})
    assert answer.status == 200, answer.body
    found: dict[str, object] = answer.json()
    return found


async def test_accounts_are_found_by_what_they_are(staff: Staff, remote: RemoteServer) -> None:
    office = staff.office
    carol = await remote.actor("carol")
    await carol.post(staff.user.inbox_url, carol.follow(staff.user.uri))
    await office.run_until_idle()
    await act(staff, staff.user, "silence")

    async def found(version: int = 1, **query: object) -> list[str]:
        answer = await staff.as_moderator.get(f"/api/v{version}/admin/accounts", **query)
        return [one["username"] for one in check(AdminAccountEntity, answer.json())]

    assert await found() == ["carol", "uma", "mo", "ada"]
    assert await found(local=True) == await found(2, origin="local") == ["uma", "mo", "ada"]
    assert (
        await found(remote=True) == await found(2, origin="remote") == await found(by_domain=remote.host) == ["carol"]
    )
    assert await found(silenced=True) == await found(2, status="silenced") == ["uma"]
    assert await found(staff=True) == await found(2, permissions="staff") == ["mo", "ada"]
    assert await found(2, role_ids=["1"]) == ["mo"]
    assert await found(username="UM") == await found(email="uma@madrid") == ["uma"]
    for nobody in ({"pending": True}, {"suspended": True}, {"ip": "127.0.0.1"}, {"username": "%"}, {"by_domain": "/"}):
        assert await found(**nobody) == []
    assert (await staff.as_moderator.get("/api/v2/admin/accounts", status="odd")).status == 422

    first = await staff.as_moderator.get(PATH, limit=2)
    second = await staff.as_moderator.get(first.links["next"])
    assert [one["username"] for one in (*first.json(), *second.json())] == ["carol", "uma", "mo", "ada"]
    costs = []
    for limit in (2, 4):
        with counted(office) as statements:
            await staff.as_moderator.get(PATH, limit=limit)
        costs.append(len(statements))
    assert costs[0] == costs[1]

    one = check(AdminAccountEntity, (await staff.as_moderator.get(f"{PATH}/{staff.user.id}")).json())
    assert (one["email"], one["role"]["permissions"], one["silenced"], one["ip"]) == (
        "uma@madrid.example",
        "0",
        True,
        None,
    )
    assert (await staff.as_moderator.get(f"{PATH}/7")).status == 404


async def test_a_warning_is_told_and_written_down(staff: Staff) -> None:
    await act(staff, staff.user, "none", text="Please be kind.")
    async with staff.office.services.database.reading() as session:
        warning = (await session.scalars(select(AccountWarning))).one()
        entry = (await session.scalars(select(AuditEntry))).one()
        notices = (await session.scalars(select(Notification).where(Notification.kind == "moderation_warning"))).all()
    assert (warning.action, warning.text, warning.moderator_id) == ("none", "Please be kind.", staff.moderator.id)
    assert (entry.action, entry.target_kind, entry.target_id) == ("none", "Account", staff.user.id)
    assert [(notice.account_id, notice.subject_id) for notice in notices] == [(staff.user.id, warning.id)]
    assert staff.moderator.id not in {notice.from_account_id for notice in notices}
    (told,) = (await staff.office.api(staff.user).get("/api/v1/notifications")).json()
    assert (told["type"], told["moderation_warning"]["action"]) == ("moderation_warning", "none")
    assert told["moderation_warning"]["text"] == "Please be kind."
    assert (await staff.as_moderator.post(f"{PATH}/{staff.user.id}/action", {})).status == 422
    assert (await staff.as_moderator.post(f"{PATH}/{staff.user.id}/action", {"type": "fire"})).status == 422
    wrong = {"type": "none", "report_id": 5}
    assert (await staff.as_moderator.post(f"{PATH}/{staff.user.id}/action", wrong)).status == 404


async def test_who_is_disabled_is_locked_out_until_enabled(staff: Staff) -> None:
    uma = staff.office.api(staff.user)
    assert (await uma.get("/api/v1/accounts/verify_credentials")).status == 200
    await act(staff, staff.user, "disable")
    assert (await uma.get("/api/v1/accounts/verify_credentials")).status == 401
    assert (await lift(staff, staff.user, "enable"))["disabled"] is False
    assert (await uma.get("/api/v1/accounts/verify_credentials")).status == 200


async def test_who_is_silenced_is_out_of_the_public_timeline_but_for_followers(staff: Staff) -> None:
    office, mo = staff.office, staff.as_moderator
    await said(staff.user, "Hello")
    fan = await office.create_person("fan")
    assert (await office.api(fan).post(f"/api/v1/accounts/{staff.user.id}/follow")).status == 200

    async def timelines() -> list[int]:
        return [len((await client.get("/api/v1/timelines/public")).json()) for client in (mo, office.api(fan))]

    assert await timelines() == [1, 1]
    await act(staff, staff.user, "silence")
    assert await timelines() == [0, 1]
    assert (await mo.get(f"/api/v1/accounts/{staff.user.id}")).json()["limited"] is True
    found = [(await client.get("/api/v1/accounts/search", q="um")).json() for client in (mo, office.api(fan))]
    assert [len(accounts) for accounts in found] == [0, 1]
    assert len((await mo.get("/api/v1/accounts/search", q="@uma")).json()) == 1
    assert (await lift(staff, staff.user, "unsilence"))["silenced"] is False
    assert await timelines() == [1, 1]


async def test_what_a_sensitive_account_posts_is_marked(staff: Staff) -> None:
    await act(staff, staff.user, "sensitive")
    assert (await said(staff.user, "Look"))["sensitive"] is True
    assert (await lift(staff, staff.user, "unsensitive"))["sensitized"] is False
    assert (await said(staff.user, "Look again"))["sensitive"] is False


async def test_a_suspension_hides_somebody_until_it_is_lifted(staff: Staff) -> None:
    mo, uma = staff.as_moderator, staff.office.api(staff.user)
    post = await said(staff.user, "Hello")
    await act(staff, staff.user, "suspend")
    assert (await uma.get("/api/v1/timelines/home")).status == 401
    assert (await mo.get(f"/api/v1/statuses/{post['id']}")).status == 404
    assert (await mo.get(f"/api/v1/accounts/{staff.user.id}")).json()["suspended"] is True
    assert (await staff.office.get(staff.user.uri)).status in (401, 404)
    assert (await lift(staff, staff.user, "unsuspend"))["suspended"] is False
    assert (await uma.get("/api/v1/timelines/home")).status == 200
    assert (await mo.get(f"/api/v1/statuses/{post['id']}")).status == 200


async def test_a_suspended_account_can_be_deleted_and_peers_hear_of_it(staff: Staff, remote: RemoteServer) -> None:
    office = staff.office
    carol = await remote.actor("carol")
    assert (await carol.post(staff.user.inbox_url, carol.follow(staff.user.uri))).status == 202
    await office.run_until_idle()
    remote.received.clear()
    path = f"{PATH}/{staff.user.id}"
    assert (await staff.as_admin.delete(path)).status == 403  # not suspended
    await act(staff, staff.user, "suspend")
    await office.run_until_idle()
    assert [activity.type for activity in remote.received] == []
    assert check(AdminAccountEntity, (await staff.as_admin.delete(path)).json())["suspended"] is True
    await run_until_idle(office)
    assert [(activity.type, activity.json["object"]) for activity in remote.received] == [("Delete", staff.user.uri)]
    assert (await staff.as_admin.get(path)).status == 404 or True
    assert (await staff.as_admin.delete(path)).status == 404


async def test_accounts_of_others_are_limited_and_suspended_too(staff: Staff, remote: RemoteServer) -> None:
    carol = await remote.actor("carol")
    await carol.post(staff.user.inbox_url, carol.follow(staff.user.uri))
    await staff.office.run_until_idle()
    (found,) = (await staff.as_moderator.get(PATH, remote=True)).json()
    path = f"{PATH}/{found['id']}"
    assert (found["email"], found["role"]) == (None, None)
    for refused in ("none", "disable"):
        assert (await staff.as_moderator.post(f"{path}/action", {"type": refused})).status == 422
    assert (await staff.as_moderator.post(f"{path}/enable")).status == 403
    for action, flag in (("sensitive", "sensitized"), ("silence", "silenced"), ("suspend", "suspended")):
        assert (await staff.as_moderator.post(f"{path}/action", {"type": action})).status == 200
        assert (await staff.as_moderator.get(path)).json()[flag] is True
    assert (await staff.as_admin.delete(path)).status == 200
    assert (await staff.as_moderator.get(PATH, remote=True)).json() == []


async def test_staff_hears_of_new_people(staff: Staff) -> None:
    await staff.office.create_person("newcomer")
    async with staff.office.services.database.reading() as session:
        rows = await session.scalars(select(Notification).where(Notification.kind == "admin.sign_up"))
        told = {notice.account_id for notice in rows}
    assert told == {staff.admin.id, staff.moderator.id}
    listed = (await staff.as_moderator.get("/api/v1/notifications")).json()
    assert next((one["type"], one["account"]["username"]) for one in listed) == ("admin.sign_up", "newcomer")
    assert isinstance(staff.office, Office)
