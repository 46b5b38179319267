"""Somebody's app: a client of the Mastodon API that signs in with a code (RFC 6749 §4.1, with PKCE) as a person does.

It registers itself, opens the consent page in a browser of its own, fills in the forms that it is shown, and exchanges
the code for a token. It reads and writes through `/api/v1`, and listens at `/api/v1/streaming`.

Raises StoryBroken when an answer isn't what a client expects.
"""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urlencode, urljoin

import aiohttp
import orjson

from server.demo.cast import PASSWORD
from server.demo.employee import Employee, StoryBroken, new_session

NAME: Final = "Paseo"
OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"
SCOPES: Final = "read write follow"
HEARD_WITHIN_SECONDS: Final = 20.0


class Client:
    """An app in which one employee is signed in."""

    def __init__(self, employee: Employee, token: str, session: aiohttp.ClientSession) -> None:
        self.employee = employee
        self._bearer = {"Authorization": f"Bearer {token}"}
        self._session = session

    async def get(self, path: str, **query: str) -> Any:
        """What is at a path of the API."""
        return await self._ask("GET", path, params=query)

    async def find(self, path: str, uri: str, **query: str) -> Any:
        """The status of this URI in a list of statuses, None when it isn't among the newest forty."""
        for status in await self.get(path, limit="40", **query):
            if status["uri"] == uri:
                return status
        return None

    async def post(self, path: str, **fields: Any) -> Any:
        """What an endpoint makes of these fields."""
        return await self._ask("POST", path, json=fields)

    @asynccontextmanager
    async def listening(self, *streams: str) -> AsyncIterator[Callable[[str, str], Awaitable[bool]]]:
        """A WebSocket; what it gives waits for an event about the status at a URI, False when it doesn't come."""
        url = f"{self.employee.office.origin}/api/v1/streaming"
        async with self._session.ws_connect(url, headers=self._bearer) as socket:
            for stream in streams:
                await socket.send_json({"type": "subscribe", "stream": stream})
            await self.get("/api/v1/accounts/verify_credentials")

            async def hears(event: str, uri: str) -> bool:
                try:
                    async with asyncio.timeout(HEARD_WITHIN_SECONDS):
                        async for message in socket:
                            told = orjson.loads(message.data)
                            if told.get("event") == event and orjson.loads(told["payload"]).get("uri") == uri:
                                return True
                except TimeoutError:
                    return False
                return False

            yield hears

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        url = f"{self.employee.office.origin}{path}"
        return await _json(self._session, method, url, headers=self._bearer, **more)


@asynccontextmanager
async def signed_in(employee: Employee) -> AsyncIterator[Client]:
    """An app of its own, in which the employee has signed in and consented."""
    origin = employee.office.origin
    async with new_session() as session:
        app = await _json(
            session,
            "POST",
            f"{origin}/api/v1/apps",
            json={"client_name": NAME, "redirect_uris": OUT_OF_BAND, "scopes": SCOPES},
        )
        verifier = secrets.token_urlsafe(48)
        code = await _consent(session, employee, app["client_id"], verifier)
        granted = await _json(
            session,
            "POST",
            f"{origin}/oauth/token",
            data={
                "grant_type": "authorization_code",
                "client_id": app["client_id"],
                "client_secret": app["client_secret"],
                "redirect_uri": OUT_OF_BAND,
                "code": code,
                "code_verifier": verifier,
            },
        )
        yield Client(employee, granted["access_token"], session)


async def _consent(session: aiohttp.ClientSession, employee: Employee, client_id: str, verifier: str) -> str:
    """The code that the pages show after a password and a yes."""
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": OUT_OF_BAND,
        "scope": SCOPES,
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    url = f"{employee.office.origin}/oauth/authorize?{urlencode(asked)}"
    email = employee.office.plan.email(employee.person)
    page = await _browse(session, "GET", url)
    page = await _browse(session, "POST", *page.filled("/sign-in", login=email, password=PASSWORD))
    page = await _browse(session, "POST", *page.filled("/oauth/authorize", decision="allow"))
    code: str | None = page.url.query.get("code")
    if code is None:
        raise StoryBroken(f"The consent of {employee.label} ends at {page.url.path}, without a code")
    return code


class _Page(HTMLParser):
    """Where a browser is, and the hidden fields of the forms there, by the path that each is sent to."""

    def __init__(self, url: Any, html: str) -> None:
        super().__init__()
        self.url = url
        self._forms: dict[str, dict[str, str]] = {}
        self._open: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = self._forms.setdefault(given.get("action", ""), {})
        elif tag == "input" and given.get("type") == "hidden":
            self._open[given["name"]] = given["value"]

    def filled(self, path: str, **typed: str) -> tuple[str, dict[str, str]]:
        """Where the form of this path goes, with what it holds and what is typed in. Raises StoryBroken."""
        if path not in self._forms:
            raise StoryBroken(f"{self.url} shows no form for {path}")
        return urljoin(str(self.url), path), {**self._forms[path], **typed}


async def _browse(session: aiohttp.ClientSession, method: str, url: str, form: dict[str, str] | None = None) -> _Page:
    """The page at the end of all redirects."""
    try:
        async with session.request(method, url, data=form, headers={"Accept": "text/html"}) as answer:
            if answer.status != 200:
                raise StoryBroken(f"A browser gets {answer.status} from {answer.url.path}")
            return _Page(answer.url, await answer.text())
    except (aiohttp.ClientError, TimeoutError) as error:
        raise StoryBroken(f"{url} doesn't answer: {error or type(error).__name__}") from error


async def _json(session: aiohttp.ClientSession, method: str, url: str, **more: Any) -> Any:
    try:
        async with session.request(method, url, **more) as answer:
            found = await answer.json()
            if answer.status != 200:
                raise StoryBroken(f"{method} {url} answers {answer.status}: {found.get('error', '')}")
            return found
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise StoryBroken(f"{url} doesn't answer as it should: {error or type(error).__name__}") from error
