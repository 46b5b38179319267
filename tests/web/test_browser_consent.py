"""A real browser signs in, consents and goes back: Debian's Chromium without a window, through Playwright.

It sees what no test of headers does: that the browser follows the answer to the form (`form-action`), that a popup can
be watched by the client that opened it (no Cross-Origin-Opener-Policy), and that the keyboard is enough.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from server.passwords import hash_password
from tests.api.oauth import Client, register
from tests.peers import Office
from tests.web.browser import user_of

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
SWITCHES = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --disable-dev-shm-usage"
).split()
PASSWORD = "correct horse battery"
WORDS = {
    "en": ("Sign in", "E-mail or user name", "Password", "It asks to be allowed to:", "Allow"),
    "es": ("Iniciar sesión", "Correo o nombre de usuario", "Contraseña", "Pide permiso para:", "Permitir"),
}

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt install chromium"),
    # What a browser does doesn't depend on the database.
    pytest.mark.parametrize("backend", ["sqlite"], indirect=True),
]


@asynccontextmanager
async def client_site() -> AsyncIterator[str]:
    """The site of a client: a page that opens a popup, and the page that the popup ends at, on another host."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>client</title><h1>client</h1>", content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/hop", _on_to_callback), web.get("/callback", page)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _on_to_callback(request: web.Request) -> web.Response:
    """What a client's server does before its page: another redirect, with everything."""
    raise web.HTTPFound(f"/callback?{request.query_string}")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        try:
            yield browser
        finally:
            await browser.close()


async def test_a_person_signs_in_and_lets_an_application_in_with_the_keyboard(office: Office) -> None:
    said: list[tuple[str, str]] = []
    async with client_site() as site, chromium() as browser:
        for language, name in (("en", "ana"), ("es", "bruno")):
            person = await office.create_person(name)
            async with office.services.database.unit_of_work() as unit:
                (await user_of(unit.session, person)).password_hash = hash_password(PASSWORD)
            client = await register(office, redirect_uris=f"{site}/hop")
            context = await browser.new_context(locale=f"{language}-{language.upper()}")
            opener = await context.new_page()
            context.on("console", lambda message: said.append((message.type, message.text)))
            await opener.goto(f"{site}/")
            found = await _through_a_popup(opener, office, client, language, name)
            assert found["state"] == "s&t=1 ü"
            answer = await client.redeem(found["code"])
            assert answer.status == 200, answer.text
            me = await office.api(answer.json["access_token"]).get("/oauth/userinfo")
            assert me.json()["preferred_username"] == name
            # Signed in and known by now: the second time nobody is asked, and there is a code again.
            await opener.goto(office.origin + client.authorize_path())
            await opener.wait_for_url("**/callback?**")
            again = await opener.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
            assert (await client.redeem(again["code"])).status == 200
            await context.close()
    faults = [text for kind, text in said if kind == "error" and "404" not in text]
    assert faults == []


async def _through_a_popup(opener: Page, office: Office, client: Client, language: str, login: str) -> dict[str, str]:
    """Sign in and consent in a popup without touching the mouse; the parameters that come back."""
    sign_in, name_label, password_label, asks, allow = WORDS[language]
    async with opener.expect_popup() as opened:
        await opener.evaluate("url => { window.popup = window.open(url, 'oauth', 'popup'); }",
                              office.origin + client.authorize_path())  # fmt: skip
    popup = await opened.value
    await popup.wait_for_load_state()
    assert await popup.locator("html").get_attribute("lang") == language
    assert await popup.get_by_role("heading", level=1).inner_text() == sign_in
    await popup.get_by_label(name_label).focus()
    await popup.keyboard.type(login)
    await popup.keyboard.press("Tab")
    assert await popup.evaluate("document.activeElement.labels[0].innerText") == password_label
    await popup.keyboard.type(PASSWORD)
    await popup.keyboard.press("Enter")
    button = popup.get_by_role("button", name=allow, exact=True)
    await button.wait_for()
    assert await popup.get_by_role("heading", level=1).inner_text() == "Klient"
    assert await popup.get_by_role("list", name=asks).get_by_role("listitem").count() == 2
    assert await opener.evaluate("window.popup.closed") is False
    for _ in range(10):
        await popup.keyboard.press("Tab")
        if await button.evaluate("button => button === document.activeElement"):
            break
    await popup.keyboard.press("Enter")
    await popup.wait_for_url("**/callback?**")
    # The client's page still holds its popup, and can read it now that it is of its own origin.
    found: dict[str, str] = await opener.evaluate(
        "Object.fromEntries(new URLSearchParams(window.popup.location.search))"
    )
    return found
