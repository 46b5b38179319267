"""A server of somebody else, on a loopback address of its own: it publishes, signs, receives and misbehaves as told.

remote = RemoteServer("127.0.0.2"); await remote.start()
carol = await remote.actor("carol")
answer = await carol.post(alice.inbox_url, carol.follow(alice.uri))                    # 202
answer = await carol.post(alice.inbox_url, carol.follow(alice.uri), tamper=UNSIGNED)   # 401
remote.received                                                 # what arrived at its inboxes
"""

import itertools
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import aiohttp
from aiohttp import web

from keys.keypairs import PrivateKey, PublicKey, generate_ed25519, generate_rsa
from keys.requests import HttpMessage
from keys.signing import Scheme, sign_request
from keys.verification import VerifiedSignature, verify_request

JsonObject = dict[str, Any]
AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"
ACTIVITY_JSON = "application/activity+json"
CONTEXT = [AS2, "https://w3id.org/security/v1", "https://www.w3.org/ns/cid/v1"]
POOL_SIZE = 4


@cache
def _pool() -> "itertools.cycle[PrivateKey]":
    return itertools.cycle([generate_rsa() for _ in range(POOL_SIZE)])


def pooled_rsa() -> PrivateKey:
    """One of a few RSA keys, made once a process: making one for each actor would be most of the time of the tests."""
    return next(_pool())


@dataclass(frozen=True)
class Answer:
    """What came back for a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Received:
    """A POST that arrived at an inbox of the server."""

    path: str
    message: HttpMessage
    json: Any

    @property
    def type(self) -> str:
        return str(self.json.get("type"))

    @property
    def is_rfc9421(self) -> bool:
        return "signature-input" in self.message.fields


@dataclass
class Sending:
    """A request on its way out; a Tamper changes it before or after it is signed."""

    method: str
    url: str
    body: bytes | None
    key_id: str
    key: PrivateKey
    scheme: Scheme
    now: datetime
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        assert self.body is not None
        return json.loads(self.body)


def _nothing(_sending: Sending) -> None:
    """Leave the request as it is."""


@dataclass(frozen=True)
class Tamper:
    """How a request is forged: `before` and `after` it is signed, and how many copies go out."""

    before: Callable[[Sending], None] = _nothing
    after: Callable[[Sending], None] = _nothing
    copies: int = 1


def _drop_signature(sending: Sending) -> None:
    for name in ("Signature", "Signature-Input"):
        sending.headers.pop(name, None)


def _other_key(sending: Sending) -> None:
    is_rsa = sending.key.kind == "rsa"
    own = sending.key.public
    while sending.key.public == own:
        sending.key = pooled_rsa() if is_rsa else generate_ed25519()


def _alter_body(sending: Sending) -> None:
    sending.body = json.dumps({**sending.json, "summary": "altered on the way"}).encode()


def _grow_old(sending: Sending) -> None:
    sending.now -= timedelta(days=2)


def foreign_actor(actor_uri: str) -> Tamper:
    """Say it in the name of `actor_uri`, which the key doesn't belong to."""

    def speak_for(sending: Sending) -> None:
        sending.body = json.dumps({**sending.json, "actor": actor_uri}).encode()

    return Tamper(before=speak_for)


UNSIGNED = Tamper(after=_drop_signature)
WRONG_KEY = Tamper(before=_other_key)
ALTERED_BODY = Tamper(after=_alter_body)
STALE_DATE = Tamper(before=_grow_old)
REPLAYED = Tamper(copies=2)


class RemoteServer:
    """A server on `address`; `documents` are what it publishes by path, `received` what its inboxes got.

    `inbox_status` and `inbox_headers` are its answer to deliveries, `understands` the signatures that it takes
    (`cavage`, `rfc9421`; others are answered 401). `is_closed` makes it ask for a signature on every GET but that of
    its instance actor. `requests` lists method and path of everything that it was asked.
    """

    def __init__(self, address: str = "127.0.0.2", *, clock: Callable[[], datetime] | None = None) -> None:
        self.address = address
        self.clock = clock or (lambda: datetime.now(UTC))
        self.documents: dict[str, JsonObject | bytes | int] = {}
        self.received: list[Received] = []
        self.requests: list[tuple[str, str]] = []
        self.accounts: dict[str, str] = {}
        self.known_keys: dict[str, PublicKey] = {}
        self.inbox_status = 202
        self.inbox_headers: dict[str, str] = {}
        self.understands = {"cavage", "rfc9421"}
        self.is_closed = False
        self.software = ("mastodon", "4.5.0")
        self.host = ""
        self._number = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self._client: aiohttp.ClientSession | None = None

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    async def start(self) -> "RemoteServer":
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        listener = socket.socket()
        listener.bind((self.address, 0))
        self.host = f"{self.address}:{listener.getsockname()[1]}"
        await web.SockSite(self._runner, listener).start()
        self._client = aiohttp.ClientSession(auto_decompress=False)
        await self.actor("instance", uri=f"{self.origin}/actor", type="Application", handle=self.address)
        return self

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def actor(self, name: str, *, uri: str | None = None, handle: str | None = None, type: str = "Person",
                    rsa: PrivateKey | None = None, **more: Any) -> "RemoteActor":  # fmt: skip
        """An actor with an RSA and an Ed25519 key, published and known to WebFinger; `more` goes into its document."""
        made = RemoteActor(
            server=self,
            name=handle or name,
            uri=uri or f"{self.origin}/users/{name}",
            type=type,
            rsa=rsa or pooled_rsa(),
            ed25519=generate_ed25519(),
            more=more,
        )
        self.accounts[handle or name] = made.uri
        made.publish()
        return made

    def publish(self, document: JsonObject) -> str:
        """Serve a document under its id; returns the id."""
        uri = str(document["id"])
        self.documents[self.path_of(uri)] = {"@context": CONTEXT, **document}
        return uri

    def withdraw(self, uri: str, status: int = 410) -> None:
        """Answer this status from now on."""
        self.documents[self.path_of(uri)] = status

    def path_of(self, uri: str) -> str:
        assert uri.startswith(self.origin), f"{uri} is not of {self.origin}"
        return uri.removeprefix(self.origin).partition("#")[0]

    def new_uri(self, kind: str) -> str:
        """An id of this server that nobody had yet: `<origin>/<kind>/<number>`."""
        return f"{self.origin}/{kind}/{next(self._number)}"

    def received_types(self) -> list[str]:
        return [received.type for received in self.received]

    async def request(self, sending: Sending) -> Answer:
        """Send one request as it stands, to whatever `*.localhost` or address it names."""
        assert self._client is not None
        scheme, _, rest = sending.url.partition("://")
        authority, slash, path = rest.partition("/")
        host, _, port = authority.rpartition(":")
        place = f"127.0.0.1:{port}" if host.endswith(".localhost") else authority
        headers = {"Host": authority, **sending.headers}
        url = f"{scheme}://{place}{slash}{path}"
        async with self._client.request(
            sending.method, url, data=sending.body, headers=headers, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers.copy(), await response.read())

    async def verify(self, received: Received) -> VerifiedSignature:
        """Verify the signature of something received with the key that its owner publishes, or published when it was
        asked before. Raises SignatureRefused."""
        return await verify_request(received.message, find_key=self._find_key, now=self.clock())

    async def _find_key(self, key_id: str) -> PublicKey | None:
        if key_id not in self.known_keys and (found := await self._published_key(key_id)) is not None:
            self.known_keys[key_id] = found
        return self.known_keys.get(key_id)

    async def _published_key(self, key_id: str) -> PublicKey | None:
        owner = key_id.partition("#")[0]
        document = (await self.request(_unsigned("GET", owner, {"Accept": ACTIVITY_JSON}))).json
        listed = document.get("publicKey", [])
        for key in listed if isinstance(listed, list) else [listed]:
            if key["id"] == key_id:
                return PublicKey.from_pem(key["publicKeyPem"])
        for method in document.get("assertionMethod", []):
            if method["id"] == key_id:
                return PublicKey.from_multibase(method["publicKeyMultibase"])
        return None

    async def _serve(self, request: web.Request) -> web.Response:
        self.requests.append((request.method, request.path))
        is_rfc9421 = "Signature-Input" in request.headers
        is_signed = is_rfc9421 or "Signature" in request.headers
        if is_signed and ("rfc9421" if is_rfc9421 else "cavage") not in self.understands:
            return web.Response(status=401)
        if request.method == "POST":
            return await self._receive(request)
        if request.path == "/.well-known/webfinger":
            return self._webfinger(request.query.get("resource", ""))
        if request.path == "/.well-known/nodeinfo":
            link = {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.1", "href": f"{self.origin}/nodeinfo/2.1"}
            return web.json_response({"links": [link]})
        if request.path == "/nodeinfo/2.1":
            name, version = self.software
            return web.json_response({"version": "2.1", "software": {"name": name, "version": version}})
        if self.is_closed and not is_signed and request.path != "/actor":
            return web.Response(status=401)
        return self._published(request.path_qs)

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
        message = HttpMessage(request.method, "http", self.host, request.raw_path, headers, body)
        if 200 <= self.inbox_status < 300:
            self.received.append(Received(request.path, message, json.loads(body)))
        return web.Response(status=self.inbox_status, headers=self.inbox_headers)

    def _published(self, path: str) -> web.Response:
        found = self.documents.get(path, 404)
        if isinstance(found, int):
            return web.Response(status=found)
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        return web.Response(body=body, content_type=ACTIVITY_JSON)

    def _webfinger(self, resource: str) -> web.Response:
        name = resource.removeprefix("acct:").removesuffix(f"@{self.host}")
        uri = self.accounts.get(name) or (resource if resource in self.accounts.values() else None)
        if uri is None:
            return web.Response(status=404)
        subject = next(f"acct:{known}@{self.host}" for known, owned in self.accounts.items() if owned == uri)
        document = {"subject": subject, "links": [{"rel": "self", "type": ACTIVITY_JSON, "href": uri}]}
        return web.json_response(document, content_type="application/jrd+json")


def _unsigned(method: str, url: str, headers: dict[str, str]) -> Sending:
    return Sending(method, url, None, "", pooled_rsa(), Scheme.CAVAGE_RSA, datetime.now(UTC), headers)


@dataclass
class RemoteActor:
    """Somebody on a RemoteServer. Its keys may be exchanged; `publish` again then, or don't."""

    server: RemoteServer
    name: str
    uri: str
    type: str
    rsa: PrivateKey
    ed25519: PrivateKey
    more: JsonObject

    @property
    def acct(self) -> str:
        return f"{self.name}@{self.server.host}"

    @property
    def inbox_url(self) -> str:
        return f"{self.uri}/inbox"

    @property
    def followers_url(self) -> str:
        return f"{self.uri}/followers"

    @property
    def document(self) -> JsonObject:
        return {
            "id": self.uri,
            "type": self.type,
            "preferredUsername": self.name,
            "inbox": self.inbox_url,
            "outbox": f"{self.uri}/outbox",
            "followers": self.followers_url,
            "following": f"{self.uri}/following",
            "endpoints": {"sharedInbox": f"{self.server.origin}/inbox"},
            "publicKey": {"id": self.key_id(Scheme.CAVAGE_RSA), "owner": self.uri, "publicKeyPem": self.rsa.public.pem},
            "assertionMethod": [
                {
                    "id": self.key_id(Scheme.RFC9421_ED25519),
                    "type": "Multikey",
                    "controller": self.uri,
                    "publicKeyMultibase": self.ed25519.public.multibase,
                }
            ],
            **self.more,
        }

    def publish(self) -> None:
        """Serve the actor's document as it is now."""
        self.server.publish(self.document)

    def key_id(self, scheme: Scheme) -> str:
        return f"{self.uri}#{'main-key' if scheme.key_kind == 'rsa' else 'ed25519-key'}"

    # Documents

    def activity(self, type: str, object: Any, **more: Any) -> JsonObject:
        """An activity of this actor with a new id."""
        uri = self.server.new_uri(type.lower())
        return {"@context": CONTEXT, "id": uri, "type": type, "actor": self.uri, "object": object, **more}

    def follow(self, target_uri: str) -> JsonObject:
        return self.activity("Follow", target_uri)

    def note(self, content: str = "<p>Hello</p>", **more: Any) -> JsonObject:
        """A public Note with a new id, published on the server."""
        note = {
            "id": self.server.new_uri("notes"),
            "type": "Note",
            "attributedTo": self.uri,
            "content": content,
            "published": self.server.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "to": [PUBLIC],
            "cc": [self.followers_url],
            **more,
        }
        self.server.publish(note)
        return note

    def create(self, note: JsonObject, **more: Any) -> JsonObject:
        """The Create of a note, addressed like it."""
        return self.activity("Create", note, to=note.get("to", []), cc=note.get("cc", []), **more)

    # Requests

    async def post(
        self,
        inbox_url: str,
        activity: JsonObject | bytes,
        *,
        scheme: Scheme = Scheme.CAVAGE_RSA,
        tamper: Tamper | None = None,
        content_type: str = ACTIVITY_JSON,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Post a signed activity, or a forged one; the answer to the last copy."""
        body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
        sending = self._sending("POST", inbox_url, body, scheme)
        return await self._send(sending, tamper or Tamper(), {"content_type": content_type}, headers or {})

    async def get(
        self,
        url: str,
        *,
        scheme: Scheme = Scheme.CAVAGE_RSA,
        tamper: Tamper | None = None,
        accept: str = ACTIVITY_JSON,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Fetch with a signature."""
        sending = self._sending("GET", url, None, scheme)
        return await self._send(sending, tamper or Tamper(), {"accept": accept}, headers or {})

    def _sending(self, method: str, url: str, body: bytes | None, scheme: Scheme) -> Sending:
        key = self.rsa if scheme.key_kind == "rsa" else self.ed25519
        return Sending(method, url, body, self.key_id(scheme), key, scheme, self.server.clock())

    async def _send(
        self, sending: Sending, tamper: Tamper, negotiation: Mapping[str, str], headers: Mapping[str, str]
    ) -> Answer:
        sending = replace(sending)
        tamper.before(sending)
        signed = sign_request(
            method=sending.method,
            url=sending.url,
            body=sending.body,
            key_id=sending.key_id,
            key=sending.key,
            scheme=sending.scheme,
            now=sending.now,
            **negotiation,  # type: ignore[arg-type]
        )
        sending.headers = {**signed, **headers}
        tamper.after(sending)
        for _ in range(tamper.copies - 1):
            await self.server.request(sending)
        return await self.server.request(sending)
