"""The consent page: what it shows, what it gives, and everything that it refuses."""

import pytest

from server.passwords import hash_password
from tests.api.oauth import CHALLENGE, REDIRECT, consent, register, returned
from tests.conftest import Clock
from tests.peers import Office, Person
from tests.web.browser import Browser, signed_in, user_of
from web.passwords import Passwords

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)
ELK = "https://elk.example/api/madrid/oauth/http%3A%2F%2F127.0.0.1%3A5314"
IVORY = "com.tapbots.Ivory.10217:/request_token"


@pytest.fixture
async def person(ana: Person) -> Person:
    """Ana, with a password."""
    async with ana.office.services.database.unit_of_work() as unit:
        (await user_of(unit.session, ana)).password_hash = HASH
    return ana


async def test_somebody_signs_in_consents_and_goes_back_with_a_code(guest: Browser, person: Person) -> None:
    client = await register(person.office, website="https://klient.example/")
    page = await guest.show(client.authorize_path())
    assert "Klient" in page.text
    wrong = await guest.send("/sign-in", login="ana", password="wrong-guess", next=next_of(guest))
    assert wrong.status == 403
    assert "form-action 'self' https:;" in wrong.headers["Content-Security-Policy"]
    answer = await guest.send("/sign-in", login="ana", password=PASSWORD, next=next_of(guest))
    assert answer.status == 303
    answer = await guest.get(answer.headers["Location"])
    assert answer.status == 200
    assert "form-action 'self' https:;" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "Cross-Origin-Opener-Policy" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers
    for shown in ("Klient", "Read everything", "Write for you", "klient.example", "client.example", "@ana"):
        assert shown in guest.page.text
    answer = await consent(guest, "allow")
    assert answer.headers["Location"].startswith(f"{REDIRECT}&code=")
    found = returned(answer)
    assert found["state"] == "s&t=1 ü"
    assert (await client.redeem(found["code"])).status == 200


async def test_who_has_consented_comes_back_at_once_and_always_with_a_code(ana: Person) -> None:
    client = await register(ana.office)
    assert (await client.redeem(await client.code(ana))).status == 200
    browser = await signed_in(ana)
    for scope in ("read write", "read", "read:statuses"):
        answer = await browser.get(client.authorize_path(scope=scope))
        assert (await client.redeem(returned(answer)["code"])).json["scope"] == scope
    for asked in ({"scope": "read write push"}, {"prompt": "consent"}):
        assert (await browser.get(client.authorize_path(**asked))).status == 200
        assert browser.page.all("button", value="allow")
    # A look ahead of the browser is no visit.
    assert (await browser.get(client.authorize_path(), **{"Sec-Purpose": "prefetch"})).status == 200
    other = await register(ana.office)
    assert (await browser.get(other.authorize_path())).status == 200


async def test_a_client_may_want_the_password_typed(person: Person) -> None:
    client = await register(person.office)
    assert (await client.redeem(await client.code(person))).status == 200
    browser = await signed_in(person)
    await browser.show(client.authorize_path(force_login="true"))
    assert browser.page.all("input", name="password")
    answer = await browser.send("/sign-in", login="ana", password=PASSWORD, next=next_of(browser))
    await browser.show(answer.headers["Location"])
    assert "code" in returned(await consent(browser, "allow"))
    answer = await browser.get(client.authorize_path(force_login="false"))
    assert "code" in returned(answer)


async def test_who_says_no_is_sent_back_without_a_code(browser: Browser, ana: Person) -> None:
    client = await register(ana.office)
    await browser.show(client.authorize_path())
    found = returned(await consent(browser, "deny"))
    assert (found["error"], found["state"]) == ("access_denied", "s&t=1 ü")
    assert "code" not in found


async def test_addresses_of_apps_are_used_as_they_were_registered(browser: Browser, ana: Person) -> None:
    client = await register(ana.office, redirect_uris=[ELK, IVORY, "icecubesapp://", "https://x.example/#part"])
    for uri, begins, policy in (
        (ELK, f"{ELK}?code=", "https:"),
        (IVORY, f"{IVORY}?code=", "com.tapbots.ivory.10217:"),
        ("icecubesapp://", "icecubesapp://?code=", "icecubesapp:"),
        ("https://x.example/#part", "https://x.example/?code=", "https:"),
    ):
        answer = await browser.get(client.authorize_path(redirect_uri=uri, prompt="consent"))
        assert f"form-action 'self' {policy};" in answer.headers["Content-Security-Policy"]
        answer = await consent(browser, "allow")
        assert answer.headers["Location"].startswith(begins)
        found = answer.headers["Location"].partition("?code=")[2].partition("&")[0]
        assert (await client.redeem(found, redirect_uri=uri)).status == 200


async def test_without_an_address_the_code_is_on_a_page(browser: Browser, ana: Person) -> None:
    client = await register(ana.office, redirect_uris="urn:ietf:wg:oauth:2.0:oob")
    await browser.show(client.authorize_path(lang="es").replace("/authorize?", "/authorize/?"))
    answer = await consent(browser, "allow")
    assert answer.headers["Location"].startswith("/oauth/authorize/native?code=")
    page = await browser.show(answer.headers["Location"])
    code = page.all("input", id="code")[0]["value"]
    assert f"<title>{code}</title>" in page.html
    assert page.all("html", lang="es")
    assert (await client.redeem(code)).status == 200
    await browser.show(client.authorize_path(scope="read push"))
    answer = await consent(browser, "deny")
    assert "Not allowed" in (await browser.show(answer.headers["Location"])).text
    for path in ("native", "native?code=", "native?code=%3Cscript%3E", "native?code=call+this+number"):
        assert (await browser.get(f"/oauth/authorize/{path}")).status == 404


async def test_what_is_wrong_is_shown_and_nobody_is_sent_away(guest: Browser, browser: Browser, ana: Person) -> None:
    client = await register(ana.office, redirect_uris=[REDIRECT, "https://client.example/"])
    wrong: tuple[dict[str, str | None], ...] = (
        {"client_id": "nobody"},
        {"client_id": "x" * 43},
        {"client_id": None},
        {"redirect_uri": REDIRECT[:-1]},
        {"redirect_uri": REDIRECT + "x"},
        {"redirect_uri": "https://client.example"},
        {"redirect_uri": "https://CLIENT.example/"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": None},
        {"response_type": "token"},
        {"response_type": None},
        {"scope": "read admin:write"},
        {"scope": "fly"},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "short"},
        {"code_challenge": None},
    )
    for changed in wrong:
        for one in (guest, browser):
            answer = await one.get(client.authorize_path(**changed))
            assert answer.status == 400, changed
            assert "Location" not in answer.headers
    twice = await browser.get(f"{client.authorize_path()}&redirect_uri=https://evil.example/")
    assert twice.status == 400
    # The same on the way back: what the page said can't be changed into something else.
    await browser.show(client.authorize_path())
    for name, value in (("redirect_uri", "https://evil.example/"), ("scope", "admin:write"), ("client_id", "x" * 43)):
        assert (await consent(browser, "allow", **{name: value})).status == 400
        await browser.show(client.authorize_path())


async def test_nobody_consents_for_somebody_else(office: Office, guest: Browser, browser: Browser, ana: Person) -> None:
    client = await register(office)
    fields = {"client_id": client.id, "redirect_uri": REDIRECT, "response_type": "code", "decision": "allow"}
    fields |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    await browser.show(client.authorize_path())
    await guest.show("/sign-in")
    for token in ("", "0" * 64, guest.page.form_token):
        answer = await browser.send("/oauth/authorize", token=token, **fields)
        assert answer.status == 403
        assert "Location" not in answer.headers
    await browser.show(client.authorize_path())
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert (await browser.send("/oauth/authorize", headers=foreign, **fields)).status == 403
    # With a form of their own, but without a session: the door, and no code.
    answer = await guest.send("/oauth/authorize", **fields)
    assert answer.status == 200
    assert guest.page.all("input", name="password")
    await browser.show(client.authorize_path())
    assert "code" in returned(await browser.send("/oauth/authorize", **fields))


async def test_a_name_is_text(browser: Browser, guest: Browser, ana: Person) -> None:
    name = "a \" onload=x ' & {{7*7}} <script>alert(1)</script>"
    client = await register(ana.office, client_name=name)
    hostile = '"><script>alert(1)</script>'
    for one in (browser, guest):
        page = await one.show(client.authorize_path(state=hostile, lang=hostile))
        assert not page.all("script")
        assert "{{7*7}}" in page.text
        assert hostile not in page.html
    await browser.show(client.authorize_path(state=hostile))
    assert returned(await consent(browser, "allow"))["state"] == hostile


async def test_guessing_at_the_door_of_an_application_is_slowed_down(
    guest: Browser, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> bool:
        return False

    monkeypatch.setattr(Passwords, "is_right", never)
    client = await register(ana.office)
    await guest.show(client.authorize_path())
    statuses = []
    for _ in range(11):
        answer = await guest.send("/sign-in", login="ana", password="wrong-guess", next=next_of(guest))
        statuses.append(answer.status)
    assert statuses == [403] * 10 + [429]
    assert next_of(guest).startswith("/oauth/authorize?")


async def test_the_language_is_the_client_s_then_the_person_s_then_the_browser_s(guest: Browser, ana: Person) -> None:
    client = await register(ana.office)
    assert (await guest.show(client.authorize_path(lang="es"))).all("html", lang="es")
    guest.language = "es"
    assert "Inicia sesión" in (await guest.show(client.authorize_path())).text
    spanish = await signed_in(ana, language="es")
    spanish.language = "en"
    page = await spanish.show(client.authorize_path(scope="read:statuses follow"))
    assert "Leer: publicaciones" in page.text
    assert "Seguir, silenciar y bloquear" in page.text
    assert "Allow" in (await spanish.show(client.authorize_path(lang="en"))).text


async def test_sessions_and_applications_are_listed_and_ended(ana: Person, bruno: Person, clock: Clock) -> None:
    client, office = await register(ana.office, website="https://klient.example/"), ana.office
    token = (await client.redeem(await client.code(ana))).json["access_token"]
    assert (await office.api(token).get("/oauth/userinfo")).status == 200
    browser, phone, stranger = await signed_in(ana), await signed_in(ana), await signed_in(bruno)
    page = await browser.show("/settings/access")
    for shown in ("Klient", "klient.example", "Token for a script", "Read everything that you can read", "This one"):
        assert shown in page.text
    field = page.all("input", name="application_id")[0]["value"]
    script = page.all("input", name="token_id")[0]["value"]
    sessions = [one["value"] for one in page.all("input", name="session_id")]
    await stranger.show("/settings/access")
    await stranger.send("/settings/access/revoke", application_id=field)
    await stranger.send("/settings/access/revoke", token_id=script)
    for one in sessions:
        await stranger.send("/settings/access/sessions/end", session_id=one)
    assert (await browser.get("/settings/access")).status == 200
    assert (await browser.send("/settings/access/revoke", token="0" * 64, application_id=field)).status == 403
    await browser.show("/settings/access")
    assert (await browser.send("/settings/access/revoke", application_id=field)).status == 303
    # At once, without waiting for a memory to fade.
    assert (await office.api(token).get("/oauth/userinfo")).status == 401
    assert (await office.api(ana).get("/oauth/userinfo")).status == 200
    await browser.show("/settings/access")
    await browser.send("/settings/access/revoke", token_id=script)
    assert (await office.api(ana).get("/oauth/userinfo")).status == 401
    assert "No application acts for you" in (await browser.show("/settings/access")).text
    await browser.send("/settings/access/sessions/end", others="1")
    assert (await phone.get("/settings/access")).status == 303
    assert len((await browser.show("/settings/access")).all("input", name="session_id")) == 1
    last = browser.page.all("input", name="session_id")[0]["value"]
    await browser.send("/settings/access/sessions/end", session_id=last)
    assert (await browser.get("/settings/access")).status == 303


def next_of(browser: Browser) -> str:
    """Where the sign-in form of the page leads to."""
    return browser.page.all("input", name="next")[0]["value"]
