"""The notifications page."""

import pytest

from models.accounts import Account
from models.feeds import Notification
from models.relations import Follow
from models.visibility import Visibility
from tests import graph
from tests.peers import Office, Person
from tests.web.browser import Browser, signed_in
from tests.web.writing import boost, counted_statements, follow, say

KINDS = [
    "mention",
    "follow",
    "follow_request",
    "favourite",
    "reblog",
    "poll",
    "update",
    "quote",
    "status",
    "move",
    "new",
]


async def tell(office: Office, person: Person, sender: Person, kind: str, count: int = 1) -> None:
    async with office.services.database.unit_of_work() as unit:
        for number in range(count):
            unit.session.add(
                Notification(id=unit.new_id(), account_id=person.id, kind=kind, from_account_id=sender.id,
                             subject_id=number + 1, created_at=unit.now)
            )  # fmt: skip


async def test_all_quiet(browser: Browser) -> None:
    assert "All quiet" in (await browser.show("/notifications")).text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "es"])
async def test_every_kind_has_a_sentence(office: Office, ana: Person, bruno: Person, kind: str, language: str) -> None:
    await tell(office, ana, bruno, kind)
    browser = await signed_in(ana, language=language)
    assert "Bruno Díaz" in (await browser.show("/notifications")).text


async def test_what_was_shown_has_been_read(browser: Browser, ana: Person, bruno: Person) -> None:
    await say(bruno, "@ana hello")
    await follow(bruno, ana)
    assert "2 unread" in (await browser.show("/")).text
    page = await browser.show("/notifications")
    assert "hello" in page.text
    assert len(page.all("li", class_="notice-line unread")) == 2
    page = await browser.show("/notifications")
    assert page.all("li", class_="notice-line unread") == []
    assert "unread" not in page.text


async def test_a_page_fetched_ahead_of_time_reads_nothing(browser: Browser, ana: Person, bruno: Person) -> None:
    await follow(bruno, ana)
    await browser.get("/notifications", **{"Sec-Purpose": "prefetch"})
    assert "1 unread" in (await browser.show("/")).text


async def test_nobody_reads_the_notifications_of_others(office: Office, browser: Browser, bruno: Person) -> None:
    carla = await office.create_person("carla", display_name="Carla")
    await follow(carla, bruno)
    assert "Carla" not in (await browser.show("/notifications")).text


async def test_what_can_not_be_read_any_more_is_not_quoted(
    office: Office, browser: Browser, ana: Person, bruno: Person
) -> None:
    status = await say(bruno, "for followers", Visibility.PRIVATE)
    async with office.services.database.unit_of_work() as unit:
        unit.session.add(Notification(id=unit.new_id(), account_id=ana.id, kind="status", from_account_id=bruno.id,
                                      status_id=status.id, subject_id=1, created_at=unit.now))  # fmt: skip
    page = await browser.show("/notifications")
    assert "Bruno Díaz has posted" in page.text
    assert "for followers" not in page.text


@pytest.mark.parametrize(("action", "followers"), [("accept", 1), ("decline", 0)])
async def test_requests_are_answered(
    office: Office, browser: Browser, ana: Person, bruno: Person, action: str, followers: int
) -> None:
    async with office.services.database.unit_of_work() as unit:
        (await unit.session.get_one(Account, ana.id)).is_locked = True
    await follow(bruno, ana)
    page = await browser.show("/notifications")
    assert "Bruno Díaz would like to follow you" in page.text
    assert (await browser.press(f"/accounts/{bruno.id}/{action}")).headers["Location"] == "/notifications"
    assert len(await graph.follower_uris(office, ana.uri)) == followers
    assert await graph.count(office, Follow) == followers
    assert (await browser.show("/notifications")).all("button", formaction=f"/accounts/{bruno.id}/accept") == []


async def test_nobody_accepts_for_somebody_else(office: Office, browser: Browser, bruno: Person) -> None:
    carla = await office.create_person("carla")
    async with office.services.database.unit_of_work() as unit:
        (await unit.session.get_one(Account, carla.id)).is_locked = True
    await follow(bruno, carla)
    await browser.show("/")
    assert (await browser.send(f"/accounts/{bruno.id}/accept", next="/")).status == 303
    assert await graph.follower_uris(office, carla.uri) == []


async def test_20_and_40_cost_the_same(office: Office, browser: Browser, ana: Person, bruno: Person) -> None:
    costs = []
    for _ in range(2):
        for number in range(20):
            await boost(bruno, await say(ana, f"post {number}"))
        with counted_statements(office.services.database) as statements:
            page = await browser.show("/notifications")
        costs.append((len(page.all("li")), len(statements)))
    assert [lines for lines, _ in costs] == [20, 40]
    assert costs[0][1] == costs[1][1] <= 4


async def test_pages_follow_each_other(office: Office, browser: Browser, ana: Person, bruno: Person) -> None:
    await tell(office, ana, bruno, "favourite", 45)
    page = await browser.show("/notifications")
    assert len(page.all("li")) == 40
    (older,) = page.all("a", rel="next")
    assert len((await browser.show(older["href"])).all("li")) == 5
