"""A client for the tests of OAuth: registered at an office, with PKCE, and a person who consents in a browser."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.peers import Office, Person
from tests.remote_peers import Answer
from tests.web.browser import Browser, signed_in

FORM = "application/x-www-form-urlencoded"
REDIRECT = "https://client.example/callback?from=tertulia"
VERIFIER = "a-verifier-that-is-long-enough-for-the-standard-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Client:
    """An application that is registered at one office."""

    office: Office
    credentials: dict[str, Any]
    redirect_uri: str = REDIRECT
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.credentials["client_id"])

    @property
    def secret(self) -> str:
        return str(self.credentials["client_secret"])

    def authorize_path(self, **more: str | None) -> str:
        """The address that the client sends people to; None leaves a parameter out."""
        asked = {
            "client_id": self.id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "read write",
            "state": "s&t=1 ü",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **more,
        }
        return f"/oauth/authorize?{urlencode({name: value for name, value in asked.items() if value is not None})}"

    async def code(self, person: Person, **more: str | None) -> str:
        """A code to which a person has consented on the page, now or before."""
        browser = await signed_in(person)
        answer = await browser.get(self.authorize_path(**more))
        if answer.status == 200:
            answer = await consent(browser, "allow")
        return returned(answer)["code"]

    async def token(self, **body: str | None) -> Answer:
        """POST /oauth/token as a form, with this client's id and secret and what else is given."""
        fields = {"client_id": self.id, "client_secret": self.secret, **body}
        given = {name: value for name, value in fields.items() if value is not None}
        return await send_form(self.office, "/oauth/token", given)

    async def redeem(self, code: str | None, **more: str | None) -> Answer:
        """Exchange a code."""
        fields: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
            **more,
        }
        return await self.token(**fields)


async def register(office: Office, **more: Any) -> Client:
    """Register a client that may ask for everything usual."""
    body = {"client_name": "Klient", "redirect_uris": REDIRECT, "scopes": "read write follow push profile", **more}
    answer = await office.request("POST", "/api/v1/apps", body)
    assert answer.status == 200, answer.text
    credentials = answer.json
    return Client(office, credentials, credentials["redirect_uris"][0])


async def send_form(office: Office, path: str, fields: dict[str, str], **headers: str) -> Answer:
    """POST a form without any browser."""
    return await office.request("POST", path, urlencode(fields).encode(), headers={"Content-Type": FORM, **headers})


async def consent(browser: Browser, decision: str, **changed: str) -> Answer:
    """Press a button of the consent page that the browser shows."""
    hidden = {field["name"]: field["value"] for field in browser.page.all("input", type="hidden")}
    hidden.pop("form_token", None)
    return await browser.send("/oauth/authorize", **{**hidden, **changed, "decision": decision})


def returned(answer: Answer) -> dict[str, str]:
    """The parameters with which people are sent back."""
    assert answer.status == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
