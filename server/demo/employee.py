"""An employee with an ActivityPub client: everything goes through the public interface of their own office.

The client knows a handle and a bearer token, and nothing else: it finds its actor by WebFinger, says what it does by
POST to its outbox (ActivityPub §6), sees what arrived in its inbox (§5.2), and reads what other offices publish through
its office's proxy (§4.1 `proxyUrl`), which signs for it.

Raises StoryBroken when an answer isn't what the specification promises.
"""

import socket
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver, ResolveResult

from server.demo import cast
from server.demo.stage import LOOPBACK, RunningOffice

ACTIVITY_JSON = "application/activity+json"
CONTEXT = "https://www.w3.org/ns/activitystreams"
REQUEST_SECONDS = 15
PAGES_READ = 5

Document = dict[str, Any]


class StoryBroken(Exception):
    """Something in the story didn't happen; the message says what."""


class Employee:
    """Somebody signed in at their office."""

    def __init__(self, person: cast.Person, office: RunningOffice, session: aiohttp.ClientSession) -> None:
        self.person = person
        self.office = office
        self.actor: Document = {}
        self._session = session
        self._bearer = {"Authorization": f"Bearer {office.tokens[person.name]}"}

    @property
    def handle(self) -> str:
        return f"{self.person.name}@{self.office.domain}"

    @property
    def uri(self) -> str:
        return str(self.actor["id"])

    @property
    def followers_url(self) -> str:
        return str(self.actor["followers"])

    @property
    def label(self) -> str:
        """How the narrator calls them."""
        return f"{self.person.first_name} ({self.office.name})"

    async def sign_in(self) -> None:
        """Learn from one's own office what the client needs: actor, inbox, outbox."""
        self.actor = await self.read(await self.find(self.handle))

    async def find(self, handle: str) -> str:
        """The actor behind `name@domain`, by WebFinger (RFC 7033), which is open to everybody."""
        url = f"http://{handle.partition('@')[2]}/.well-known/webfinger?resource=acct:{handle}"
        answer = await self._ask("GET", url)
        links = [link["href"] for link in answer.document.get("links", []) if link.get("rel") == "self"]
        if not links:
            raise StoryBroken(f"{self.label} doesn't find @{handle}: {answer.status}")
        return str(links[0])

    async def read(self, url: str) -> Document:
        """A document of one's own office. Raises StoryBroken when it isn't there."""
        status, document = await self.look(url)
        if status != 200:
            raise StoryBroken(f"{self.label} can't read {url}: {status} {document.get('detail', '')}")
        return document

    async def look(self, url: str) -> tuple[int, Document]:
        """Status and document of a URL of one's own office."""
        answer = await self._ask("GET", url, headers={**self._bearer, "Accept": ACTIVITY_JSON})
        return answer.status, answer.document

    async def look_elsewhere(self, url: str) -> tuple[int, Document]:
        """Status and document of a URL of another office, fetched and signed by one's own (`proxyUrl`)."""
        proxy_url = self.actor["endpoints"]["proxyUrl"]
        answer = await self._ask("POST", proxy_url, headers=self._bearer, data={"id": url})
        return answer.status, answer.document

    async def say(self, document: Document) -> str:
        """POST to one's outbox; the id of the activity that was made of it (ActivityPub §6)."""
        sent = orjson.dumps({"@context": CONTEXT, **document})
        headers = {**self._bearer, "Content-Type": ACTIVITY_JSON}
        answer = await self._ask("POST", self.actor["outbox"], headers=headers, data=sent)
        if answer.status != 201 or not answer.location:
            why = answer.document.get("detail", "")
            raise StoryBroken(f"The outbox of {self.label} answers {answer.status} to {document['type']}: {why}")
        return answer.location

    async def received(self) -> AsyncIterator[Document]:
        """The activities in one's inbox, newest first, as far as a client would page back."""
        page = await self.read(self.actor["inbox"])
        following = page.get("first")
        for _ in range(PAGES_READ):
            if isinstance(following, str):
                page = await self.read(following)
            elif isinstance(following, dict):
                page = following
            for item in page.get("orderedItems", []):
                yield item
            following = page.get("next")
            if following is None:
                return

    async def _ask(self, method: str, url: str, **more: Any) -> "_Answer":
        try:
            async with self._session.request(method, url, **more) as answer:
                document = _parsed(await answer.read())
                return _Answer(answer.status, document, answer.headers.get("Location", ""))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise StoryBroken(f"{url} doesn't answer: {error or type(error).__name__}") from error


class _Answer(NamedTuple):
    status: int
    document: Document
    location: str


def new_session() -> aiohttp.ClientSession:
    """A session in which `*.localhost` is loopback, whatever the resolver of this machine says (RFC 6761 §6.3)."""
    connector = aiohttp.TCPConnector(resolver=LoopbackResolver(), limit=32)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS))


class LoopbackResolver(AbstractResolver):
    """Every name is this machine: the demo's clients talk to nobody else."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=LOOPBACK, port=port, family=socket.AF_INET, proto=0,
                          flags=socket.AI_NUMERICHOST)
        ]  # fmt: skip

    async def close(self) -> None:
        return


def _parsed(body: bytes) -> Document:
    try:
        found = orjson.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
