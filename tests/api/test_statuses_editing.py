"""Editing: what changes, what stays, what the history keeps, and that the other side's API shows it."""

from typing import Any

from sqlalchemy import update

from api.answers.status_extras import StatusEditEntity, StatusSourceEntity
from api.answers.statuses import StatusEntity
from models.statuses import Attachment
from tests.api.contract import check
from tests.api.test_statuses_posting import PATH, post
from tests.peers import Office, Person, run_until_idle


async def upload(person: Person, description: str | None = None) -> str:
    """A picture that was uploaded and looked at."""
    async with person.office.services.database.unit_of_work() as unit:
        number = unit.new_id()
        unit.session.add(
            Attachment(id=number, account_id=person.id, media_type="image/png", kind="image", width=10, height=20,
                       storage_key=f"{number}.png", description=description, created_at=unit.now)
        )  # fmt: skip
    return str(number)


async def edit(person: Person, status_id: str, text: str, **more: Any) -> dict[str, Any]:
    answer = await person.office.api(person).put(f"{PATH}/{status_id}", {"status": text, **more})
    assert answer.status == 200, answer.body
    found: dict[str, Any] = check(StatusEntity, answer.json())
    return found


async def test_an_edit_replaces_what_is_said_and_keeps_what_was(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    ana, bob = await madrid.create_person("ana"), await lisbon.create_person("bob")
    await follow_across(bob, ana)
    one, two = await upload(ana, "before"), await upload(ana)
    status = await post(ana, "First", media_ids=[one], spoiler_text="cw", language="es")
    await run_until_idle(madrid, lisbon)
    edited = await edit(
        ana, status["id"], "_Second_ @ana", content_type="text/markdown", media_ids=[two, one], sensitive=True,
        media_attributes=[{"id": one, "description": "after", "focus": "0.5,-0.5"}],
    )  # fmt: skip
    assert edited["edited_at"] is not None
    assert edited["content"].startswith("<p><em>Second</em> <span")
    assert (edited["spoiler_text"], edited["sensitive"], edited["language"]) == ("", True, "es")
    assert [media["id"] for media in edited["media_attachments"]] == [two, one]
    assert edited["media_attachments"][1]["description"] == "after"
    assert edited["media_attachments"][1]["meta"]["focus"] == {"x": 0.5, "y": -0.5}

    api = madrid.api(ana)
    source = check(StatusSourceEntity, (await api.get(f"{PATH}/{status['id']}/source")).json())
    assert (source["text"], source["content_type"]) == ("_Second_ @ana", "text/markdown")
    history = check(StatusEditEntity, (await api.get(f"{PATH}/{status['id']}/history")).json())
    assert [version["content"] for version in history] == ["<p>First</p>", edited["content"]]
    assert [version["spoiler_text"] for version in history] == ["cw", ""]
    assert history[0]["media_attachments"][0]["description"] == "before"
    assert history[0]["created_at"] == status["created_at"]

    await run_until_idle(madrid, lisbon)
    (there,) = (await lisbon.api(bob).get("/api/v1/timelines/home")).json()
    assert there["edited_at"] == edited["edited_at"]
    assert len(there["media_attachments"]) == 2
    remote_history = (await lisbon.api(bob).get(f"{PATH}/{there['id']}/history")).json()
    assert remote_history[0]["content"] == "<p>First</p>"
    assert len(check(StatusEditEntity, remote_history)) == 2

    # Saying the same again is no edit.
    assert (await edit(ana, status["id"], "_Second_ @ana", media_ids=[two, one], sensitive=True))["edited_at"] == (
        edited["edited_at"]
    )
    bare = await edit(ana, status["id"], "Third")
    assert bare["media_attachments"] == []


async def test_only_the_author_edits_and_only_with_what_is_theirs(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    status, other = await post(ana, media_ids=[await upload(ana)]), await post(bob)
    theirs, taken = await upload(bob), status["media_attachments"][0]["id"]
    api = office.api(ana)
    assert (await api.put(f"{PATH}/{other['id']}", {"status": "mine"})).status == 404
    refused = [{"status": ""}, {"status": "x", "media_ids": [theirs]}, {"status": "x" * 5001},
               {"status": "x", "media_ids": [taken], "media_attributes": [{"id": taken, "focus": "2,2"}]}]  # fmt: skip
    for body in refused:
        answer = await api.put(f"{PATH}/{status['id']}", body)
        assert answer.status == 422, answer.body
    assert (await api.post(PATH, {"status": "x", "media_ids": [taken]})).status == 422
    assert (await api.get(f"{PATH}/{status['id']}")).json() == status
    # Somebody else's file can't be described through one's own status.
    await edit(ana, status["id"], "x", media_ids=[taken], media_attributes=[{"id": theirs, "description": "ha"}])
    assert (await office.api(bob).get(f"/api/v1/media/{theirs}")).json()["description"] is None


async def test_files_must_be_ready_and_go_together(office: Office) -> None:
    ana = await office.create_person("ana")
    waiting, film, image = await upload(ana), await upload(ana), await upload(ana)
    async with office.services.database.unit_of_work() as unit:
        for number, values in ((waiting, {"state": "processing"}), (film, {"kind": "video"})):
            await unit.session.execute(update(Attachment).where(Attachment.id == int(number)).values(**values))
    api = office.api(ana)
    for media_ids, words in (([waiting], "processing"), ([film, image], "together")):
        answer = await api.post(PATH, {"status": "x", "media_ids": media_ids})
        assert answer.status == 422
        assert words in answer.json()["error"]
    answer = await api.post(
        PATH, {"status": "x", "media_ids": [image], "poll": {"options": ["a", "b"], "expires_in": 300}}
    )
    assert answer.status == 422
    assert (await post(ana, "", media_ids=[film]))["content"] == ""


async def test_a_poll_is_kept_changed_and_dropped(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    poll = {"options": ["a", "b"], "expires_in": 3600}
    status = await post(ana, "Which?", poll=poll)
    path = f"/api/v1/polls/{status['poll']['id']}"
    assert (await office.api(bob).post(f"{path}/votes", {"choices": [0]})).status == 200
    same = await edit(ana, status["id"], "Which one?", poll=poll | {"expires_in": 7200, "hide_totals": True})
    assert same["poll"]["voters_count"] == 1
    assert same["poll"]["expires_at"] > status["poll"]["expires_at"]
    assert [option["votes_count"] for option in same["poll"]["options"]] == [None, None]
    other = await edit(ana, status["id"], "Which one?", poll=poll | {"options": ["a", "c"]})
    assert (other["poll"]["id"], other["poll"]["votes_count"]) == (status["poll"]["id"], 0)
    assert (await office.api(bob).post(f"{path}/votes", {"choices": [1]})).status == 200
    assert (await edit(ana, status["id"], "Never mind"))["poll"] is None
    assert (await office.api(bob).get(path)).status == 404
    history = check(StatusEditEntity, (await office.api(ana).get(f"{PATH}/{status['id']}/history")).json())
    assert [version.get("poll", {}).get("options", [{}])[-1].get("title") for version in history] == [
        "b",
        "b",
        "c",
        None,
    ]


async def follow_across(follower: Person, followee: Person) -> None:
    """Follow somebody of another office."""
    answer = await follower.office.api(follower).get("/api/v2/search", q=followee.acct, resolve="true")
    (found,) = answer.json()["accounts"]
    assert (await follower.office.api(follower).post(f"/api/v1/accounts/{found['id']}/follow")).status == 200
    await run_until_idle(follower.office, followee.office)
