"""Notifications in groups: what belongs together, what a page holds, and that looking back has an end."""

from datetime import timedelta
from typing import Any

import pytest

from api.answers.accounts import AccountEntity
from api.answers.notifications import GroupedNotificationsEntity
from api.notifications import queries
from models.feeds import Notification
from tests.api.contract import check
from tests.api.test_notifications import act, crowd, post, told
from tests.conftest import Clock
from tests.peers import Client, Office

PATH = "/api/v2/notifications"


async def groups(api: Client, **query: Any) -> dict[str, Any]:
    answer = await api.get(PATH, **query)
    assert answer.status == 200, answer.body
    found = check(GroupedNotificationsEntity, answer.json())
    known = {account["id"] for account in [*found["accounts"], *found.get("partial_accounts", [])]}
    for group in found["notification_groups"]:
        assert isinstance(group["most_recent_notification_id"], int)
        assert group["most_recent_notification_id"] < 2**53
        assert set(group["sample_account_ids"]) <= known
        assert group["page_min_id"] <= group["page_max_id"]
    assert len(known) == len(found["accounts"]) + len(found.get("partial_accounts", []))
    assert {group["status_id"] for group in found["notification_groups"] if "status_id" in group} == {
        status["id"] for status in found["statuses"]
    }
    return dict(found)


def summary(found: dict[str, Any]) -> list[tuple[str, int]]:
    return [(group["type"], group["notifications_count"]) for group in found["notification_groups"]]


async def test_likes_boosts_and_followers_come_in_groups_and_the_rest_alone(office: Office, clock: Clock) -> None:
    ana = await office.create_person("ana")
    people = await crowd(office, 10)
    of_ana = office.api(ana)
    one, two = await post(of_ana, "One"), await post(of_ana, "Two")
    for person in people:
        await act(office.api(person), f"/api/v1/statuses/{one}/favourite")
    for person in people[:2]:
        await act(office.api(person), f"/api/v1/accounts/{ana.id}/follow")
        await act(office.api(person), f"/api/v1/statuses/{two}/favourite")
        await act(office.api(person), f"/api/v1/statuses/{one}/reblog")
        await post(office.api(person), "@ana hi")
    found = await groups(of_ana)
    assert sorted(summary(found)) == sorted(
        [("mention", 1), ("mention", 1), ("reblog", 2), ("favourite", 2), ("follow", 2), ("favourite", 10)]
    )
    (likes,) = [group for group in found["notification_groups"] if group["notifications_count"] == 10]
    assert likes["sample_account_ids"] == [str(person.id) for person in people[:1:-1]]
    assert likes["group_key"].startswith(f"favourite-{one}-")
    newest = (await told(of_ana))[0]
    assert newest["group_key"] == found["notification_groups"][0]["group_key"] == f"ungrouped-{newest['id']}"
    # Only what a client asks to be grouped is; the same likes a day later are another group.
    assert summary(await groups(of_ana, grouped_types=["follow"])).count(("favourite", 1)) == 12
    clock.advance(days=1)
    eva = await office.create_person("eva")
    await act(office.api(eva), f"/api/v1/statuses/{one}/favourite")
    assert summary(await groups(of_ana, types=["favourite"])) == [("favourite", 1), ("favourite", 2), ("favourite", 10)]


async def test_avatars_are_enough_for_all_but_the_first_of_a_group(office: Office) -> None:
    ana = await office.create_person("ana")
    people = await crowd(office, 3)
    status_id = await post(office.api(ana), "One")
    for person in people:
        await act(office.api(person), f"/api/v1/statuses/{status_id}/favourite")
    found = await groups(office.api(ana), expand_accounts="partial_avatars")
    assert [account["acct"] for account in found["accounts"]] == ["person2"]
    assert {account["acct"] for account in found["partial_accounts"]} == {"person0", "person1"}
    assert (await office.api(ana).get(PATH, expand_accounts="everything")).status == 422


async def test_pages_of_groups_meet_and_newer_ones_are_found(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    for number in range(5):
        await post(office.api(ben), f"@ana {number}")
    of_ana = office.api(ana)
    everything = (await groups(of_ana))["notification_groups"]
    first = await of_ana.get(f"{PATH}?limit=2&types[]=mention")
    second = await of_ana.get(first.links["next"])
    third = await of_ana.get(second.links["next"])
    pages = [answer.json()["notification_groups"] for answer in (first, second, third)]
    assert [group for page in pages for group in page] == everything
    assert (await of_ana.get(third.links["next"])).json()["notification_groups"] == []
    back = (await of_ana.get(second.links["prev"])).json()["notification_groups"]
    assert [group["group_key"] for group in back] == [group["group_key"] for group in pages[0]]
    since = await groups(of_ana, since_id=everything[2]["page_max_id"])
    assert [group["group_key"] for group in since["notification_groups"]] == [
        group["group_key"] for group in everything[:2]
    ]


async def test_one_group_is_read_and_dismissed_by_its_owner_alone(office: Office) -> None:
    ana, eva = await office.create_person("ana"), await office.create_person("eva")
    people = await crowd(office, 3)
    of_ana, of_eva = office.api(ana), office.api(eva)
    status_id = await post(of_ana, "One")
    for person in people:
        await act(office.api(person), f"/api/v1/statuses/{status_id}/favourite")
    await post(office.api(people[0]), "@ana hi")
    assert (await of_ana.get(f"{PATH}/unread_count")).json() == {"count": 2}
    mention, likes = (await groups(of_ana))["notification_groups"]
    for group in (mention, likes):
        found = (await of_ana.get(f"{PATH}/{group['group_key']}")).json()
        check(GroupedNotificationsEntity, found)
        assert found["notification_groups"][0]["notifications_count"] == group["notifications_count"]
    listed = await of_ana.get(f"{PATH}/{likes['group_key']}/accounts", limit=2)
    assert [one["acct"] for one in check(AccountEntity, listed.json())] == ["person2", "person1"]
    assert [one["acct"] for one in (await of_ana.get(listed.links["next"])).json()] == ["person0"]
    assert (await of_eva.get(f"{PATH}/{likes['group_key']}")).status == 404
    assert (await of_eva.get(f"{PATH}/{likes['group_key']}/accounts")).json() == []
    assert (await of_eva.post(f"{PATH}/{likes['group_key']}/dismiss")).status == 200
    assert len((await groups(of_ana))["notification_groups"]) == 2
    await act(of_ana, f"{PATH}/{likes['group_key']}/dismiss")
    assert summary(await groups(of_ana)) == [("mention", 1)]
    assert (await of_ana.get(f"{PATH}/{likes['group_key']}")).status == 404


@pytest.mark.parametrize(
    "key",
    [
        "nonsense",
        "favourite-1",
        "follow-1-1",
        "mention-1-1",
        "ungrouped-1-1",
        "ungrouped-99999999999999999999",
        "favourite-9223372036854775808-1",
        "favourite-1-9223372036854775807",
        "follow-%00",
        "ungrouped-%D9%A1",
        "favourite-" + "1" * 300,
    ],
)
async def test_what_is_no_key_of_a_group_is_not_found(office: Office, key: str) -> None:
    api = office.api(await office.create_person("ana"))
    assert (await api.get(f"{PATH}/{key}")).status == 404
    assert (await api.get(f"{PATH}/{key}/accounts")).status == 404
    assert (await api.post(f"{PATH}/{key}/dismiss")).status == 404


async def test_looking_back_ends_and_goes_on_from_there(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "LOOK_BACK", 10)
    monkeypatch.setattr("api.notifications.grouped.LOOK_BACK", 10)
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    of_ana = office.api(ana)
    status_id = int(await post(of_ana, "One"))
    await post(office.api(ben), "@ana hi")
    async with office.services.database.unit_of_work() as unit:
        start = unit.now + timedelta(seconds=1)
        unit.session.add_all(
            Notification(
                id=unit.new_small_id(), account_id=ana.id, kind="favourite", from_account_id=ben.id,
                status_id=status_id, subject_id=number, is_filtered=False, created_at=start,
            )
            for number in range(25)
        )  # fmt: skip
    seen = []
    answer = await of_ana.get(PATH, limit=5)
    for _ in range(4):
        seen.append([group["type"] for group in answer.json()["notification_groups"]])
        if "next" not in answer.links:
            break
        answer = await of_ana.get(answer.links["next"])
    assert seen[:3] == [["favourite"], ["favourite"], ["favourite", "mention"]]
