"""What buttons and forms do, and to whom they don't listen."""

import pytest
from sqlalchemy import select

from models.accounts import Account
from models.statuses import Mention, Status, StatusTag, Tag
from models.visibility import Visibility
from policy.limits import STATUS_CHARACTERS
from social.interactions import find_boost
from tests import graph
from tests.peers import Office, Person, run_until_idle
from tests.web.browser import Browser, signed_in
from tests.web.writing import follow, say


async def written(office: Office) -> list[Status]:
    async with office.services.database.reading() as session:
        return list(await session.scalars(select(Status).order_by(Status.id)))


async def test_writing_a_post(office: Office, browser: Browser, bruno: Person) -> None:
    await browser.show("/")
    answer = await browser.send("/compose", text=" Hello @bruno,\r\n\r\n#Tea at 5? <b> ", audience="public")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    (status,) = await written(office)
    assert status.visibility == "public"
    assert status.source_text == "Hello @bruno,\n\n#Tea at 5? <b>"
    assert "&lt;b&gt;" in status.content_html
    assert (await graph.notices(bruno))[0][0] == "mention"
    async with office.services.database.reading() as session:
        assert (await session.scalars(select(Mention.account_id))).all() == [bruno.id]
        assert (await session.scalars(select(Tag.name).join(StatusTag, StatusTag.tag_id == Tag.id))).all() == ["tea"]
    page = await browser.show("/")
    assert page.all("a", href="/@bruno", class_="mention")
    assert page.all("a", href="/tags/tea", class_="hashtag")


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "direct"])
async def test_it_reaches_whom_it_is_for(office: Office, browser: Browser, bruno: Person, visibility: str) -> None:
    await browser.show("/")
    await browser.send("/compose", text="@bruno hi", audience=visibility, summary="A warning")
    (status,) = await written(office)
    assert (status.visibility, status.summary, status.is_sensitive) == (visibility, "A warning", True)
    theirs = await signed_in(bruno)
    assert (await theirs.show(f"/@ana/{status.id}")).posts == [f"s{status.id}"]


@pytest.mark.parametrize("visibility", ["", "limited", "everybody", "PUBLIC"])
async def test_an_unknown_audience_is_nobody(office: Office, browser: Browser, ana: Person, visibility: str) -> None:
    await browser.show("/")
    await browser.send("/compose", text="hm", audience=visibility)
    assert [status.visibility for status in await written(office)] == ["direct"]


@pytest.mark.parametrize("text", ["", "   \n ", "x" * (STATUS_CHARACTERS + 1)])
async def test_no_text_or_too_much_comes_back_to_be_mended(office: Office, browser: Browser, text: str) -> None:
    await browser.show("/")
    answer = await browser.send("/compose", text=text, audience="private", summary="kept")
    assert answer.status == 422
    assert browser.page.all("input", name="summary")[0]["value"] == "kept"
    assert text.strip() in browser.page.html
    assert await written(office) == []


async def test_strange_characters_do_no_harm(office: Office, browser: Browser) -> None:
    await browser.show("/")
    token = browser.page.form_token
    body = f"form_token={token}&audience=public&text=a%00b%ED%A0%80c%FF".encode()
    assert (await browser.send_raw("/compose", body)).status == 303
    (status,) = await written(office)
    assert (status.source_text or "").startswith("ab")


async def test_nobody_answers_what_they_may_not_read(office: Office, browser: Browser, bruno: Person) -> None:
    secret = await say(bruno, "secret", Visibility.PRIVATE)
    await browser.show("/")
    answer = await browser.send("/compose", text="oh", audience="public", parent_id=str(secret.id))
    assert answer.status == 404
    assert len(await written(office)) == 1


async def test_favourites_and_boosts_on_and_off(office: Office, browser: Browser, ana: Person, bruno: Person) -> None:
    status = await say(bruno, "good news")
    await follow(ana, bruno)
    for action, other in (("favourite", "unfavourite"), ("boost", "unboost")):
        await browser.show("/")
        answer = await browser.press(f"/statuses/{status.id}/{action}")
        assert (answer.status, answer.headers["Location"]) == (303, f"/#s{status.id}")
        assert (await browser.send(f"/statuses/{status.id}/{action}", next="/")).status == 303
        page = await browser.show("/")
        assert "(1 " in page.button(f"/statuses/{status.id}/{other}")["aria-label"]
        await browser.press(f"/statuses/{status.id}/{other}")
        assert "(0 " in (await browser.show("/")).button(f"/statuses/{status.id}/{action}")["aria-label"]
    assert await graph.favourites(office, status.uri) == []


async def test_what_is_private_is_not_boosted(office: Office, browser: Browser, ana: Person, bruno: Person) -> None:
    await follow(ana, bruno)
    status = await say(bruno, "among us", Visibility.PRIVATE)
    page = await browser.show("/")
    assert page.all("button", formaction=f"/statuses/{status.id}/boost") == []
    assert (await browser.send(f"/statuses/{status.id}/boost", next="/")).status == 403
    async with office.services.database.unit_of_work() as unit:
        assert await find_boost(unit, await unit.session.get_one(Account, ana.id), status) is None


@pytest.mark.parametrize("action", ["favourite", "boost", "vote", "delete", "unfavourite", "unboost"])
async def test_what_one_may_not_read_is_not_there(office: Office, browser: Browser, bruno: Person, action: str) -> None:
    secret = await say(bruno, "secret", Visibility.DIRECT)
    await browser.show("/")
    assert (await browser.send(f"/statuses/{secret.id}/{action}", next="/")).status == 404
    assert (await browser.send(f"/statuses/9999999999999999999/{action}", next="/")).status == 404
    assert await graph.favourites(office, secret.uri) == []


async def test_one_deletes_ones_own_alone(office: Office, browser: Browser, ana: Person, bruno: Person) -> None:
    mine, theirs = await say(ana, "mine"), await say(bruno, "theirs")
    page = await browser.show(f"/@ana/{mine.id}")
    assert page.button(f"/statuses/{mine.id}/delete")["value"] == "/"
    assert (await browser.send(f"/statuses/{theirs.id}/delete", next="/")).status == 403
    await browser.show(f"/@ana/{mine.id}")
    assert (await browser.press(f"/statuses/{mine.id}/delete")).status == 303
    assert [status.id for status in await written(office)] == [theirs.id]


ACTIONS = ["/compose", "/statuses/{}/favourite", "/statuses/{}/delete", "/accounts/{}/follow", "/find", "/sign-out"]


@pytest.mark.parametrize("path", ACTIONS)
async def test_a_form_of_another_site_does_nothing(
    office: Office, browser: Browser, ana: Person, bruno: Person, path: str
) -> None:
    status = await say(ana)
    path = path.format(bruno.id if "accounts" in path else status.id)
    theirs = await signed_in(bruno)
    await theirs.show("/")
    await browser.show("/")
    own = browser.page.form_token
    fields = {"text": "spam", "audience": "public", "q": "bruno"}
    for token, headers in (
        ("", {}),
        (theirs.page.form_token, {}),
        (own[:-1], {}),
        (own, {"Sec-Fetch-Site": "cross-site"}),
        (own, {"Sec-Fetch-Site": "same-site"}),
    ):
        assert (await browser.send(path, token=token, headers=headers, **fields)).status == 403
    assert [row.id for row in await written(office)] == [status.id]
    assert await graph.follower_uris(office, bruno.uri) == []
    assert (await browser.show("/")).all("a", href="/@ana")
    assert (await browser.send(path, token=own, **fields)).status == 303


@pytest.mark.parametrize("path", ACTIONS[:-1])
async def test_without_a_session_nothing_is_done(office: Office, guest: Browser, ana: Person, path: str) -> None:
    status = await say(ana)
    await guest.show("/")
    path = path.format(ana.id if "accounts" in path else status.id)
    answer = await guest.send(path, text="spam", audience="public")
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?next=/")
    assert len(await written(office)) == 1


@pytest.mark.parametrize("path", ACTIONS)
async def test_nothing_is_done_by_looking(browser: Browser, ana: Person, path: str) -> None:
    if path != "/find":
        assert (await browser.get(path.format(ana.id))).status in (404, 405)


async def test_a_button_leads_back_to_this_server_only(browser: Browser, ana: Person) -> None:
    status = await say(ana)
    await browser.show("/")
    answer = await browser.send(f"/statuses/{status.id}/favourite", next="//evil.test/")
    assert answer.headers["Location"] == "/"


async def test_posts_and_follows_cross_to_another_office(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    ana, joao = await madrid.create_person("ana"), await lisbon.create_person("joao", display_name="João")
    browser, theirs = await signed_in(ana), await signed_in(joao)

    await browser.show("/find")
    answer = await browser.send("/find", q=f"@joao@{lisbon.domain}")
    assert (answer.status, answer.headers["Location"]) == (303, f"/@joao@{lisbon.domain}")
    page = await browser.show(answer.headers["Location"])
    (follow_button,) = [button for button in page.all("button", form="act") if "follow" in button["formaction"]]
    await browser.press(follow_button["formaction"])
    await run_until_idle(madrid, lisbon)
    assert "Unfollow" in (await browser.show(f"/@joao@{lisbon.domain}")).text

    await theirs.show("/")
    await theirs.send("/compose", text=f"Olá @ana@{madrid.domain}", audience="direct")
    await run_until_idle(madrid, lisbon)
    page = await browser.show("/")
    assert "Olá" in page.text
    assert "João mentioned you" in (await browser.show("/notifications")).text
    (post,) = page.posts
    await browser.show("/")
    await browser.press(f"/statuses/{post[1:]}/favourite")
    answer = await browser.send("/compose", text=f"@joao@{lisbon.domain} hello", audience="direct", parent_id=post[1:])
    assert "hello" in (await browser.show(answer.headers["Location"])).text
    await run_until_idle(madrid, lisbon)
    page = await theirs.show("/notifications")
    assert "ana liked your post" in page.text
    assert "ana mentioned you" in page.text
    assert "ana follows you" in page.text
