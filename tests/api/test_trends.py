"""Trends: well-formed from the first day, counted by people, and never more than a viewer may see."""

from datetime import timedelta

from sqlalchemy import update

from api.answers.statuses import StatusEntity
from api.answers.trends import TrendLinkEntity, TrendTagEntity
from models.accounts import Account
from models.statuses import PreviewCard, Status
from tests.api.contract import check
from tests.api.counting import counted
from tests.conftest import Clock
from tests.fixtures_offices import OpenOffice
from tests.peers import Office, Person


async def say(person: Person, text: str, **more: object) -> str:
    answer = await person.office.api(person).post("/api/v1/statuses", {"status": text, **more})
    assert answer.status == 200, answer.body
    return str(answer.json()["id"])


async def test_trends_are_empty_and_well_formed_at_first(office: Office) -> None:
    ana = await office.create_person("ana")
    for path in ("", "/tags", "/statuses", "/links"):
        assert (await office.api(ana).get(f"/api/v1/trends{path}")).json() == []
        assert (await office.api().get(f"/api/v1/trends{path}")).status == 401


async def test_hashtags_trend_by_the_people_who_use_them(office: Office, clock: Clock) -> None:
    ana, ben, eva = [await office.create_person(name) for name in ("ana", "ben", "eva")]
    for person in (ana, ben):
        await say(person, "A #kaizen day")
    for number in range(3):
        await say(eva, f"#monologue {number}")
    await say(eva, "#secret", visibility="private")
    await say(eva, "#ours", local_only=True)
    tags = check(TrendTagEntity, (await office.api(ana).get("/api/v1/trends/tags")).json())
    assert [tag["name"] for tag in tags] == ["kaizen", "monologue"]
    assert [(tag["history"][0]["uses"], tag["history"][0]["accounts"]) for tag in tags] == [("2", "2"), ("3", "1")]
    assert tags[0]["following"] is False
    assert (await office.api(ana).get("/api/v1/trends")).json() == tags
    clock.advance(days=8)
    assert (await office.api(ana).get("/api/v1/trends/tags")).json() == []


async def test_trends_come_in_pages_that_cost_the_same(office: Office, clock: Clock) -> None:
    ana = await office.create_person("ana")
    api, costs = office.api(ana), []
    for number in range(12):
        post = await say(ana, f"#tag{number}")
        await api.post(f"/api/v1/statuses/{post}/favourite")
    for path in ("tags", "statuses"):
        for limit in (4, 8):
            clock.advance(minutes=2)
            with counted(office) as statements:
                answer = await api.get(f"/api/v1/trends/{path}", limit=limit)
            assert len(answer.json()) == limit
            costs.append(len(statements))
        assert costs[-1] == costs[-2]
    following = await api.get((await api.get("/api/v1/trends/statuses", limit=8)).links["next"])
    assert len(following.json()) == 4


async def test_posts_trend_by_what_they_are_given_and_only_for_who_may_see_them(
    open_office: OpenOffice, clock: Clock
) -> None:
    office = await open_office("madrid", federation="open")
    ana, ben, eva, shy = [await office.create_person(name) for name in ("ana", "ben", "eva", "shy")]
    liked, loved = await say(ana, "liked"), await say(eva, "loved")
    hidden = [await say(shy, "shy"), await say(ana, "sensitive", sensitive=True), await say(ana, "quiet")]
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(update(Account).where(Account.id == shy.id).values(is_discoverable=False))
    for person, posts in ((ben, [liked, loved, *hidden[:2]]), (ana, [loved])):
        for post in posts:
            assert (await office.api(person).post(f"/api/v1/statuses/{post}/favourite")).status == 200

    for viewer in (ben, None):
        statuses = check(StatusEntity, (await office.api(viewer).get("/api/v1/trends/statuses")).json())
        assert [status["id"] for status in statuses] == [loved, liked]

    assert (await office.api(ben).post(f"/api/v1/accounts/{eva.id}/mute")).status == 200
    mine = (await office.api(ben).get("/api/v1/trends/statuses")).json()
    assert [status["id"] for status in mine] == [liked]
    async with office.services.database.unit_of_work() as unit:
        await unit.session.execute(update(Account).where(Account.id == ana.id).values(limited_at=unit.now))
    clock.advance(minutes=2)
    statuses = (await office.api().get("/api/v1/trends/statuses")).json()
    assert [status["id"] for status in statuses] == [loved]


async def test_links_trend_with_their_cards(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    posts = [await say(person, "https://news.example/today") for person in (ana, ben)]
    async with office.services.database.unit_of_work() as unit:
        card = PreviewCard(
            id=unit.new_id(), url="https://news.example/today", title="Today", created_at=unit.now,
            fetched_at=unit.now - timedelta(hours=1),
        )  # fmt: skip
        unit.session.add(card)
        await unit.session.flush()
        await unit.session.execute(
            update(Status).where(Status.id.in_([int(post) for post in posts])).values(card_id=card.id)
        )
    (link,) = check(TrendLinkEntity, (await office.api(ana).get("/api/v1/trends/links")).json())
    assert (link["title"], link["history"][0]["accounts"]) == ("Today", "2")
