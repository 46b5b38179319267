"""Communities through the client API: found, joined, looked after; what is hidden isn't there."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy import text as sql

from api.answers.communities import CommunityActEntity, CommunityEntity, CommunityMemberEntity, CommunityReportEntity
from api.answers.lists import ListEntity
from api.answers.statuses import StatusEntity
from communities.listing import groups_for, members_of, posts_in, waiting_for
from models.accounts import Account
from models.communities import Membership, Role, State
from models.database import utc_now
from models.relations import Follow
from models.statuses import Status
from tests.api.contract import check
from tests.api.counting import counted
from tests.api.streams import watching
from tests.peers import ApiAnswer, Client, Office, Person

PATH = "/api/v1/communities"
Json = dict[str, Any]


def body(answer: ApiAnswer) -> Any:
    assert answer.status == 200, (answer.status, answer.body)
    return answer.json()


async def made(api: Client, name: str, **more: object) -> Json:
    return check(CommunityEntity, body(await api.post(PATH, {"name": name, **more})))


async def written(api: Client, community: Json, text: str = "Hola", **more: object) -> Json:
    return check(StatusEntity, body(await api.post("/api/v1/statuses", {
        "status": text, "community_id": community["id"], **more,
    })))  # fmt: skip


async def listed(api: Client, path: str, **query: object) -> list[str]:
    """The ids of a list of communities or statuses."""
    return [one["id"] for one in body(await api.get(path, **query))]


async def people(api: Client, path: str, **query: object) -> list[tuple[str, str, str]]:
    found = check(CommunityMemberEntity, body(await api.get(path, **query)))
    return [(one["account"]["username"], one["role"], one["state"]) for one in found]


async def cast(office: Office) -> tuple[list[Person], list[Client]]:
    persons = [await office.create_person(name) for name in ("ana", "bea", "carl")]
    return persons, [office.api(person) for person in persons]


async def test_a_community_is_made_found_joined_left_and_archived(office: Office) -> None:
    _, (ana, bea, _) = await cast(office)
    made_here = await made(
        ana, "afterwork", title="After work", description="Beer, #fiesta", rules=["Be kind.", "No\nwork."]
    )
    path = f"{PATH}/{made_here['id']}"
    assert [rule["text"] for rule in made_here["rules"]] == ["Be kind.", "No work."]
    assert (made_here["kind"], made_here["private"], made_here["members_count"]) == ("open", False, 1)
    assert (made_here["account"]["group"], made_here["source"]["note"]) == (True, "Beer, #fiesta")
    mine = made_here["relationship"]
    assert (mine["role"], mine["may_edit"], mine["may_moderate"], mine["entry"]) == ("owner", True, True, None)
    for name in ("afterwork", "ana", "sp ace", ""):
        assert (await bea.post(PATH, {"name": name})).status == 422

    assert await listed(bea, PATH, joined="true") == []
    assert await listed(bea, PATH, joined="false", q="WORK after") == [made_here["id"]]
    assert await listed(bea, PATH, q="nothing%") == []
    seen = check(CommunityEntity, body(await bea.get(path)))
    assert (seen["source"], seen["requests_count"], seen["relationship"]["entry"]) == (None, None, "join")
    assert (await bea.patch(path, {"title": "Mine"})).status == 403
    joined = check(CommunityEntity, body(await bea.post(f"{path}/join")))
    assert (joined["relationship"]["state"], joined["members_count"]) == ("member", 2)
    assert await listed(bea, PATH, joined="true") == [made_here["id"]]
    assert await people(bea, f"{path}/members") == [("bea", "member", "member"), ("ana", "owner", "member")]
    assert await people(bea, f"{path}/members", role="owner") == [("ana", "owner", "member")]
    assert await people(bea, f"{path}/members", role="member", limit=1) == [("bea", "member", "member")]
    assert (await bea.get(f"{path}/members", state="requested")).status == 403

    changed = check(CommunityEntity, body(await ana.patch(path, {"title": "Later", "posting": "publishers"})))
    assert (changed["account"]["display_name"], changed["posting"], len(changed["rules"])) == ("Later", "publishers", 2)
    assert body(await bea.get(path))["relationship"]["may_post"] is False
    assert (await ana.patch(path, {"kind": "hidden", "private": False})).status == 422
    assert (await ana.post(f"{path}/leave")).status == 422  # somebody has to own it
    assert body(await bea.post(f"{path}/leave"))["relationship"]["state"] is None
    assert check(CommunityEntity, body(await ana.post(f"{path}/archive", {"reason": "done"})))["archived_at"]
    assert (await bea.post(f"{path}/join")).status == 403
    body(await ana.post(f"{path}/unarchive"))
    log = check(CommunityActEntity, body(await ana.get(f"{path}/log")))
    assert [one["action"] for one in log] == ["unarchive", "archive", "update", "create"]
    assert (await bea.get(f"{path}/log")).status == 403


async def test_people_ask_are_let_in_invited_given_roles_and_banned(office: Office) -> None:
    (one, two, three), (ana, bea, carl) = await cast(office)
    board = await made(ana, "board", kind="on_request")
    path = f"{PATH}/{board['id']}"
    assert board["private"] is True
    for who in (bea, carl):
        assert body(await who.post(f"{path}/join"))["relationship"]["state"] == "requested"
    assert body(await ana.get(path))["requests_count"] == 2
    assert await people(ana, f"{path}/requests") == [("carl", "member", "requested"), ("bea", "member", "requested")]
    for refused in (
        await bea.get(f"{path}/requests"),
        await bea.post(f"{path}/requests/{three.id}/approve"),
        await bea.get(f"{path}/members"),
        await bea.get(f"{path}/timeline"),
    ):
        assert refused.status == 403
    body(await ana.post(f"{path}/requests/{two.id}/approve"))
    body(await ana.post(f"{path}/requests/{three.id}/reject", {"reason": "not yet"}))
    assert await people(ana, f"{path}/requests") == []
    assert (await ana.post(f"{path}/requests/{three.id}/approve")).status == 422
    (told,) = body(await bea.get("/api/v1/notifications?types[]=community.request&types[]=community.approved"))
    assert (told["type"], told["account"]["id"]) == ("community.approved", board["id"])
    asked = body(await ana.get("/api/v2/notifications?types[]=community.request"))["notification_groups"]
    assert {one["community_id"] for one in [told, *asked]} <= {board["id"]}

    assert (await bea.post(f"{path}/invitations", {"account_id": three.id})).status == 403
    body(await ana.put(f"{path}/members/{two.id}", {"role": "moderator"}))
    body(await bea.post(f"{path}/invitations", {"account_id": three.id, "role": "publisher"}))
    assert await people(bea, f"{path}/invitations") == [("carl", "publisher", "invited")]
    assert await listed(carl, f"{PATH}/invitations") == [board["id"]]
    body(await bea.delete(f"{path}/invitations/{three.id}"))
    assert await listed(carl, f"{PATH}/invitations") == []
    body(await bea.post(f"{path}/invitations", {"account_id": three.id, "role": "publisher"}))
    assert body(await carl.post(f"{path}/join"))["relationship"]["role"] == "publisher"
    assert (await bea.put(f"{path}/members/{one.id}", {"role": "member"})).status == 403
    assert (await bea.post(f"{path}/bans", {"account_id": one.id})).status == 403

    ban = {"account_id": three.id, "reason": "spam", "expires_in": 86_400}
    body(await bea.post(f"{path}/bans", ban))
    (banned,) = check(CommunityMemberEntity, body(await bea.get(f"{path}/bans")))
    assert (banned["account"]["id"], banned["reason"]) == (str(three.id), "spam")
    assert banned["banned_until"] > utc_now().isoformat()
    assert body(await carl.get(path))["relationship"]["state"] == "banned"
    assert (await carl.post(f"{path}/join")).status == 403
    assert (await bea.post(f"{path}/bans", ban | {"until": "2020-01-01T00:00:00Z"})).status == 422
    body(await bea.delete(f"{path}/bans/{three.id}"))
    assert body(await carl.post(f"{path}/join"))["relationship"]["state"] == "requested"
    log = check(CommunityActEntity, body(await ana.get(f"{path}/log", limit=2)))
    assert [(entry["action"], entry["target_account"]["username"]) for entry in log] == [
        ("unban", "carl"), ("ban", "carl"),
    ]  # fmt: skip


async def test_moderators_pin_lock_remove_and_deal_with_reports(office: Office) -> None:
    (_, two, _), (ana, bea, carl) = await cast(office)
    board = await made(ana, "board", private=True)
    path, posts = f"{PATH}/{board['id']}", "/api/v1/statuses"
    for who in (bea, carl):
        body(await who.post(f"{path}/join"))
    first = await written(bea, board, "Primero")
    assert (first["visibility"], first["community"]["acct"], first["community"]["locked"]) == (
        "private",
        "board",
        False,
    )
    reply = body(await carl.post(posts, {"status": "Sí", "in_reply_to_id": first["id"]}))
    second = await written(ana, board, "Segundo")
    assert await listed(bea, f"{path}/timeline") == [second["id"], first["id"]]
    assert await listed(bea, f"{path}/timeline", replies="true") == [second["id"], reply["id"], first["id"]]
    assert body(await bea.get(path))["threads_count"] == 2

    act = f"{path}/statuses/{first['id']}"
    assert (await carl.post(f"{act}/pin")).status == 403
    assert check(StatusEntity, body(await ana.post(f"{act}/pin")))["community"]["pinned"] is True
    assert await listed(bea, f"{path}/timeline", pinned="true") == [first["id"]]
    body(await ana.post(f"{act}/lock", {"reason": "said"}))
    for number in (first["id"], reply["id"]):
        assert body(await carl.get(f"{posts}/{number}"))["community"]["locked"] is True
    assert (await carl.post(posts, {"status": "x", "in_reply_to_id": reply["id"]})).status == 422
    body(await ana.post(f"{act}/unlock"))
    body(await ana.post(f"{act}/unpin"))

    report = {"account_id": two.id, "status_ids": [first["id"]], "comment": "rude", "category": "spam"}
    body(await carl.post("/api/v1/reports", report))
    (told,) = body(await ana.get("/api/v1/notifications?types[]=community.report"))
    assert told["community_id"] == board["id"]
    (filed,) = check(CommunityReportEntity, body(await ana.get(f"{path}/reports")))
    assert (filed["comment"], filed["category"], filed["statuses"][0]["id"]) == ("rude", "spam", first["id"])
    assert (await bea.get(f"{path}/reports")).status == 403
    assert (await ana.post(f"{path}/reports/1/resolve")).status == 404
    removed = check(StatusEntity, body(await ana.post(f"{act}/remove", {"reason": "rude"})))
    assert removed["community"]["removed"] is True
    assert (await carl.get(f"{posts}/{first['id']}")).status == 404
    assert body(await bea.get(f"{posts}/{first['id']}"))["community"]["removed"] is True
    assert await listed(carl, f"{path}/timeline") == [second["id"]]
    assert body(await bea.get(path))["threads_count"] == 1
    assert await listed(ana, f"{path}/timeline", removed="true") == [first["id"]]
    assert (await carl.get(f"{path}/timeline", removed="true")).status == 403
    done = check(CommunityReportEntity, body(await ana.post(f"{path}/reports/{filed['id']}/resolve")))
    assert (done["action_taken"], done["action_taken_by_account"]["username"]) == (True, "ana")
    assert len(body(await ana.get(f"{path}/reports", resolved="true"))) == 1
    body(await ana.post(f"{path}/reports/{filed['id']}/reopen"))
    body(await ana.post(f"{act}/restore"))
    assert await listed(carl, f"{path}/timeline") == [second["id"], first["id"]]
    seen = check(CommunityActEntity, body(await carl.get(f"{path}/log")))
    assert [one["action"] for one in seen] == ["restore", "remove", "unpin", "unlock", "lock", "pin", "create"]
    assert body(await bea.get(path))["threads_count"] == 2
    body(await bea.delete(f"{posts}/{first['id']}"))
    assert body(await bea.get(path))["threads_count"] == 1


async def test_what_is_posted_in_a_community_says_so_or_is_refused(office: Office) -> None:
    (_, two, _), (ana, bea, _) = await cast(office)
    board, other = await made(ana, "board"), await made(ana, "other")
    thread = await written(ana, board)
    assert (thread["visibility"], thread["community"]["id"]) == ("public", board["id"])
    posts = "/api/v1/statuses"
    later = (utc_now() + timedelta(days=1)).isoformat()
    for document, status in (
        ({"community_id": other["id"], "in_reply_to_id": thread["id"]}, 422),
        ({"community_id": board["id"], "visibility": "direct"}, 422),
        ({"community_id": board["id"], "visibility": "private"}, 422),
        ({"community_id": two.id}, 404),
        ({"community_id": "1"}, 404),
        ({"community_id": "1", "scheduled_at": later}, 404),
    ):
        assert (await ana.post(posts, {"status": "x", **document})).status == status, document
    assert (await bea.post(posts, {"status": "x", "community_id": board["id"]})).status == 422
    assert (await bea.post(posts, {"status": "x", "community_id": board["id"], "scheduled_at": later})).status == 422
    kept = body(await ana.post(posts, {"status": "x", "community_id": board["id"], "scheduled_at": later}))
    assert kept["params"]["community_id"] == board["id"]
    # A public post outlives its community's becoming hidden, and doesn't give it away.
    assert body(await bea.get(f"{posts}/{thread['id']}"))["community"]["id"] == board["id"]
    body(await ana.patch(f"{PATH}/{board['id']}", {"kind": "hidden", "private": True}))
    assert body(await bea.get(f"{posts}/{thread['id']}"))["community"] is None


async def test_a_hidden_community_is_not_there_for_who_was_not_invited(office: Office) -> None:
    (_, two, three), (ana, _, carl) = await cast(office)
    secret = await made(ana, "secret", kind="hidden", title="Takeover")
    path = f"{PATH}/{secret['id']}"
    post = await written(ana, secret)
    absent = await carl.get(f"{PATH}/1")
    assert (absent.status, absent.json()) == (404, {"error": "Record not found"})
    for answer in (
        await carl.get(path),
        await carl.post(f"{path}/join"),
        await carl.get(f"{path}/members"),
        await carl.get(f"{path}/log"),
        await carl.post(f"{path}/bans", {"account_id": two.id}),
        await carl.post(f"{path}/statuses/{post['id']}/remove"),
        await carl.post("/api/v1/statuses", {"status": "x", "community_id": secret["id"]}),
    ):
        assert (answer.status, answer.body) == (absent.status, absent.body)
    assert await listed(carl, PATH, q="takeover") == []
    body(await ana.post(f"{path}/invitations", {"account_id": three.id}))
    assert body(await carl.get(path))["relationship"]["entry"] == "join"
    assert (await carl.get(f"{path}/timeline")).status == 403
    body(await carl.post(f"{path}/leave"))
    assert (await carl.get(path)).status == 404


async def test_a_community_is_a_list_of_its_members_which_nobody_edits(office: Office) -> None:
    (_, two, three), (ana, bea, carl) = await cast(office)
    own = body(await bea.post("/api/v1/lists", {"title": "Mine"}))
    board = await made(ana, "board", title="The board", private=True)
    path = f"/api/v1/lists/{board['id']}"
    post = await written(ana, board)
    for api in (bea, carl):
        assert (await api.get(path)).status == 404
    body(await bea.post(f"{PATH}/{board['id']}/join"))
    lists = check(ListEntity, body(await bea.get("/api/v1/lists")))
    assert [(one["id"], one["title"]) for one in lists] == [(own["id"], "Mine"), (board["id"], "The board")]
    assert body(await bea.get(path)) == lists[1]
    assert [one["acct"] for one in body(await bea.get(f"{path}/accounts"))] == ["board"]
    assert body(await bea.get(f"/api/v1/accounts/{board['id']}/lists")) == [lists[1]]
    assert await listed(bea, f"/api/v1/timelines/list/{board['id']}") == [post["id"]]
    for refused in (
        await bea.put(path, {"title": "x"}),
        await bea.delete(path),
        await bea.post(f"{path}/accounts", {"account_ids": [three.id]}),
        await bea.delete(f"{path}/accounts", {"account_ids": [board["id"]]}),
    ):
        assert (refused.status, "join or leave" in refused.json()["error"]) == (422, True)
    for answer in (
        await carl.get(f"/api/v1/timelines/list/{board['id']}"),
        await carl.put(path, {"title": "x"}),
        await carl.get(f"{path}/accounts"),
    ):
        assert answer.status == 404

    async with watching(office, two, "list", list=board["id"]) as beas:
        async with watching(office, three) as carls:
            await carls.socket.send_json({"type": "subscribe", "stream": "list", "list": board["id"]})
            assert (await carls.next()).error
        said = await written(ana, board, "News")
        await bea.post("/api/v1/statuses", {"status": "A reply", "in_reply_to_id": said["id"]})
        await bea.post("/api/v1/statuses", {"status": "Elsewhere"})
        after = await written(bea, board, "More")
        body(await ana.delete(f"/api/v1/statuses/{said['id']}"))
        told = await beas.take(3)
    assert [one.what for one in told] == [(f"list,{board['id']}", word) for word in ("update", "update", "delete")]
    assert [one.payload["id"] for one in told[:2]] == [said["id"], after["id"]]


async def test_a_community_of_many_costs_no_more_than_a_small_one(office: Office) -> None:
    (one, _, _), (ana, bea, _) = await cast(office)
    board, small = await made(ana, "board"), await made(ana, "small")
    for community in (board, small):
        body(await bea.post(f"{PATH}/{community['id']}/join"))
        for number in range(3):
            await written(ana, community, f"Thread {number}")
    await crowd(office, int(board["id"]), 300)
    for path in ("members", "members?role=member", "members?role=owner", "timeline", "log", "requests", "bans"):
        costs = []
        for community in (small, board):
            tries = []
            for _ in range(2):  # the first time, statuses are rendered
                with counted(office) as statements:
                    body(await ana.get(f"{PATH}/{community['id']}/{path}"))
                tries.append(len(statements))
            costs.append(min(tries))
        assert costs[0] == costs[1], (path, costs)
    assert len(body(await bea.get(f"{PATH}/{board['id']}/members"))) == 40
    costs = []
    for _ in range(2):
        await written(ana, board, "To all")
        with counted(office) as statements:
            await written(ana, board, "To all")
        costs.append(len(statements))
        if len(costs) == 1:
            await crowd(office, int(board["id"]), 300, first=300)
    assert costs[0] == costs[1], costs
    async with office.services.database.reading() as session:
        if session.get_bind().dialect.name != "sqlite":
            return
        group = int(board["id"])
        for statement, index in (
            (members_of(group).order_by(Follow.follower_id.desc()).limit(40), "ix_follows_followee"),
            (members_of(group, Role.OWNER).order_by(Membership.account_id.desc()).limit(40), "ix_memberships_role"),
            (waiting_for(group, State.REQUESTED, now=utc_now()).order_by(Membership.id.desc()), "ix_memberships_state"),
            (select(Status.id).where(*posts_in(group)).order_by(Status.id.desc()).limit(20), "ix_statuses_group"),
            (groups_for(one.id, is_mine=False).order_by(Account.id.desc()).limit(40), "ix_accounts_groups"),
        ):
            text = str(statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
            plan = [row.detail for row in await session.execute(sql(f"EXPLAIN QUERY PLAN {text}"))]
            assert any(index in detail for detail in plan), plan
            assert not any("TEMP B-TREE" in detail for detail in plan), plan


async def crowd(office: Office, group_id: int, number: int, *, first: int = 0) -> None:
    """So many people of another office as members."""
    inbox_url = "https://porto.example/inbox"
    async with office.services.database.unit_of_work() as unit:
        rows = [(unit.new_id(), f"https://porto.example/users/p{n}", f"p{n}") for n in range(first, first + number)]
        now = unit.now
        group = await unit.session.get_one(Account, group_id)
        group.followers_count += number
        await unit.session.execute(insert(Account), [
            {"id": key, "uri": uri, "username": name, "domain": "porto.example", "inbox_url": f"{uri}/inbox",
             "shared_inbox_url": inbox_url,
             "created_at": now, "updated_at": now} for key, uri, name in rows
        ])  # fmt: skip
        await unit.session.execute(insert(Follow), [
            {"id": unit.new_id(), "uri": f"{uri}#follow", "follower_id": key, "followee_id": group_id,
             "state": "accepted", "shows_boosts": True, "notifies": False, "created_at": now, "accepted_at": now}
            for key, uri, _ in rows
        ])  # fmt: skip
        await unit.session.execute(insert(Membership), [
            {"id": unit.new_id(), "community_id": group_id, "account_id": key, "role": "member", "state": "member",
             "created_at": now, "updated_at": now} for key, _, _ in rows
        ])  # fmt: skip
