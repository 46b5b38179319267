"""Announcements: written by an administrator, read, put away and answered with an emoji by everybody."""

from datetime import timedelta

from api.answers.instance import AnnouncementEntity
from models.events import Kind
from social.announcements import make_announcement, withdraw_announcement
from social.emojis import add_emoji
from tests.api.contract import check
from tests.api.counting import counted
from tests.conftest import Clock
from tests.peers import Office

PATH = "/api/v1/announcements"


async def announce(office: Office, text: str, **more: object) -> str:
    async with office.services.database.unit_of_work() as unit:
        return str((await make_announcement(unit, text, **more)).id)  # type: ignore[arg-type]


async def test_an_announcement_is_read_and_put_away(office: Office, clock: Clock) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    post = (await office.api(ben).post("/api/v1/statuses", {"status": "Menu", "visibility": "public"})).json()
    events = office.services.database.events.subscribe()
    text = f"**Party** on Friday, says @ana :party: #fiesta {post['url']}"
    first = await announce(office, text)
    now = clock()
    await announce(office, "Past", starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1))
    await announce(office, "A draft", is_published=False)
    async with office.services.database.unit_of_work() as unit:
        await add_emoji(unit, "party", storage_key="ab.png", static_key="cd.png")

    api = office.api(ben)
    (shown,) = check(AnnouncementEntity, (await api.get(PATH)).json())
    assert (shown["id"], shown["read"], shown["published"]) == (first, False, True)
    assert "<strong>Party</strong>" in shown["content"]
    assert [mention["acct"] for mention in shown["mentions"]] == ["ana"]
    assert [tag["name"] for tag in shown["tags"]] == ["fiesta"]
    assert [status["id"] for status in shown["statuses"]] == [post["id"]]
    assert [emoji["static_url"][-6:] for emoji in shown["emojis"]] == ["cd.png"]
    assert next((event.kind, str(event.subject_id)) for event in events.take()) == (Kind.ANNOUNCED, first)

    assert (await api.post(f"{PATH}/{first}/dismiss")).json() == {}
    assert (await api.post(f"{PATH}/{first}/dismiss")).status == 200
    assert (await api.get(PATH)).json() == []
    assert (await api.get(PATH, with_dismissed=True)).json()[0]["read"] is True
    assert (await office.api(ana).get(PATH)).json()[0]["read"] is False

    async with office.services.database.unit_of_work() as unit:
        assert await withdraw_announcement(unit, int(first))
    assert (await office.api(ana).get(PATH)).json() == []
    assert events.take()[-1].kind is Kind.ANNOUNCEMENT_DELETED
    for path in (f"{PATH}/{first}/dismiss", f"{PATH}/nonsense/dismiss"):
        assert (await api.post(path)).status == 404
    assert (await office.api().get(PATH)).status == 401


async def test_people_set_eight_kinds_of_emoji(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    number = await announce(office, "Cake in the kitchen")
    async with office.services.database.unit_of_work() as unit:
        await add_emoji(unit, "party", storage_key="ab.png", static_key=None)
    events = office.services.database.events.subscribe()
    mine, yours = office.api(ana), office.api(ben)
    path = f"{PATH}/{number}/reactions"
    for name in ("%F0%9F%8D%B0", "party"):
        assert (await mine.put(f"{path}/{name}")).json() == {}
    assert (await yours.put(f"{path}/%F0%9F%8D%B0")).status == 200
    assert (await yours.put(f"{path}/%F0%9F%8D%B0")).status == 200
    assert [(event.kind, event.word) for event in events.take()] == [
        (Kind.ANNOUNCEMENT_REACTED, "🍰"),
        (Kind.ANNOUNCEMENT_REACTED, "party"),
        (Kind.ANNOUNCEMENT_REACTED, "🍰"),
    ]
    (shown,) = check(AnnouncementEntity, (await yours.get(PATH)).json())
    assert [(one["name"], one["count"], one["me"]) for one in shown["reactions"]] == [
        ("🍰", 2, True),
        ("party", 1, False),
    ]
    assert shown["reactions"][1]["url"].endswith("/media/ab.png")

    for name in ("nonsense", "cake", "%3Cb%3E", "%00", "%F0%9F%8D%B0%F0%9F%8D%B0"):
        assert (await mine.put(f"{path}/{name}")).status in (404, 422), name
    for name in ("👍", "👎", "🎂", "☕", "🫖", "🥐"):
        assert (await mine.put(f"{path}/{name.encode().hex(' ').replace(' ', '%').join(['%', ''])}")).status == 200
    refused = await mine.put(f"{path}/%F0%9F%8D%8E")
    assert (refused.status, "Limit" in refused.json()["error"]) == (422, True)
    assert (await yours.put(f"{path}/party")).status == 200

    assert (await yours.delete(f"{path}/%F0%9F%8D%B0")).json() == {}
    assert (await yours.delete(f"{path}/%F0%9F%8D%B0")).status == 200
    (shown,) = (await yours.get(PATH)).json()
    assert (shown["reactions"][0]["count"], shown["reactions"][0]["me"]) == (1, False)


async def test_announcements_cost_the_same_whatever_their_number(office: Office) -> None:
    ana, costs = await office.create_person("ana"), []
    for _ in range(2):
        for _ in range(20):
            number = await announce(office, "News for @ana #today :party:")
        assert (await office.api(ana).put(f"{PATH}/{number}/reactions/%F0%9F%8D%B0")).status == 200
        with counted(office) as statements:
            answer = await office.api(ana).get(PATH)
        costs.append((len(answer.json()), len(statements)))
    assert [shown for shown, _ in costs] == [20, 40]
    assert costs[0][1] == costs[1][1]


async def test_scopes_of_announcements(office: Office) -> None:
    reader = await office.create_person("reader", scopes="read")
    number = await announce(office, "News")
    api = office.api(reader)
    assert len((await api.get(PATH)).json()) == 1
    assert (await api.post(f"{PATH}/{number}/dismiss")).status == 403
    assert (await api.put(f"{PATH}/{number}/reactions/party")).status == 403
