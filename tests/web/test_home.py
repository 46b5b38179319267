"""The home timeline: what is in it, in which order, and at what cost."""

import pytest

from models.feeds import FeedEntry
from models.visibility import Visibility
from tests.peers import Office, Person
from tests.web.browser import Browser, signed_in
from tests.web.writing import boost, counted_statements, follow, remote_account, remote_status, say


async def test_without_a_session_there_is_a_door_and_no_content(office: Office, guest: Browser, ana: Person) -> None:
    await say(ana, "A public secret")
    page = await guest.show("/")
    assert "A public secret" not in page.text
    assert "ana" not in page.text.lower().replace("administrators", "")
    assert page.all("form", action="/sign-in")


async def test_an_empty_timeline_shows_colleagues(browser: Browser, bruno: Person) -> None:
    page = await browser.show("/")
    assert "It is quiet here" in page.text
    assert "Bruno Díaz" in page.text
    answer = await browser.press(f"/accounts/{bruno.id}/follow")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert "Bruno Díaz" not in (await browser.show("/")).text


async def test_newest_first_own_and_followed_and_nobody_else(
    office: Office, browser: Browser, ana: Person, bruno: Person
) -> None:
    carla = await office.create_person("carla")
    await follow(ana, bruno)
    first, second = await say(bruno, "first"), await say(ana, "second")
    await say(carla, "nobody asked")
    page = await browser.show("/")
    assert page.posts == [f"s{second.id}", f"s{first.id}"]


async def test_boosts_say_who_brought_them_and_appear_once(
    office: Office, browser: Browser, ana: Person, bruno: Person
) -> None:
    carla, dora = await office.create_person("carla"), await office.create_person("dora", display_name="Dora")
    await follow(ana, bruno)
    await follow(ana, dora)
    status = await say(carla, "from carla")
    await boost(bruno, status)
    await boost(dora, status)
    page = await browser.show("/")
    assert page.posts == [f"s{status.id}"]
    assert "Dora boosted" in page.text


async def test_a_boost_of_what_one_may_not_read_is_left_out(
    office: Office, browser: Browser, ana: Person, bruno: Person
) -> None:
    await follow(ana, bruno)
    status = await say(bruno, "for followers", Visibility.PRIVATE)
    await boost(bruno, status)
    assert "for followers" in (await browser.show("/")).text
    await browser.show("/@bruno")
    await browser.press(f"/accounts/{bruno.id}/unfollow")
    assert "for followers" not in (await browser.show("/")).text
    assert "for followers" not in (await browser.show("/@bruno")).text


async def test_replies_name_whom_they_answer(browser: Browser, ana: Person, bruno: Person) -> None:
    await follow(ana, bruno)
    question = await say(ana, "Who has the key?")
    await say(bruno, "@ana me", parent=question)
    page = await browser.show("/")
    assert "In reply to Ana García" in page.text
    assert page.all("a", href=f"/@ana/{question.id}")


async def test_pages_follow_each_other(browser: Browser, ana: Person) -> None:
    written = [(await say(ana, f"post {number}")).id for number in range(45)]
    page = await browser.show("/")
    assert page.posts == [f"s{number}" for number in reversed(written[5:])]
    (older,) = page.all("a", rel="next")
    page = await browser.show(older["href"])
    assert page.posts == [f"s{number}" for number in reversed(written[:5])]
    assert page.all("a", rel="next") == []
    assert "read everything" in (await browser.show(f"/?max_id={written[0]}")).text


@pytest.mark.parametrize("max_id", ["", "x", "-1", "9" * 30, "²", "1 OR 1=1"])
async def test_a_strange_page_number_means_the_newest(browser: Browser, ana: Person, max_id: str) -> None:
    status = await say(ana)
    assert (await browser.show(f"/?max_id={max_id}")).posts == [f"s{status.id}"]


async def test_20_and_40_posts_cost_the_same(office: Office, browser: Browser, ana: Person, bruno: Person) -> None:
    await follow(ana, bruno)
    joao = await remote_account(office, followed_by=ana)
    costs = []
    for _ in range(2):
        for number in range(7):
            status = await say(bruno, f"@ana look #tea {number}")
            await say(ana, "@bruno yes", parent=status)
        for number in range(6):
            await boost(bruno, await remote_status(office, joao, f"<p>{number}</p>", quote_of_id=status.id,
                                                   quote_uri=status.uri, quote_state="accepted"))  # fmt: skip
        with counted_statements(office.services.database) as statements:
            page = await browser.show("/")
        costs.append((len(page.posts), len(statements)))
    assert [posts for posts, _ in costs] == [20, 40]
    assert costs[0][1] == costs[1][1] <= 12


async def test_pictures_of_other_offices_are_not_linked_to(office: Office, browser: Browser, ana: Person) -> None:
    joao = await remote_account(office, display_name="João", avatar_url="https://lisbon.test/tracker.png")
    status = await remote_status(office, joao, "<p>Olá</p>")
    async with office.services.database.unit_of_work() as unit:
        unit.session.add(FeedEntry(account_id=ana.id, status_id=status.id))
    page = await browser.show("/")
    assert page.posts == [f"s{status.id}"]
    assert "tracker" not in page.html


async def test_what_got_into_a_feed_by_mistake_is_not_shown(
    office: Office, browser: Browser, ana: Person, bruno: Person
) -> None:
    status = await say(bruno, "not for ana", Visibility.DIRECT)
    async with office.services.database.unit_of_work() as unit:
        unit.session.add(FeedEntry(account_id=ana.id, status_id=status.id))
    assert "not for ana" not in (await browser.show("/")).text


async def test_every_language_has_its_own_words(browser: Browser, ana: Person) -> None:
    spanish = await signed_in(ana, language="es")
    page = await spanish.show("/")
    assert page.all("html", lang="es")
    assert "Publicar" in page.text
