"""Scheduled statuses: kept, moved, called off, and published once at their time, whatever happened meanwhile."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from api.answers.status_extras import ScheduledStatusEntity
from api.times import timestamp
from inbox.jobs import publish_scheduled
from models.statuses import ScheduledStatus, Status
from policy.limits import SCHEDULED_A_DAY
from tests import graph
from tests.api.contract import check
from tests.api.test_statuses_editing import upload
from tests.api.test_statuses_posting import PATH, post
from tests.peers import Office, Person

SCHEDULED = "/api/v1/scheduled_statuses"


async def schedule(person: Person, at: datetime, text: str = "Later", **more: Any) -> dict[str, Any]:
    answer = await person.office.api(person).post(PATH, {"status": text, "scheduled_at": timestamp(at), **more})
    assert answer.status == 200, answer.body
    found: dict[str, Any] = check(ScheduledStatusEntity, answer.json())
    return found


async def texts(person: Person) -> list[str]:
    found = (await person.office.api(person).get("/api/v1/timelines/home")).json()
    return [status["content"] for status in found]


async def test_a_scheduled_post_goes_out_once_at_its_time(office: Office, clock: Any) -> None:
    ana = await office.create_person("ana")
    parent, file = await post(ana, "first"), await upload(ana)
    at = clock() + timedelta(hours=2)
    kept = await schedule(
        ana, at, "**Later** #tarde", content_type="text/markdown", media_ids=[file], in_reply_to_id=parent["id"],
        visibility="unlisted", spoiler_text="cw", language="es",
    )  # fmt: skip
    assert kept["scheduled_at"] == timestamp(at)
    assert (kept["params"]["text"], kept["params"]["media_ids"]) == ("**Later** #tarde", [file])
    assert [media["id"] for media in kept["media_attachments"]] == [file]
    # Its file is spoken for.
    assert (await office.api(ana).post(PATH, {"status": "x", "media_ids": [file]})).status == 422
    await office.run_until_idle()
    assert await texts(ana) == ["<p>first</p>"]

    clock.advance(hours=2, seconds=1)
    await office.run_until_idle()
    await publish_scheduled(office.services, {"scheduled_id": kept["id"]})
    await office.run_until_idle()
    status, _ = (await office.api(ana).get("/api/v1/timelines/home")).json()
    assert status["content"].startswith("<p><strong>Later</strong> <a")
    found = {name: status[name] for name in ("visibility", "spoiler_text", "language", "in_reply_to_id")}
    assert found == {"visibility": "unlisted", "spoiler_text": "cw", "language": "es", "in_reply_to_id": parent["id"]}
    assert [media["id"] for media in status["media_attachments"]] == [file]
    assert (await office.api(ana).get(SCHEDULED)).json() == []
    assert (await office.api(ana).get(f"{SCHEDULED}/{kept['id']}")).status == 404


async def test_it_can_be_moved_and_called_off_by_its_author_alone(office: Office, clock: Any) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    file = await upload(ana)
    one = await schedule(ana, clock() + timedelta(hours=1), "one")
    two = await schedule(ana, clock() + timedelta(hours=1), "two", media_ids=[file])
    three = await schedule(ana, clock() + timedelta(hours=9), "three")
    api, other = office.api(ana), office.api(bob)
    listed = await api.get(SCHEDULED, limit=2)
    assert [kept["id"] for kept in check(ScheduledStatusEntity, listed.json())] == [three["id"], two["id"]]
    assert [kept["id"] for kept in (await api.get(listed.links["next"])).json()] == [one["id"]]
    assert (await other.get(SCHEDULED)).json() == []
    for method in ("GET", "DELETE"):
        assert (await other.call(method, f"{SCHEDULED}/{one['id']}")).status == 404
    later, soon = timestamp(clock() + timedelta(hours=5)), timestamp(clock() + timedelta(minutes=4))
    assert (await other.put(f"{SCHEDULED}/{one['id']}", {"scheduled_at": later})).status == 404
    refused = await api.put(f"{SCHEDULED}/{one['id']}", {"scheduled_at": soon})
    assert (refused.status, list(refused.json()["details"])) == (422, ["scheduled_at"])
    assert (await api.put(f"{SCHEDULED}/{one['id']}", {"scheduled_at": later})).json()["scheduled_at"] == later
    earlier = timestamp(clock() + timedelta(hours=2))
    assert (await api.put(f"{SCHEDULED}/{three['id']}", {"scheduled_at": earlier})).status == 200
    assert (await api.delete(f"{SCHEDULED}/{two['id']}")).json() == {}
    clock.advance(hours=3)
    await office.run_until_idle()
    assert await texts(ana) == ["<p>three</p>"]
    assert (await post(ana, "the file is free", media_ids=[file]))["media_attachments"]
    clock.advance(hours=3)
    await office.run_until_idle()
    assert (await texts(ana))[0] == "<p>one</p>"


async def test_what_can_not_be_scheduled_is_refused(office: Office, clock: Any) -> None:
    ana = await office.create_person("ana")
    api = office.api(ana)
    for at in (clock() - timedelta(days=1), clock() + timedelta(minutes=4)):
        answer = await api.post(PATH, {"status": "x", "scheduled_at": timestamp(at)})
        assert (answer.status, list(answer.json()["details"])) == (422, ["scheduled_at"])
    tomorrow = (clock() + timedelta(days=1)).replace(hour=12)
    for body, status in (({"status": ""}, 422), ({"status": "x", "in_reply_to_id": "1"}, 404),
                         ({"status": "x", "media_ids": ["1"]}, 422)):  # fmt: skip
        assert (await api.post(PATH, {**body, "scheduled_at": timestamp(tomorrow)})).status == status
    for _ in range(SCHEDULED_A_DAY):
        await schedule(ana, tomorrow)
    assert (await api.post(PATH, {"status": "x", "scheduled_at": timestamp(tomorrow)})).status == 422
    await schedule(ana, tomorrow + timedelta(days=1))
    assert await graph.count(office, Status) == 0


async def test_what_it_refers_to_may_be_gone_by_then(office: Office, clock: Any) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    parent, quoted = await post(bob, "parent"), await post(bob, "quoted")
    at = clock() + timedelta(hours=1)
    await schedule(ana, at, "alone", in_reply_to_id=parent["id"], quoted_status_id=quoted["id"])
    await schedule(ana, at, "", quoted_status_id=quoted["id"])
    for status in (parent, quoted):
        assert (await office.api(bob).delete(f"{PATH}/{status['id']}")).status == 200
    clock.advance(hours=2)
    await office.run_until_idle()
    async with office.services.database.reading() as session:
        written = (await session.scalars(select(Status))).all()
    assert [(status.source_text, status.in_reply_to_id, status.quote_uri) for status in written] == [
        ("alone", None, None)
    ]
    assert await graph.count(office, ScheduledStatus) == 0
