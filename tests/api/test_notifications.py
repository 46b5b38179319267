"""Notifications one by one: who is told what, what is held back, and that a page costs the same whatever its length."""

from typing import Any

import pytest
from sqlalchemy import update

from api.answers.notifications import GroupedNotificationsEntity, NotificationEntity
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.office import AccountWarning
from models.relations import Follow
from social.notifications import notify
from social.severances import tell_severed
from tests.api.contract import check
from tests.api.counting import counted
from tests.conftest import Clock
from tests.peers import Client, Office, Person
from tests.remote_peers import RemoteServer

PATH = "/api/v1/notifications"


async def post(api: Client, text: str, **more: Any) -> str:
    """The id of a new status."""
    answer = await api.post("/api/v1/statuses", {"status": text, **more})
    assert answer.status == 200, answer.body
    return str(answer.json()["id"])


async def act(api: Client, path: str, **more: Any) -> None:
    answer = await api.post(path, more)
    assert answer.status == 200, (path, answer.body)


async def told(api: Client, **query: Any) -> list[dict[str, Any]]:
    answer = await api.get(PATH, **query)
    assert answer.status == 200, answer.body
    return list(check(NotificationEntity, answer.json()))


async def kinds(api: Client, **query: Any) -> list[tuple[str, str]]:
    return [(one["type"], one["account"]["username"]) for one in await told(api, **query)]


async def crowd(office: Office, count: int) -> list[Person]:
    return [await office.create_person(f"person{number}") for number in range(count)]


async def test_everything_that_people_do_to_each_other_is_told_and_taken_back(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    of_ana, of_ben = office.api(ana), office.api(ben)
    status_id = await post(of_ana, "Hello")
    await act(of_ben, f"/api/v1/accounts/{ana.id}/follow", notify=True)
    await act(of_ben, f"/api/v1/statuses/{status_id}/favourite")
    await act(of_ben, f"/api/v1/statuses/{status_id}/reblog")
    await post(of_ben, "@ana hello", in_reply_to_id=status_id)
    expected = ["mention", "reblog", "favourite", "follow"]
    assert await kinds(of_ana) == [(kind, "ben") for kind in expected]
    by_type = {one["type"]: one for one in await told(of_ana)}
    assert by_type["favourite"]["status"]["id"] == status_id
    assert by_type["mention"]["group_key"] == f"ungrouped-{by_type['mention']['id']}"
    assert by_type["favourite"]["group_key"].startswith(f"favourite-{status_id}-")
    for action in ("unfavourite", "unreblog", "favourite"):
        await act(of_ben, f"/api/v1/statuses/{status_id}/{action}")
    assert await kinds(of_ana) == [("favourite", "ben"), ("mention", "ben"), ("follow", "ben")]
    await act(of_ben, f"/api/v1/accounts/{ana.id}/unfollow")
    assert await kinds(of_ana) == [("favourite", "ben"), ("mention", "ben")]
    # Whoever asked for every post gets them, but no boosts and no answers to others.
    await act(of_ben, f"/api/v1/accounts/{ana.id}/follow", notify=True)
    second = await post(of_ana, "News")
    assert [(one["type"], one["status"]["id"]) for one in await told(of_ben)] == [("status", second)]
    assert (await of_ana.delete(f"/api/v1/statuses/{status_id}")).status == 200
    assert await kinds(of_ana) == [("follow", "ben"), ("mention", "ben")]
    # A follow that is asked for again or a status that is gone leave nothing behind.
    assert (await of_ana.delete(f"/api/v1/statuses/{second}")).status == 200
    assert await told(of_ben) == []


async def test_edits_are_told_to_who_shared_or_quoted_and_the_newest_counts(office: Office, clock: Clock) -> None:
    ana, ben, eva = [await office.create_person(name) for name in ("ana", "ben", "eva")]
    of_ana, of_ben, of_eva = office.api(ana), office.api(ben), office.api(eva)
    status_id = await post(of_ana, "First words", quote_approval_policy="public")
    await act(of_ben, f"/api/v1/statuses/{status_id}/reblog")
    quote = await post(of_eva, "Look at that", quoted_status_id=status_id)
    assert ("quote", "eva") in await kinds(of_ana)
    clock.advance(minutes=1)
    assert (await of_ana.put(f"/api/v1/statuses/{status_id}", {"status": "Second words"})).status == 200
    (first,) = await told(of_ben, types=["update"])
    assert first["status"]["id"] == status_id
    clock.advance(minutes=1)
    assert (await of_ana.put(f"/api/v1/statuses/{status_id}", {"status": "Third words"})).status == 200
    (second,) = await told(of_ben, types=["update"])
    assert int(second["id"]) > int(first["id"])
    (quoted,) = await told(of_eva, types=["quoted_update"])
    assert quoted["status"]["id"] == quote


async def test_the_end_of_a_poll_is_told_to_its_author_and_to_who_voted(office: Office, clock: Clock) -> None:
    ana, ben, eva = [await office.create_person(name) for name in ("ana", "ben", "eva")]
    poll = {"options": ["tea", "coffee"], "expires_in": 600}
    answer = await office.api(ana).post("/api/v1/statuses", {"status": "Tea?", "poll": poll})
    poll_id = answer.json()["poll"]["id"]
    await act(office.api(ben), f"/api/v1/polls/{poll_id}/votes", choices=[0])
    await office.run_until_idle()
    assert await told(office.api(ana)) == []
    clock.advance(minutes=11)
    await office.run_until_idle()
    for person, expected in ((ana, [("poll", "ana")]), (ben, [("poll", "ana")]), (eva, [])):
        assert await kinds(office.api(person)) == expected


async def test_a_poll_that_goes_on_longer_ends_later(office: Office, clock: Clock) -> None:
    of_ana = office.api(await office.create_person("ana"))
    poll = {"options": ["tea", "coffee"], "expires_in": 600}
    made = (await of_ana.post("/api/v1/statuses", {"status": "Tea?", "poll": poll})).json()
    longer = {"status": "Tea or coffee?", "poll": {**poll, "expires_in": 3_600}}
    assert (await of_ana.put(f"/api/v1/statuses/{made['id']}", longer)).status == 200
    for minutes, expected in ((11, 0), (50, 1)):
        clock.advance(minutes=minutes)
        await office.run_until_idle()
        assert len(await told(of_ana)) == expected


async def test_a_request_to_follow_is_told_until_it_is_answered(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(update(Account).where(Account.id == ana.id).values(is_locked=True))
    await act(office.api(ben), f"/api/v1/accounts/{ana.id}/follow")
    assert await kinds(office.api(ana)) == [("follow_request", "ben")]
    await act(office.api(ana), f"/api/v1/follow_requests/{ben.id}/authorize")
    assert ("follow_request", "ben") not in await kinds(office.api(ana))


async def test_mutes_and_muted_conversations_keep_quiet(office: Office) -> None:
    ana, ben, eva = [await office.create_person(name) for name in ("ana", "ben", "eva")]
    of_ana = office.api(ana)
    await act(of_ana, f"/api/v1/accounts/{ben.id}/mute", notifications=True)
    await act(of_ana, f"/api/v1/accounts/{eva.id}/mute", notifications=False)
    for person in (ben, eva):
        await post(office.api(person), "@ana hello")
    assert await kinds(of_ana) == [("mention", "eva")]
    status_id = await post(of_ana, "Enough of this")
    await act(of_ana, f"/api/v1/statuses/{status_id}/mute")
    await act(office.api(eva), f"/api/v1/statuses/{status_id}/favourite")
    await act(of_ana, f"/api/v1/statuses/{status_id}/unmute")
    await act(office.api(eva), f"/api/v1/statuses/{status_id}/reblog")
    assert await kinds(of_ana) == [("reblog", "eva"), ("mention", "eva")]


async def test_reports_and_newcomers_are_told_to_moderators(office: Office) -> None:
    boss = await office.create_person("boss", is_admin=True)
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    status_id = await post(office.api(ben), "Rude words")
    report = {"account_id": str(ben.id), "status_ids": [status_id], "comment": "Rude"}
    assert (await office.api(ana).post("/api/v1/reports", report)).status == 200
    found = await told(office.api(boss))
    assert [one["type"] for one in found if one["type"].startswith("admin")] == [
        "admin.report",
        "admin.sign_up",
        "admin.sign_up",
    ]
    assert found[0]["report"]["target_account"]["id"] == str(ben.id)
    assert found[0]["report"]["status_ids"] == [status_id]
    assert await told(office.api(ben)) == []


async def test_types_accounts_pages_and_the_unread_count(office: Office) -> None:
    ana = await office.create_person("ana")
    people = await crowd(office, 3)
    of_ana = office.api(ana)
    status_id = await post(of_ana, "Hello")
    for person in people:
        await act(office.api(person), f"/api/v1/statuses/{status_id}/favourite")
        await post(office.api(person), "@ana hi")
    assert {one["type"] for one in await told(of_ana, types=["mention"])} == {"mention"}
    assert {one["type"] for one in await told(of_ana, exclude_types=["mention"])} == {"favourite"}
    assert await told(of_ana, types=["nonsense"]) == []
    assert len(await told(of_ana, account_id=people[0].id)) == 2
    everything = await told(of_ana)
    first = await of_ana.get(f"{PATH}?limit=4&exclude_types[]=poll")
    older = await of_ana.get(first.links["next"])
    assert [*first.json(), *older.json()] == everything
    assert "exclude_types[]=poll" in first.links["next"].replace("%5B%5D", "[]")
    assert (await of_ana.get(older.links["prev"])).json() == first.json()
    assert (await of_ana.get(f"{PATH}/unread_count")).json() == {"count": 6}
    assert (await of_ana.get(f"{PATH}/unread_count", limit=2)).json() == {"count": 2}
    await act(of_ana, "/api/v1/markers", notifications={"last_read_id": everything[2]["id"]})
    assert (await of_ana.get(f"{PATH}/unread_count")).json() == {"count": 2}
    assert (await of_ana.get(f"{PATH}/unread_count", types=["mention"])).json() == {"count": 1}


async def test_nobody_reads_or_dismisses_what_was_told_to_others(office: Office) -> None:
    ana, ben, eva = [await office.create_person(name) for name in ("ana", "ben", "eva")]
    for _ in range(3):
        await post(office.api(ben), "@ana hello")
    first, second, third = [one["id"] for one in await told(office.api(ana))]
    assert (await office.api(ana).get(f"{PATH}/{first}")).json()["id"] == first
    assert (await office.api(eva).get(f"{PATH}/{first}")).status == 404
    assert (await office.api(eva).post(f"{PATH}/{first}/dismiss")).status == 404
    assert (await office.api(eva).post(f"{PATH}/dismiss", {"id": first})).status == 404
    await act(office.api(eva), f"{PATH}/clear")
    assert len(await told(office.api(ana))) == 3
    await act(office.api(ana), f"{PATH}/{first}/dismiss")
    await act(office.api(ana), f"{PATH}/dismiss", id=second)
    assert [one["id"] for one in await told(office.api(ana))] == [third]
    await act(office.api(ana), f"{PATH}/clear")
    assert await told(office.api(ana)) == []
    reader = await office.create_person("reader", scopes="read:statuses")
    assert (await office.api(reader).get(PATH)).status == 403
    assert (await office.api().get(PATH)).status == 401


async def test_what_may_not_be_seen_any_more_is_left_out(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    await act(office.api(ana), f"/api/v1/accounts/{ben.id}/follow", notify=True)
    await post(office.api(ben), "For my followers", visibility="private")
    assert [one["type"] for one in await told(office.api(ana))] == ["status"]
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(update(Follow).values(state="pending"))
    assert await told(office.api(ana)) == []


@pytest.mark.parametrize("path", [PATH, "/api/v2/notifications"])
async def test_a_page_of_forty_costs_as_many_statements_as_one_of_twenty(office: Office, path: str) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    for number in range(40):
        await post(office.api(ben), f"@ana {number} #tag")
    costs = []
    for limit in (20, 40, 20, 40):
        with counted(office) as statements:
            answer = (await office.api(ana).get(path, limit=limit)).json()
        assert len(answer if isinstance(answer, list) else answer["notification_groups"]) == limit
        costs.append(len([statement for statement in statements if not statement.startswith("BEGIN")]))
    assert costs[2] == costs[3]


async def test_telling_many_costs_as_many_statements_as_telling_one(office: Office) -> None:
    people = await crowd(office, 12)
    of_writer = office.api(people[0])
    costs = []
    for mentioned in (people[1:2], people[1:2], people[1:12]):
        names = " ".join(f"@{person.name}" for person in mentioned)
        with counted(office) as statements:
            await post(of_writer, f"{names} hello")
        costs.append(len([statement for statement in statements if "notification" in statement or "jobs" in statement]))
    assert costs[1] == costs[2]
    with counted(office) as statements:
        await post(of_writer, "To nobody")
    assert [statement for statement in statements if "notification" in statement or "jobs" in statement] == []


async def test_what_moderators_do_and_which_follows_end_is_told_with_its_subject(office: Office) -> None:
    ana = await office.create_person("ana")
    async with office.services.database.unit_of_work() as unit:
        warning = AccountWarning(
            id=unit.new_id(), moderator_id=INSTANCE_ACTOR_ID, target_id=ana.id, action="silence", text="Be kind",
            created_at=unit.now,
        )  # fmt: skip
        unit.session.add(warning)
        speaker = await unit.session.get_one(Account, INSTANCE_ACTOR_ID)
        notify(unit, ana.account, "moderation_warning", speaker, subject_id=warning.id)
        await tell_severed(unit, ana.account, "user_domain_block", "porto.example", followers=2, following=1)
        await tell_severed(unit, ana.account, "user_domain_block", "nobody.example", followers=0, following=0)
    severed, warned = await told(office.api(ana))
    assert (severed["event"]["target_name"], severed["event"]["followers_count"]) == ("porto.example", 2)
    assert severed["account"]["id"] == str(ana.id)
    assert (warned["moderation_warning"]["action"], warned["moderation_warning"]["text"]) == ("silence", "Be kind")
    groups = check(GroupedNotificationsEntity, (await office.api(ana).get("/api/v2/notifications")).json())
    assert [group["event"] for group in groups["notification_groups"][:1]] == [severed["event"]]
    assert [group["moderation_warning"] for group in groups["notification_groups"][1:]] == [
        warned["moderation_warning"]
    ]


async def test_blocking_a_domain_ends_follows_and_says_how_many(office: Office, remote: RemoteServer) -> None:
    ana, carol = await office.create_person("ana"), await remote.actor("carol")
    assert (await carol.post(ana.inbox_url, carol.follow(ana.uri))).status == 202
    await office.run_until_idle()
    assert await kinds(office.api(ana)) == [("follow", "carol")]
    await act(office.api(ana), "/api/v1/domain_blocks", domain=remote.host)
    (severed,) = await told(office.api(ana))
    assert (severed["event"]["followers_count"], severed["event"]["following_count"]) == (1, 0)
    assert (await carol.post(ana.inbox_url, carol.follow(ana.uri))).status == 202
    await office.run_until_idle()
    assert [one["type"] for one in await told(office.api(ana))] == ["severed_relationships"]
