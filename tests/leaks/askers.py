"""Everybody who asks, each with an app, a browser and a signature, as far as they have one."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from keys.keypairs import KeyKind
from keys.signing import Scheme, sign_request
from models.accounts import INSTANCE_ACTOR_ID
from tests.peers import Client, Office, Person
from tests.remote_peers import ACTIVITY_JSON, RemoteActor
from tests.web.browser import Browser, signed_in

# What differs between two answers by chance.
UNEQUAL: Final = frozenset({"date", "x-request-id", "etag", "content-length", "last-modified", "set-cookie"})


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as far as it is compared: a refusal has to be the very same for what isn't there."""

    status: int
    head: str
    body: bytes

    @property
    def bytes(self) -> bytes:
        return self.head.encode() + b"\n" + self.body


def _given(status: int, headers: object, body: bytes) -> Given:
    pairs = sorted((name, value) for name, value in headers.items() if name.lower() not in UNEQUAL)  # type: ignore[attr-defined]
    return Given(status, "\n".join(f"{name}: {value}" for name, value in pairs), body)


@dataclass(frozen=True, slots=True)
class Asker:
    """`host` is the office whose app and pages they use, `there` the one that has the secrets.

    Of `there` they ask with their token when it is their own office, else with the signature of `account_id` (of an
    account of `host`) or of `actor` (somebody of another server), or with nothing at all.
    """

    name: str
    there: Office
    host: Office | None = None
    person: Person | None = None
    browser: Browser | None = None
    account_id: int | None = None
    actor: RemoteActor | None = None

    @property
    def is_there(self) -> bool:
        return self.host is self.there

    @property
    def is_signing(self) -> bool:
        """Whether what they ask of the office is signed, by a key that it may believe."""
        return not self.is_there and self.name != "eve"

    def can(self, how: str, method: str) -> bool:
        """Whether they have what it takes: an app, a browser with a session to send forms, anything for the wire.

        Ivo and zoe have an app and no more: with browsers they would only be asked what mal and yan are.
        """
        if how == "wire":
            return self.name != "ivo"
        if how == "page" and self.name in ("ivo", "zoe"):
            return False
        return self.host is not None and self.browser is not None and (method == "GET" or self.person is not None)

    async def app(self, method: str, path: str, document: object = None) -> Given:
        """The client API of their own office."""
        assert self.host is not None
        answer = await Client(self.host, self.person.token if self.person else None).call(method, path, document)
        return _given(answer.status, answer.headers, answer.body)

    async def page(self, path: str) -> Given:
        """A page of their own office."""
        assert self.browser is not None
        answer = await self.browser.get(path)
        return _given(answer.status, answer.headers, answer.body)

    async def form(self, path: str, document: str) -> Given:
        """Send a form, as a page of theirs does it."""
        assert self.browser is not None
        if not self.browser.page.all("input", name="form_token"):
            await self.browser.show("/")
        fields = {name: values[0] for name, values in parse_qs(document).items()}
        answer = await self.browser.send(path, **fields)
        return _given(answer.status, answer.headers, answer.body)

    async def wire(self, path: str) -> Given:
        """What the office with the secrets tells other servers."""
        if self.actor is not None:
            answer = await self.actor.get(f"{self.there.origin}{path}")
        elif self.account_id is not None and not self.is_there:
            answer = await self.there.get(path, headers=await self._signature(path))
        else:
            answer = await self.there.get(path, token=self.person)
        return _given(answer.status, answer.headers, answer.body)

    async def _signature(self, path: str) -> dict[str, str]:
        assert self.host is not None
        key = await self.host.services.keyring.signing_key(self.account_id or 0, KeyKind.ED25519)
        return sign_request(
            method="GET", url=f"{self.there.origin}{path}", body=None, key_id=key.key_id, key=key.private,
            scheme=Scheme.RFC9421_ED25519, now=self.host.services.clock(), accept=ACTIVITY_JSON,
        )  # fmt: skip


async def employee(there: Office, person: Person) -> Asker:
    """Somebody of one of the offices."""
    return Asker(person.name, there, person.office, person, await signed_in(person), person.id)


def passer_by(there: Office) -> Asker:
    """Whoever finds the office on the web."""
    return Asker("nobody", there, there, browser=Browser(there))


def instance(there: Office, host: Office) -> Asker:
    """Another office itself, reading for its people."""
    return Asker(host.name, there, host, account_id=INSTANCE_ACTOR_ID)


def foreigner(there: Office, actor: RemoteActor) -> Asker:
    """Somebody of a server that isn't ours."""
    return Asker(actor.name, there, actor=actor)
