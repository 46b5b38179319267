"""The page of offices: an administrator answers a proposal with one click, and nobody else sees it."""

from collections.abc import AsyncIterator

import pytest

from outbox.peering.explain import LIMITS
from tests.conftest import Clock, NewDatabase
from tests.peering import propose, row, state
from tests.peers import Office, office, run_until_idle
from tests.web.browser import Browser, signed_in, user_of
from web.offices import LIMITS as SHOWN_LIMITS

Pair = tuple[Office, Office]


@pytest.fixture
async def strangers(new_database_url: NewDatabase, clock: Clock) -> AsyncIterator[Pair]:
    """Two offices that have nothing to do with each other yet."""
    async with (
        office("madrid", new_database_url, clock=clock, legal_name="Empresa <SA>", region="España") as madrid,
        office("lisbon", new_database_url, clock=clock) as lisbon,
    ):
        yield madrid, lisbon


async def browser_of(here: Office, name: str, role: str = "user", language: str = "en") -> Browser:
    person = await here.create_person(name)
    async with here.services.database.unit_of_work() as unit:
        (await user_of(unit.session, person)).role = role
    return await signed_in(person, language=language)


async def test_an_administrator_confirms_with_one_click(strangers: Pair) -> None:
    madrid, lisbon = strangers
    admin = await browser_of(lisbon, "ines", "admin")
    assert "No other office yet" in (await admin.show("/offices")).text
    await propose(madrid, lisbon.domain)
    await run_until_idle(madrid, lisbon)
    peer = await row(lisbon, madrid.domain)
    assert peer is not None
    assert "1 office proposes" in (await admin.show("/")).text
    page = await admin.show("/offices")
    assert "Empresa <SA>" in page.text
    assert peer.fingerprint in page.text
    assert page.all("a", href="/offices", aria_current="page")
    assert (await admin.press(f"/offices/{peer.id}/confirm")).status == 303
    await run_until_idle(madrid, lisbon)
    assert (await state(madrid, lisbon.domain), await state(lisbon, madrid.domain)) == ("active", "active")
    assert (await admin.send(f"/offices/{peer.id}/confirm")).status == 403  # done already
    await admin.show("/offices")
    await admin.press(f"/offices/{peer.id}/suspend")
    assert await state(lisbon, madrid.domain) == "suspended"
    await admin.show("/offices")
    await admin.press(f"/offices/{peer.id}/resume")
    assert await state(lisbon, madrid.domain) == "active"


async def test_nobody_else_sees_or_decides(strangers: Pair) -> None:
    madrid, lisbon = strangers
    await propose(madrid, lisbon.domain)
    await run_until_idle(madrid, lisbon)
    peer = await row(lisbon, madrid.domain)
    assert peer is not None
    for name, role in (("ana", "user"), ("marta", "moderator")):
        browser = await browser_of(lisbon, name, role)
        assert "Empresa" not in (await browser.show("/offices", 404)).text
        home = await browser.show("/")
        assert not home.all("a", href="/offices")
        assert (await browser.send(f"/offices/{peer.id}/confirm")).status == 404
    guest = Browser(lisbon)
    assert (await guest.get("/offices")).status == 303
    admin = await browser_of(lisbon, "ines", "admin")
    await admin.show("/offices")
    assert (await admin.send(f"/offices/{peer.id}/confirm", token="forged")).status == 403
    assert (await admin.send("/offices/12345/confirm")).status == 404
    assert await state(lisbon, madrid.domain) == "proposed"
    await admin.show("/offices")
    await admin.press(f"/offices/{peer.id}/reject")
    assert await state(lisbon, madrid.domain) == "ended"


async def test_a_limited_peer_has_its_limits_on_its_page(office: Office) -> None:
    async with office.services.database.unit_of_work() as unit:
        await office.services.peers.admit(unit, "mastodon.example", is_limited=True)
    admin = await browser_of(office, "ines", "admin", language="es")
    page = await admin.show("/offices")
    assert "mastodon.example" in page.text
    assert len(page.all("li")) >= len(SHOWN_LIMITS) == len(LIMITS)
    assert "Sin comunidades privadas" in page.text
