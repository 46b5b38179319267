"""Kept answers that are proven anew after a change: whatever happens, they are those that would be made."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import update

from api.call import API
from api.renderings import ACCOUNTS_BYTES, STATUSES_BYTES, Renderings
from models.accounts import Account
from server.users import get_user, set_role
from tests.api.counting import counted
from tests.peers import ApiAnswer, Client, Office

HOME, NOTICES, PUBLIC = "/api/v1/timelines/home", "/api/v1/notifications", "/api/v1/timelines/public"
Json = dict[str, Any]
Act = tuple[str, Callable[[], Awaitable[Any]], tuple[str, ...]]


async def body(asked: Awaitable[ApiAnswer]) -> Any:
    answer = await asked
    assert answer.status == 200, answer.body
    return answer.json()


async def say(api: Client, text: str, **more: object) -> str:
    return str((await body(api.post("/api/v1/statuses", {"status": text, **more})))["id"])


def seen(answer: ApiAnswer) -> tuple[int, bytes, str | None, str | None]:
    return answer.status, answer.body, answer.headers.get("ETag"), answer.headers.get("Link")


def forget_all(office: Office) -> None:
    office.services.database.kept.clear()
    api = office.app[API]
    api.statuses, api.accounts = Renderings(STATUSES_BYTES), Renderings(ACCOUNTS_BYTES)


async def play(office: Office, reader: Client, acts: list[Act], paths: list[str]) -> None:
    """Do all of it in its order. After each act every answer has to be the one that is made without anything kept, and
    those of the paths that are said to change have to change."""
    for name, act, changed in acts:
        before = {path: seen(await reader.get(path)) for path in paths}
        done = await act()
        assert not isinstance(done, ApiAnswer) or done.status == 200, (name, done)
        kept = {path: seen(await reader.get(path)) for path in paths}
        for path in paths:
            forget_all(office)
            assert kept[path] == seen(await reader.get(path)), (name, path)
        assert [path for path in changed if kept[path] == before[path]] == [], name


async def test_what_people_do_to_each_other(office: Office) -> None:
    boss = await office.create_person("boss", is_admin=True, scopes="read write admin:write")
    ana, ben, eva = [await office.create_person(name) for name in ("ana", "ben", "eva")]
    writer, reader, third, staff = (office.api(one) for one in (ana, ben, eva, boss))
    for who, target in ((reader, ana), (reader, eva), (writer, ben), (third, ana)):
        await body(who.post(f"/api/v1/accounts/{target.id}/follow"))
    first, own = await say(writer, "Hello @ben"), await say(reader, "Mine")
    gone, private = await say(writer, "Soon gone @ben"), await say(writer, "among us", visibility="private")
    boosted, liked = await say(writer, "Boost me"), await say(writer, "Like me")
    one, hers = f"/api/v1/statuses/{first}", f"/api/v1/statuses/{private}"
    mine = f"/api/v1/statuses/{own}"
    paths = [HOME, NOTICES, PUBLIC, one, hers, mine]

    async def become(role: str) -> None:
        async with office.services.database.unit_of_work() as unit:
            await set_role(unit, await get_user(unit.session, "ana"), role)

    def staffed(kind: str) -> Awaitable[Any]:
        return staff.post(f"/api/v1/admin/accounts/{ana.id}/action", {"type": kind})

    acts: list[Act] = [
        ("nothing", lambda: reader.get(HOME), ()),
        ("a post", lambda: say(writer, "News"), (HOME, PUBLIC)),
        ("an edit", lambda: writer.put(one, {"status": "Hello again @ben"}), (HOME, NOTICES, PUBLIC, one)),
        ("a favourite", lambda: reader.post(f"{one}/favourite"), (HOME, NOTICES, PUBLIC, one)),
        ("no favourite", lambda: reader.post(f"{one}/unfavourite"), (HOME, NOTICES, one)),
        ("a favourite of mine", lambda: writer.post(f"{mine}/favourite"), (HOME, NOTICES, mine)),
        ("a boost of mine", lambda: writer.post(f"{mine}/reblog"), (HOME, NOTICES, mine)),
        ("a bookmark", lambda: reader.post(f"{one}/bookmark"), (HOME, NOTICES, one)),
        ("a muted conversation", lambda: reader.post(f"{one}/mute"), (HOME, NOTICES, one)),
        ("my boost", lambda: reader.post(f"/api/v1/statuses/{boosted}/reblog"), (HOME, PUBLIC)),
        ("a boost by another", lambda: third.post(f"/api/v1/statuses/{liked}/reblog"), (HOME,)),
        ("a reply", lambda: third.post("/api/v1/statuses", {"status": "@ana Yes", "in_reply_to_id": first}),
         (HOME, NOTICES, one)),
        ("a poll", lambda: say(writer, "Which?", poll={"options": ["a", "b"], "expires_in": 600}), (HOME, PUBLIC)),
        ("a quote", lambda: say(writer, "See", quoted_status_id=own), (HOME, PUBLIC, NOTICES)),
        ("a name", lambda: writer.patch("/api/v1/accounts/update_credentials", {"display_name": "Ana"}),
         (HOME, NOTICES, PUBLIC, one, hers)),
        ("a role", lambda: become("moderator"), (HOME, NOTICES, PUBLIC, one)),
        ("no role", lambda: become("user"), (HOME, NOTICES, PUBLIC, one)),
        ("a pin", lambda: reader.post(f"{mine}/pin"), (HOME, mine)),
        ("a removal", lambda: writer.delete(f"/api/v1/statuses/{gone}"), (HOME, NOTICES, PUBLIC)),
        ("a filter", lambda: reader.post("/api/v2/filters", {"title": "x", "context": ["home", "notifications"],
         "keywords_attributes": [{"keyword": "again"}]}), (HOME, one)),
        ("a dismissal", lambda: reader.post("/api/v1/notifications/clear"), (NOTICES,)),
        ("a mention", lambda: say(writer, "@ben Are you there?"), (HOME, NOTICES)),
        ("a limit", lambda: staffed("silence"), (HOME, PUBLIC, one)),
        ("its end", lambda: staff.post(f"/api/v1/admin/accounts/{ana.id}/unsilence"), (HOME, one)),
        ("a suspension", lambda: staffed("suspend"), (HOME, PUBLIC, NOTICES, one)),
        ("its end", lambda: staff.post(f"/api/v1/admin/accounts/{ana.id}/unsuspend"), (PUBLIC, one)),
        ("a mute", lambda: reader.post(f"/api/v1/accounts/{ana.id}/mute"), (PUBLIC,)),
        ("no mute", lambda: reader.post(f"/api/v1/accounts/{ana.id}/unmute"), (PUBLIC,)),
        ("a lost follower", lambda: writer.post(f"/api/v1/accounts/{ben.id}/remove_from_followers"), (hers,)),
        ("a block", lambda: writer.post(f"/api/v1/accounts/{ben.id}/block"), (PUBLIC, one)),
        ("no block", lambda: writer.post(f"/api/v1/accounts/{ben.id}/unblock"), (PUBLIC, one)),
        ("my block", lambda: reader.post(f"/api/v1/accounts/{ana.id}/block"), (PUBLIC, one)),
    ]  # fmt: skip
    await play(office, reader, acts, paths)


async def test_what_happens_without_filters_and_polls_in_the_way(office: Office) -> None:
    """The same for who has a proof for everything, with moderators of a community at work."""
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    writer, reader = office.api(ana), office.api(ben)
    group = await body(writer.post("/api/v1/communities", {"name": "board", "title": "Board", "kind": "on_request"}))
    place = f"/api/v1/communities/{group['id']}"
    await body(reader.post(f"{place}/join"))
    await body(writer.post(f"{place}/requests/{ben.id}/approve"))
    await body(reader.post(f"/api/v1/accounts/{ana.id}/follow"))
    thread = await say(writer, "@ben In here", community_id=group["id"])
    first, second = await say(writer, "@ben Hello"), await say(reader, "Mine")
    one, inside, mine = (f"/api/v1/statuses/{number}" for number in (first, thread, second))
    acts: list[Act] = [
        ("a name", lambda: writer.patch(place, {"title": "The board"}), (HOME, inside)),
        ("a lock", lambda: writer.post(f"{place}/statuses/{thread}/lock"), (inside,)),
        ("a pin", lambda: writer.post(f"{place}/statuses/{thread}/pin"), (inside,)),
        ("a removal", lambda: writer.post(f"{place}/statuses/{thread}/remove"), (HOME, inside)),
        ("a return", lambda: writer.post(f"{place}/statuses/{thread}/restore"), (HOME, inside)),
        ("a ban", lambda: writer.post(f"{place}/bans", {"account_id": str(ben.id)}), (HOME, inside)),
        ("a favourite", lambda: writer.post(f"{mine}/favourite"), (NOTICES, HOME, mine)),
        ("an edit", lambda: reader.put(mine, {"status": "Still mine"}), (NOTICES, HOME, mine)),
        ("a follow", lambda: writer.post(f"/api/v1/accounts/{ben.id}/follow"), (NOTICES,)),
        ("a first poll", lambda: say(writer, "Or?", poll={"options": ["a", "b"], "expires_in": 600}), (HOME,)),
        ("a block", lambda: writer.post(f"/api/v1/accounts/{ben.id}/block"), (HOME, one)),
        ("a first filter", lambda: reader.post("/api/v2/filters", {"title": "x", "context": ["home"],
         "keywords_attributes": [{"keyword": "mine"}]}), ()),
        ("a last removal", lambda: reader.delete(mine), (HOME, mine)),
    ]  # fmt: skip
    await play(office, reader, acts, [HOME, NOTICES, PUBLIC, one, inside, mine])


@pytest.mark.parametrize("path", [HOME, NOTICES, PUBLIC, "one"])
async def test_what_concerns_others_only_costs_the_questions_and_nothing_is_made(office: Office, path: str) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    writer, reader = office.api(ana), office.api(ben)
    await body(reader.post(f"/api/v1/accounts/{ana.id}/follow"))
    first = await say(writer, "Hello @ben")
    path = f"/api/v1/statuses/{first}" if path == "one" else path
    before = seen(await reader.get(path))
    entries = office.services.database.kept._values
    kept = {id(entry.value) for entry in entries.values()}
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(
            update(Account).where(Account.id == ana.id).values(featured_fetched_at=unit.now)
        )  # fmt: skip
    with counted(office, is_fresh=False) as statements:
        assert seen(await reader.get(path)) == before
    assert 1 <= len([text for text in statements if "pg_current_snapshot" not in text]) <= 3
    assert {id(entry.value) for entry in entries.values()} == kept
