"""Finding colleagues, here and at other offices."""

from tests.api.test_search import post
from tests.conftest import Clock
from tests.peers import Office, Person
from tests.remote_peers import RemoteServer
from tests.web.browser import Browser
from tests.web.writing import counted_statements, remote_account


async def test_by_the_beginning_of_a_name(office: Office, browser: Browser, bruno: Person) -> None:
    await remote_account(office, "brunilda")
    for text in ("bru", "BRU", "@bru", "díaz"):
        page = await browser.show(f"/find?q={text}")
        assert page.all("a", href="/@bruno")
    assert (await browser.show("/find?q=bru")).all("a", href="/@brunilda@lisbon.test")


async def test_a_form_without_an_office_leads_to_the_list(browser: Browser, bruno: Person) -> None:
    await browser.show("/find")
    answer = await browser.send("/find", q=" bruno ")
    assert (answer.status, answer.headers["Location"]) == (303, "/find?q=bruno")


async def test_nobody_found(browser: Browser) -> None:
    assert "Nobody found" in (await browser.show("/find?q=%25")).text
    assert "Nobody found" in (await browser.show("/find?q=%3Cscript%3E_")).text
    assert "Search by name" in (await browser.show("/find")).text


async def test_the_instance_actor_is_no_colleague(browser: Browser) -> None:
    assert "Nobody found" in (await browser.show("/find?q=madrid")).text


async def test_somebody_at_a_peer_is_looked_up(browser: Browser, remote: RemoteServer) -> None:
    carol = await remote.actor("carol")
    await browser.show("/find")
    answer = await browser.send("/find", q=f"carol@{remote.host}")
    assert (answer.status, answer.headers["Location"]) == (303, f"/@carol@{remote.host}")
    page = await browser.show(answer.headers["Location"])
    assert page.all("a", href=carol.uri) or page.all("a", rel="nofollow noopener noreferrer")


async def test_looking_asks_nobody(browser: Browser, remote: RemoteServer) -> None:
    await remote.actor("carol")
    assert "Nobody found" in (await browser.show(f"/find?q=carol@{remote.host}")).text


async def test_strangers_are_not_found(browser: Browser, stranger: RemoteServer, remote: RemoteServer) -> None:
    await stranger.actor("mallory")
    await browser.show("/find")
    for handle in (f"mallory@{stranger.host}", f"nobody@{remote.host}", "x@127.0.0.1:1", "x@[::1]"):
        answer = await browser.send("/find", q=handle)
        assert answer.status == 404
        assert "could not be found" in browser.page.text


async def test_looking_up_is_slowed_down(browser: Browser, clock: Clock) -> None:
    await browser.show("/find")
    statuses = [(await browser.send("/find", q="x@127.0.0.1:1")).status for _ in range(21)]
    assert statuses == [404] * 20 + [429]
    clock.advance(seconds=3)
    assert (await browser.send("/find", q="x@127.0.0.1:1")).status == 404


async def test_20_people_cost_no_more_queries_than_one(office: Office, browser: Browser, bruno: Person) -> None:
    with counted_statements(office.services.database) as one:
        await browser.show("/find?q=bru")
    for number in range(25):
        await remote_account(office, f"bru{number}")
    with counted_statements(office.services.database) as many:
        page = await browser.show("/find?q=bru")
    assert len(page.all("div", class_="person")) == 20
    # PostgreSQL is also asked for the stems of the words, and to plan for them, and no longer.
    assert len(one) == len(many) == (3 if office.services.database.is_sqlite else 6)


async def test_posts_are_found_by_their_words(office: Office, browser: Browser, bruno: Person) -> None:
    api = office.api(bruno)
    made = await post(api, "El Informe anual")
    await post(api, "informe secreto", visibility="private")
    page = await browser.show("/find?q=informe")
    assert len(page.posts) == 1
    assert made["id"] in page.html
    assert (await browser.show("/find?q=informe+from%3Aana")).posts == []
    assert (await browser.show("/find?q=%22%27%2A%28")).posts == []
