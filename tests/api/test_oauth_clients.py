"""Real clients sign in: Mastodon.py and toot, each in its own way, with the code carried over by hand."""

import asyncio
import socket
from typing import Any

import pytest
from mastodon import Mastodon, MastodonUnauthorizedError
from toot import App
from toot import api as toot_api

from tests.api.oauth import consent
from tests.peers import Office, Person
from tests.web.browser import Browser, signed_in

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
SCOPES = ["read", "write", "follow", "push"]

# What the clients do doesn't depend on the database.
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def names_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every resolver knows that `*.localhost` is here (RFC 6761)."""
    resolve: Any = socket.getaddrinfo

    def resolve_locally(host: Any, *arguments: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_locally)


@pytest.fixture
async def browser(office: Office) -> Browser:
    return await signed_in(await office.create_person("ana"))


async def code_for(browser: Browser, url: str) -> str:
    """Open the address that a client shows, allow it, and read the code off the page."""
    await browser.show(url.removeprefix(browser.office.origin))
    answer = await consent(browser, "allow")
    page = await browser.show(answer.headers["Location"])
    return page.all("input", id="code")[0]["value"]


async def test_mastodon_py_signs_in_and_out(office: Office, browser: Browser) -> None:
    base = office.origin
    made = await asyncio.to_thread(
        Mastodon.create_app, "py", api_base_url=base, redirect_uris=OUT_OF_BAND, scopes=SCOPES
    )
    client = await asyncio.to_thread(Mastodon, client_id=made[0], client_secret=made[1], api_base_url=base)
    url = await asyncio.to_thread(client.auth_request_url, scopes=SCOPES, allow_http=True)
    code = await code_for(browser, url)
    await asyncio.to_thread(client.log_in, code=code, scopes=SCOPES, allow_http=True)
    assert (await asyncio.to_thread(client.me)).username == "ana"
    assert (await asyncio.to_thread(client.app_verify_credentials)).name == "py"
    token = client.access_token
    await asyncio.to_thread(client.revoke_access_token, allow_http=True)
    again = await asyncio.to_thread(Mastodon, access_token=token, api_base_url=base)
    with pytest.raises(MastodonUnauthorizedError):
        await asyncio.to_thread(again.me)


async def test_toot_signs_in(office: Office, browser: Browser) -> None:
    made = await asyncio.to_thread(toot_api.create_app, office.origin)
    app = App(office.domain, office.origin, made["client_id"], made["client_secret"])
    url = toot_api.get_browser_login_url(app)
    assert "/oauth/authorize/?" in url
    code = await code_for(browser, url)
    found = await asyncio.to_thread(toot_api.request_access_token, app, code)
    me = await office.api(found["access_token"]).get("/api/v1/accounts/verify_credentials")
    assert me.json()["username"] == "ana"
    wrong = Person("ana", office.people["ana"].account, "x" * 43, office)
    assert (await office.api(wrong).get("/api/v1/accounts/verify_credentials")).status == 401
