"""A post with its conversation, for whom it is and for whom it isn't."""

from datetime import timedelta

import pytest

from models.accounts import Account
from models.statuses import Attachment, Poll, Status
from models.visibility import Visibility
from outbox.statuses import publish_deletion
from tests.fixtures_offices import OpenOffice
from tests.peers import Office, Person
from tests.web.browser import Browser, signed_in
from tests.web.writing import boost, counted_statements, follow, remote_account, remote_status, say


async def test_a_conversation_is_shown_from_its_beginning(browser: Browser, ana: Person, bruno: Person) -> None:
    first = await say(ana, "first")
    second = await say(bruno, "second", parent=first)
    third = await say(ana, "third", parent=second)
    fourth = await say(bruno, "fourth", parent=third)
    aside = await say(bruno, "aside", parent=second)
    page = await browser.show(f"/@bruno/{second.id}")
    assert page.posts == [f"s{status.id}" for status in (first, second, third, fourth, aside)]
    assert page.all("div", class_="answer depth-1")
    elsewhere = await browser.show(f"/@ana/{third.id}")
    assert elsewhere.posts == [f"s{status.id}" for status in (first, second, third, fourth)]


async def test_the_address_of_servers_shows_the_same_to_browsers(browser: Browser, ana: Person) -> None:
    status = await say(ana, "here too")
    page = await browser.show(f"/users/{ana.id}/statuses/{status.id}")
    assert page.posts == [f"s{status.id}"]
    answer = await browser.get(f"/@ana/{status.id}")
    assert f'<{status.uri}>; rel="alternate"; type="application/activity+json"' in answer.headers["Link"]


async def test_a_direct_post_is_for_two(office: Office, browser: Browser, ana: Person, bruno: Person) -> None:
    status = await say(bruno, "@ana psst", Visibility.DIRECT)
    carla = await signed_in(await office.create_person("carla"))
    assert "psst" in (await browser.show(f"/@bruno/{status.id}")).text
    assert "psst" not in (await carla.show(f"/@bruno/{status.id}", 404)).text
    assert "psst" not in (await carla.show(f"/users/{bruno.id}/statuses/{status.id}", 404)).text
    assert "psst" not in (await carla.show("/@bruno")).text


async def test_replies_that_one_may_not_read_are_left_out(browser: Browser, ana: Person, bruno: Person) -> None:
    status = await say(ana, "a question")
    hidden = await say(bruno, "for my followers", Visibility.PRIVATE, parent=status)
    below = await say(bruno, "public again", parent=hidden)
    page = await browser.show(f"/@ana/{status.id}")
    assert page.posts == [f"s{status.id}"]
    page = await browser.show(f"/@bruno/{below.id}")
    assert page.posts == [f"s{below.id}"]
    assert "What came before is not here" in page.text
    await follow(ana, bruno)
    assert len((await browser.show(f"/@ana/{status.id}")).posts) == 3


async def test_what_was_deleted_is_gone(office: Office, browser: Browser, ana: Person) -> None:
    status = await say(ana, "hasty words")
    async with office.services.database.unit_of_work() as unit:
        author, row = await unit.session.get_one(Account, ana.id), await unit.session.get_one(Status, status.id)
        await publish_deletion(office.services, unit, author, row)
    assert "This is gone" in (await browser.show(f"/@ana/{status.id}", 410)).text
    assert "There is nothing here" in (await browser.show("/@ana/123", 404)).text


@pytest.mark.parametrize(
    "path", ["/@bruno/{}", "/@ana/9999999999999999999", "/@ana/0", "/@nobody/{}", "/users/1/statuses/{}"]
)
async def test_other_addresses_lead_nowhere(browser: Browser, ana: Person, bruno: Person, path: str) -> None:
    status = await say(ana)
    assert (await browser.get(path.format(status.id))).status == 404


async def test_the_address_of_a_boost_shows_what_it_boosts(browser: Browser, ana: Person, bruno: Person) -> None:
    status = await say(bruno, "worth reading")
    boosted = await boost(ana, status)
    assert (await browser.show(f"/@ana/{boosted.id}")).posts == [f"s{status.id}"]


async def test_warnings_hide_text_until_asked(browser: Browser, ana: Person) -> None:
    status = await say(ana, "the end of the film", summary="Spoiler & <3")
    page = await browser.show(f"/@ana/{status.id}")
    assert page.all("details", class_="warning")
    assert "Spoiler & <3" in page.text


async def test_polls_can_be_voted_in_once(office: Office, browser: Browser, ana: Person, bruno: Person) -> None:
    status = await say(bruno, "Tea or coffee?")
    async with office.services.database.unit_of_work() as unit:
        (await unit.session.get_one(Status, status.id)).object_type = "Question"
        options = [{"title": "<b>Tea</b>", "votes": 0}, {"title": "Coffee", "votes": 0}]
        unit.session.add(Poll(id=unit.new_id(), status_id=status.id, options=options, voters_count=0,
                              closes_at=unit.now + timedelta(days=1)))  # fmt: skip
    path = f"/@bruno/{status.id}"
    page = await browser.show(path)
    assert len(page.all("input", type="radio")) == 2
    assert "<b>Tea</b>" in page.text
    answer = await browser.send(f"/statuses/{status.id}/vote", choice="1", next=path)
    assert (answer.status, answer.headers["Location"]) == (303, path)
    page = await browser.show(path)
    assert page.all("input", type="radio") == []
    assert "1 person voted" in page.text
    assert [bar["value"] for bar in page.all("progress")] == ["0", "100"]
    assert (await browser.send(f"/statuses/{status.id}/vote", choice="0", next=path)).status == 403
    assert (await browser.send(f"/statuses/{status.id}/vote", choice="77", next=path)).status == 403
    assert (await browser.send(f"/statuses/{status.id}/vote", next=path)).status == 403


async def test_pictures_are_shown_from_our_store_alone(office: Office, browser: Browser, ana: Person) -> None:
    status = await say(ana, "look")
    async with office.services.database.unit_of_work() as unit:
        ours = {"storage_key": "0" * 32 + ".png", "width": 3, "height": 2}
        elsewhere = {"remote_url": "https://files.lisbon.test/cat.png", "description": '"><script>alert(1)</script>'}
        strange = {"remote_url": "javascript:alert(1)"}
        for more in (ours, elsewhere, strange):
            unit.session.add(Attachment(id=unit.new_id(), account_id=ana.id, status_id=status.id,
                                        media_type="image/png", created_at=unit.now, **more))  # fmt: skip
    page = await browser.show(f"/@ana/{status.id}")
    assert [picture["src"] for picture in page.all("img")] == [f"/media/{'0' * 32}.png"]
    (link,) = page.all("a", href="https://files.lisbon.test/cat.png")
    assert "noreferrer" in link["rel"]
    assert "files.lisbon.test" in page.text


async def test_quotes_are_shown_when_both_sides_agree(office: Office, browser: Browser, bruno: Person) -> None:
    quoted = await say(bruno, "the original words")
    joao = await remote_account(office)
    agreed = await remote_status(office, joao, "<p>well said</p>", quote_of_id=quoted.id, quote_uri=quoted.uri,
                                 quote_state="accepted")  # fmt: skip
    asked = await remote_status(office, joao, "<p>may I</p>", quote_of_id=quoted.id, quote_uri=quoted.uri,
                                quote_state="pending")  # fmt: skip
    assert "the original words" in (await browser.show(f"/@joao@lisbon.test/{agreed.id}")).text
    page = await browser.show(f"/@joao@lisbon.test/{asked.id}")
    assert "the original words" not in page.text
    assert "can't be shown" in page.text


async def test_a_quote_of_what_one_may_not_read_stays_hidden(office: Office, browser: Browser, bruno: Person) -> None:
    quoted = await say(bruno, "for followers", Visibility.PRIVATE)
    joao = await remote_account(office)
    status = await remote_status(office, joao, "<p>hm</p>", quote_of_id=quoted.id, quote_uri=quoted.uri,
                                 quote_state="accepted")  # fmt: skip
    assert "for followers" not in (await browser.show(f"/@joao@lisbon.test/{status.id}")).text


async def test_the_original_is_linked_on_the_host_of_its_id(office: Office, browser: Browser, ana: Person) -> None:
    joao = await remote_account(office)
    status = await remote_status(office, joao, "<p>hi</p>", url="https://evil.test/phish")
    page = await browser.show(f"/@joao@lisbon.test/{status.id}")
    assert "evil.test" not in page.html
    assert page.all("a", href=status.uri)


async def test_an_edit_is_marked(office: Office, browser: Browser, ana: Person) -> None:
    status = await say(ana)
    async with office.services.database.unit_of_work() as unit:
        (await unit.session.get_one(Status, status.id)).edited_at = unit.now
    assert "edited" in (await browser.show(f"/@ana/{status.id}")).text


async def test_events_say_when_and_where(office: Office, browser: Browser, ana: Person) -> None:
    joao = await remote_account(office)
    event = {"starts_at": "2026-12-04T19:00:00+00:00", "location_name": "Terraza <Sur>"}
    status = await remote_status(office, joao, "<p>come</p>", object_type="Event", title="Afterwork", event=event)
    page = await browser.show(f"/@joao@lisbon.test/{status.id}")
    assert "2026-12-04 19:00 UTC" in page.text
    assert "Terraza <Sur>" in page.text


async def test_20_and_40_replies_cost_the_same(office: Office, browser: Browser, ana: Person, bruno: Person) -> None:
    status = await say(ana, "question #tea")
    costs = []
    for _ in range(2):
        for number in range(20):
            await say(bruno, f"@ana answer #tea {number}", parent=status)
        with counted_statements(office.services.database) as statements:
            page = await browser.show(f"/@ana/{status.id}")
        costs.append((len(page.posts), len(statements)))
    assert [posts for posts, _ in costs] == [21, 41]
    assert costs[0][1] == costs[1][1] <= 14


async def test_a_reply_goes_where_it_belongs(browser: Browser, ana: Person, bruno: Person) -> None:
    status = await say(bruno, "@ana shall we?", Visibility.DIRECT)
    page = await browser.show(f"/@bruno/{status.id}")
    assert "@bruno " in page.html
    (chosen,) = [option for option in page.all("option") if "selected" in option]
    assert chosen["value"] == "direct"
    answer = await browser.send("/compose", text="@bruno yes", audience="direct", parent_id=str(status.id))
    assert answer.status == 303
    page = await browser.show(answer.headers["Location"])
    assert page.posts[0] == f"s{status.id}"
    theirs = await signed_in(bruno)
    assert "yes" in (await theirs.show(f"/@bruno/{status.id}")).text


async def test_strangers_read_what_is_public_where_the_network_is_open(open_office: OpenOffice) -> None:
    office = await open_office("madrid", federation="open")
    ana, guest = await office.create_person("ana"), Browser(office)
    public = await say(ana, "for everybody")
    private = await say(ana, "for followers", Visibility.PRIVATE, parent=public)
    inside = await say(ana, "for the office", is_local_only=True)
    joao = await remote_account(office)
    foreign = await remote_status(office, joao, "<p>from lisbon</p>")
    page = await guest.show(f"/@ana/{public.id}")
    assert page.posts == [f"s{public.id}"]
    assert page.all("button", form="act") == []
    for status in (private, inside):
        assert (await guest.get(f"/@ana/{status.id}")).status == 404
        assert (await guest.get(f"/users/{ana.id}/statuses/{status.id}")).status == 404
    assert (await guest.get(f"/@joao@lisbon.test/{foreign.id}")).status == 404
    assert (await guest.get("/@joao@lisbon.test")).headers["Location"].startswith("/sign-in")
    assert (await (await signed_in(ana)).show(f"/@ana/{inside.id}")).posts == [f"s{inside.id}"]
