"""Answers that are kept, and their ETags: nobody gets what was true for somebody else, or before."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import update

from access.tokens import REMEMBERED_SECONDS
from api.renderings import ENTRY_BYTES, Renderings
from api.routes import endpoints
from models import Database
from models.accounts import Account
from models.oauth import AccessToken
from tests.api.counting import counted
from tests.conftest import Clock
from tests.peers import Client, Office

HOME, NOTICES, TAG = "/api/v1/timelines/home", "/api/v1/notifications", "/api/v1/timelines/tag/calidad"
Act = Callable[[], Awaitable[Any]]


async def say(api: Client, text: str, visibility: str = "public") -> str:
    return str((await api.post("/api/v1/statuses", {"status": text, "visibility": visibility})).json()["id"])


async def tag_of(api: Client, path: str) -> str:
    """The ETag of an answer, which is the same when it is asked again, and then costs nothing to make."""
    answer = await api.get(path)
    assert answer.status == 200, answer.body
    again = await api.call("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
    assert again.headers.get("Link") == answer.headers.get("Link")
    assert again.headers["Cache-Control"] == answer.headers["Cache-Control"] == "private, no-store"
    return answer.headers["ETag"]


async def test_an_answer_and_its_etag_change_with_everything_that_changes_what_is_seen(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    writer, reader = office.api(ana), office.api(ben)
    await reader.post(f"/api/v1/accounts/{ana.id}/follow")
    await writer.post(f"/api/v1/accounts/{ben.id}/follow")
    first = await say(writer, "Hello @ben #calidad")
    status = f"/api/v1/statuses/{first}"
    private = await say(writer, "among us", "private")
    one, profile = f"/api/v1/statuses/{private}", f"/api/v1/accounts/{ana.id}"
    acts: list[tuple[str, Act, tuple[str, ...]]] = [
        ("an edit", lambda: writer.put(status, {"status": "Hello @ben #calidad, again"}), (HOME, status, TAG, NOTICES)),
        ("a favourite", lambda: reader.post(f"{status}/favourite"), (HOME, status, TAG, NOTICES)),
        ("a reply", lambda: reader.post("/api/v1/statuses", {"status": "Yes", "in_reply_to_id": first}),
         (HOME, status, f"{status}/context")),
        ("a name", lambda: writer.patch("/api/v1/accounts/update_credentials", {"display_name": "Ana"}),
         (HOME, status, NOTICES, profile)),
        ("a filter", lambda: reader.post("/api/v2/filters", {"title": "x", "context": ["home"],
         "keywords_attributes": [{"keyword": "again"}]}), (HOME, status, TAG)),
        ("a filter that hides", lambda: reader.post("/api/v2/filters", {"title": "y", "context": ["home"],
         "filter_action": "hide", "keywords_attributes": [{"keyword": "among"}]}), (HOME,)),
        ("a mute", lambda: reader.post(f"/api/v1/accounts/{ana.id}/mute"), (HOME, TAG)),
    ]  # fmt: skip
    for name, act, paths in acts:
        before = {path: await tag_of(reader, path) for path in paths}
        await act()
        assert [path for path in paths if await tag_of(reader, path) == before[path]] == [], name
    assert (await reader.get(one)).status == 200
    await writer.post(f"/api/v1/accounts/{ben.id}/remove_from_followers")
    assert (await reader.get(one)).status == 404
    before = await tag_of(reader, NOTICES)
    await writer.post(f"/api/v1/accounts/{ben.id}/block")
    stale = await reader.call("GET", status, headers={"If-None-Match": before})
    assert (stale.status, (await reader.get(TAG)).json()) == (404, [])
    assert (await reader.get(f"/api/v1/accounts/{ana.id}/statuses")).json() == []


async def test_what_is_kept_belongs_to_one_viewer_and_to_who_may_ask(office: Office, clock: Clock) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    secret = f"/api/v1/statuses/{await say(office.api(ana), 'only me', 'direct')}"
    assert (await office.api(ana).get(secret)).status == 200
    for somebody in (office.api(ben), office.api()):
        refused = await somebody.call("GET", secret, headers={"If-None-Match": await tag_of(office.api(ana), secret)})
        assert refused.status in (401, 404)
    assert await tag_of(office.api(ana), HOME) != await tag_of(office.api(ben), HOME)
    narrow = await office.create_person("eva", scopes="read:accounts")
    assert (await office.api(narrow).get(HOME)).status == 403
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(update(AccessToken).values(revoked_at=unit.now))
    clock.advance(seconds=REMEMBERED_SECONDS)
    assert (await office.api(ana).get(HOME)).status == 401


async def test_another_process_ends_what_is_kept_here_and_nothing_else(office: Office) -> None:
    ana = await office.create_person("ana")
    api = office.api(ana)
    await say(api, "Hello")
    with counted(office) as first:
        before = await api.get(HOME)
    costs = []
    for _ in range(5):  # PostgreSQL cleans up by itself now and then, which is a change too
        with counted(office, is_fresh=False) as again:
            assert (await api.get(HOME)).body == before.body
        costs.append(len([text for text in again if "pg_current_snapshot" not in text]))
    assert (min(costs), len(first) > 1) == (0, True)
    elsewhere = Database(office.services.database.url, addresses=office.services.addresses)
    async with elsewhere.unit_of_work() as unit:
        account = await unit.session.get_one(Account, ana.id)
        account.display_name, account.updated_at = "Ana María", unit.now
    await elsewhere.close()
    assert (await api.get(HOME)).json()[0]["account"]["display_name"] == "Ana María"


def test_only_what_reads_is_kept() -> None:
    kept = [one for one in endpoints() if one.is_kept]
    assert len(kept) > 8
    assert {(one.method, one.find_token, one.body_bytes, one.limit) for one in kept} == {("GET", None, None, "")}


def test_renderings_are_bounded_in_bytes_and_the_least_used_goes_first() -> None:
    renderings = Renderings(10 * (ENTRY_BYTES + 100))
    for number in range(20):
        renderings.put(number, "stamp", b"x" * 60, b"y" * 40)
        assert renderings.get(0, "stamp") is not None
        assert renderings.size_bytes <= 10 * (ENTRY_BYTES + 100)
    assert [number for number in range(20) if renderings.get(number, "stamp")] == [0, *range(11, 20)]
    assert renderings.get(19, "another stamp") is None
    renderings.put(19, "another stamp", b"x" * 100)
    assert (renderings.get(19, "another stamp"), renderings.size_bytes) == ((b"x" * 100,), 10 * (ENTRY_BYTES + 100))
