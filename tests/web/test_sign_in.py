"""Signing in and out: what opens the door, what doesn't, and what can't be told from the outside."""

import hashlib

import pytest
from sqlalchemy import func, select

from access.sessions import Sessions
from models.accounts import User
from models.oauth import Session
from server.passwords import hash_password
from server.users import get_user, suspend_user
from tests.conftest import Clock
from tests.fixtures_offices import OpenOffice
from tests.peers import Office, Person
from tests.web.browser import FORM, Browser, signed_in, user_of
from web.passwords import Passwords

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)


@pytest.fixture
async def person(ana: Person) -> Person:
    """Ana, with a password."""
    async with ana.office.services.database.unit_of_work() as unit:
        (await user_of(unit.session, ana)).password_hash = HASH
    return ana


async def try_to_sign_in(
    browser: Browser, login: str = "ana@madrid.example", password: str = PASSWORD, **more: str
) -> int:
    await browser.show("/sign-in")
    return (await browser.send("/sign-in", login=login, password=password)).status


@pytest.mark.parametrize("login", ["ana@madrid.example", "ANA@Madrid.example", "ana", "@ana", " Ana "])
async def test_the_right_password_opens(guest: Browser, person: Person, login: str) -> None:
    assert await try_to_sign_in(guest, login) == 303
    assert (await guest.show("/")).all("a", href="/@ana")


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("ana", "wrong"),
        ("no@madrid.example", PASSWORD),
        ("", ""),
        ("ana", ""),
        ("ana", "x" * 5000),
        ("bruno", PASSWORD),
    ],
)
async def test_everything_else_gets_one_and_the_same_sentence(
    guest: Browser, person: Person, bruno: Person, login: str, password: str
) -> None:
    assert await try_to_sign_in(guest, login, password) == 403
    assert "Wrong e-mail or password" in guest.page.text
    assert "tertulia_session" not in guest.cookies


async def test_somebody_suspended_stays_outside_and_is_put_out(office: Office, guest: Browser, person: Person) -> None:
    assert await try_to_sign_in(guest) == 303
    async with office.services.database.unit_of_work() as unit:
        await suspend_user(unit, await get_user(unit.session, "ana"))
    assert not (await guest.show("/")).all("a", href="/@ana")
    guest.cookies.pop("tertulia_session")
    assert await try_to_sign_in(guest) == 403


async def test_the_same_work_is_done_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str | None] = []

    def is_password(password_hash: str | None, password: str) -> bool:
        checked.append(password_hash)
        return password_hash == f"hash of {password}"

    passwords = Passwords(is_password, lambda password: f"hash of {password}")
    assert await passwords.is_right("hash of tea", "tea")
    assert not await passwords.is_right("hash of tea", "coffee")
    assert not await passwords.is_right(None, "tea")
    assert len(checked) == 3
    assert all(checked)


async def test_only_a_hash_of_the_cookie_is_stored(office: Office, guest: Browser, person: Person) -> None:
    await try_to_sign_in(guest)
    cookie = guest.cookies["tertulia_session"]
    async with office.services.database.reading() as session:
        (stored,) = await session.scalars(select(Session.token_hash))
    assert len(cookie) == 43
    assert stored == hashlib.sha256(cookie.encode()).hexdigest()


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(guest: Browser, person: Person) -> None:
    await guest.show("/sign-in")
    answer = await guest.send("/sign-in", login="ana", password=PASSWORD)
    (line,) = answer.headers.getall("Set-Cookie")
    assert line.startswith("tertulia_session=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(line.split("; "))
    assert "Secure" not in line


async def test_with_https_it_is_secure_and_bound_to_the_host(open_office: OpenOffice) -> None:
    office = await open_office("madrid", origin="https://madrid.localhost")
    answer = await Browser(office).get("/sign-in")
    (line,) = answer.headers.getall("Set-Cookie")
    assert line.startswith("__Host-tertulia_form=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(line.split("; "))


async def test_a_planted_cookie_is_ended(office: Office, guest: Browser, person: Person, bruno: Person) -> None:
    planted = (await signed_in(bruno)).cookies["tertulia_session"]
    guest.cookies["tertulia_session"] = planted
    await guest.show("/")
    assert (await guest.send("/sign-in", login="ana", password=PASSWORD)).status == 303
    assert guest.cookies["tertulia_session"] != planted
    assert (await Sessions(office.services.database).find(planted)) is None
    assert (await guest.show("/")).all("a", href="/@ana")


async def test_signing_out_ends_the_session(office: Office, browser: Browser) -> None:
    cookie = browser.cookies["tertulia_session"]
    await browser.show("/")
    assert (await browser.send("/sign-out")).status == 303
    assert "tertulia_session" not in browser.cookies
    browser.cookies["tertulia_session"] = cookie
    assert not (await browser.show("/")).all("a", href="/@ana")


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "ü" * 43, "'; DROP TABLE sessions --"])
async def test_nonsense_in_the_cookie_is_nobody(guest: Browser, ana: Person, cookie: str) -> None:
    guest.cookies["tertulia_session"] = cookie
    assert "Sign in" in (await guest.show("/")).text


async def test_a_session_lasts_thirty_days_from_its_last_use(browser: Browser, clock: Clock) -> None:
    for _ in range(3):
        clock.advance(days=20)
        answer = await browser.get("/")
        assert "Max-Age=2592000" in answer.headers["Set-Cookie"]
        assert browser.page.all("a", href="/@ana")
    assert "Set-Cookie" not in (await browser.get("/")).headers
    clock.advance(days=30, seconds=1)
    assert not (await browser.show("/")).all("a", href="/@ana")


async def test_expired_sessions_are_cleared_away_at_the_next_sign_in(
    office: Office, guest: Browser, person: Person, clock: Clock
) -> None:
    await signed_in(person)
    clock.advance(days=31)
    assert await try_to_sign_in(guest) == 303
    async with office.services.database.reading() as session:
        assert await session.scalar(select(func.count(Session.id))) == 1


async def test_guessing_at_one_name_is_slowed_down(guest: Browser, person: Person, clock: Clock) -> None:
    statuses = [await try_to_sign_in(guest, password="wrong-guess") for _ in range(11)]
    assert statuses == [403] * 10 + [429]
    answer = await guest.send("/sign-in", login="ANA@madrid.example", password=PASSWORD)
    assert answer.status == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 20
    assert await try_to_sign_in(guest, "bruno@madrid.example", "wrong-guess") == 403
    clock.advance(seconds=21)
    assert await try_to_sign_in(guest) == 303


async def test_guessing_at_many_names_from_one_address_is_slowed_down(
    guest: Browser, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> bool:
        return False

    monkeypatch.setattr(Passwords, "is_right", never)
    await guest.show("/sign-in")
    statuses = [(await guest.send("/sign-in", login=f"name{i}", password="guess")).status for i in range(61)]
    assert statuses == [403] * 60 + [429]


async def test_limits_can_be_switched_off(open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> bool:
        return False

    monkeypatch.setattr(Passwords, "is_right", never)
    guest = Browser(await open_office("madrid", rate_limits="off"))
    assert {await try_to_sign_in(guest) for _ in range(12)} == {403}


@pytest.mark.parametrize("path", ["/notifications", "/@ana?max_id=7", "/tags/caf%C3%A9"])
async def test_one_comes_back_to_where_one_was(guest: Browser, person: Person, path: str) -> None:
    await guest.show("/sign-in")
    answer = await guest.send("/sign-in", login="ana", password=PASSWORD, next=path)
    assert answer.headers["Location"] == path


@pytest.mark.parametrize(
    "path",
    ["https://evil.test/", "//evil.test", "/\\evil.test", "/\t/evil.test", "evil", "javascript:x", "/\n/x"],
)
async def test_nobody_is_sent_elsewhere(guest: Browser, browser: Browser, person: Person, path: str) -> None:
    await guest.show("/sign-in")
    answer = await guest.send("/sign-in", login="ana", password=PASSWORD, next=path)
    assert answer.headers["Location"] == "/"
    again = await browser.get(f"/sign-in?next={path.replace(chr(9), '%09').replace(chr(10), '%0A')}")
    assert (again.status, again.headers["Location"]) == (303, "/")


async def test_pages_for_members_lead_to_the_door(guest: Browser) -> None:
    answer = await guest.get("/notifications?max_id=5")
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?next=/notifications%3Fmax_id%3D5")
    await guest.get(answer.headers["Location"])
    assert guest.page.all("input", name="next")[0]["value"] == "/notifications?max_id=5"


async def test_the_first_sign_in_takes_over_the_language(office: Office, person: Person) -> None:
    guest = Browser(office, language="es-ES,es;q=0.9,en;q=0.5")
    assert "Contraseña" in (await guest.show("/sign-in")).text
    assert (await guest.send("/sign-in", login="ana", password=PASSWORD)).status == 303
    guest.language = "en"
    assert (await guest.show("/")).all("html", lang="es")
    async with office.services.database.reading() as session:
        assert (await session.scalars(select(User.locale))).all() == ["es"]


async def test_a_form_must_come_from_the_page(office: Office, guest: Browser, person: Person) -> None:
    await guest.show("/sign-in")
    stranger = Browser(office)
    await stranger.show("/sign-in")
    for token in ("", "0" * 64, stranger.page.form_token, "ü"):
        answer = await guest.send("/sign-in", token=token, login="ana", password=PASSWORD)
        assert answer.status == 403
        assert "tertulia_session" not in guest.cookies
        await guest.show("/sign-in")
    assert (await guest.send("/sign-in", login="ana", password=PASSWORD)).status == 303


async def test_a_form_without_the_cookie_is_refused(office: Office, guest: Browser, person: Person) -> None:
    await guest.show("/sign-in")
    guest.cookies.clear()
    assert (await guest.send("/sign-in", login="ana", password=PASSWORD)).status == 403


async def test_only_forms_are_read(guest: Browser, person: Person) -> None:
    await guest.show("/sign-in")
    for content_type, body, status in (
        ("application/json", b"{}", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        (FORM, b"\xff\xfe", 400),
        (FORM, b"a=1&" * 100, 400),
        (FORM, b"", 403),
    ):
        answer = await guest.send_raw("/sign-in", body, headers={"Content-Type": content_type})
        assert answer.status == status
