"""Fetching ActivityPub documents: signed, and believed only where they are at home (FEP-fe34).

`fetch_document` promises that what it returns was served as ActivityPub, by the origin that its `id` names, under
exactly that id. A document that names another id of the same origin is fetched once more, there; one that names
another origin is refused, so neither an uploaded file, nor an open redirector, nor a copy on a stranger's server can
speak for anybody (CVE-2024-23832, CVE-2024-25623). Hosts that may not talk to us are not asked, and neither are we.

Requests are signed by the instance actor in the way that the host is known to understand. A host that answers 401 or
403 is asked a second time, signed in the way that it asks for (`Accept-Signature`, RFC 9421 §5) or else in the other
one, and what helped is remembered ("double knocking"). That is never done a third time.

Every failure is a RemoteError: the client's, or a FetchFailed from here.
"""

import re
from dataclasses import field
from functools import partial
from typing import Final

from federation.client import FetchBudget, RemoteError, Response, check_url, host_of
from federation.json_ld import DocumentRefused, JsonObject, normalise, parse_document
from federation.services import Services
from federation.trust.origins import same_origin
from keys.actor_tokens import AUTH_SCHEME
from keys.challenges import Challenge, requested_components
from keys.keypairs import KeyKind
from keys.signing import Scheme, sign_request
from models.accounts import INSTANCE_ACTOR_ID
from models.values import dataclass

AS2: Final = "https://www.w3.org/ns/activitystreams"
ACCEPT: Final = f'application/activity+json, application/ld+json; profile="{AS2}"'
_LD_JSON: Final = "application/ld+json"
_PARAMETER: Final = re.compile(r';[ \t]*([\w.+-]+)=(?:"([^"\\]*)"|([^\s;",]+))[ \t]*')


class FetchFailed(RemoteError):
    """The host answered, but not with a document that we may use."""


class NotFound(FetchFailed):
    """404: there is nothing, or nothing for us."""

    is_permanent = True


class Gone(NotFound):
    """410, or a Tombstone: there was something."""


class AccessDenied(FetchFailed):
    """401 or 403, to both knocks."""

    is_permanent = True


class HostNotAllowed(FetchFailed):
    """The host is no peer of ours, or it is ourselves. Nothing was sent to it."""

    is_permanent = True


class UnusableDocument(FetchFailed):
    """Not ActivityPub, not readable, or not at home where it was found."""

    is_permanent = True


class HostTroubled(FetchFailed):
    """429, 5xx or another status that says nothing about the document: it may be there later."""


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """A document in normal form, its bytes, and where it was found; `document["id"] == url` unless stated otherwise."""

    document: JsonObject
    raw: bytes
    url: str


async def fetch_document(
    services: Services, uri: str, *, budget: FetchBudget | None = None, token: str | None = None
) -> FetchedDocument:
    """The document that `uri` names; its id is `uri`, or what `uri` leads to. Raises RemoteError.

    `token` is a community's word that we may read it (FEP-db0e), shown to the server of `uri` and to no other.
    """
    wanted = _without_fragment(uri)
    found = await fetch_unidentified(services, wanted, budget=budget, token=token)
    if _is_at_home(found, wanted):
        return found
    named = found.document.get("id")
    if not isinstance(named, str) or not same_origin(named, found.url) or "#" in named:
        raise UnusableDocument(found.url, "the document's id is not of the server that it came from")
    again = await fetch_unidentified(services, named, budget=budget, token=token)
    if again.document.get("id") != named or not _is_at_home(again, named):
        raise UnusableDocument(again.url, "the document under this id has another id")
    return again


async def fetch_unidentified(
    services: Services,
    url: str,
    *,
    budget: FetchBudget | None = None,
    max_bytes: int | None = None,
    token: str | None = None,
) -> FetchedDocument:
    """The document found at `url`, whatever its id says: for collections. Raises RemoteError.

    Who calls this has to compare origins.
    """
    response = await fetch_bytes(services, url, budget=budget, max_bytes=max_bytes, token=token)
    try:
        document = normalise(parse_document(response.body))
    except DocumentRefused as refused:
        raise UnusableDocument(response.url, f"the document can't be read: {refused.detail}") from refused
    if document.get("type") == "Tombstone":
        raise _absent(Gone, response, url, "a tombstone")
    return FetchedDocument(document, response.body, response.url)


async def fetch_bytes(
    services: Services,
    url: str,
    *,
    budget: FetchBudget | None = None,
    max_bytes: int | None = None,
    token: str | None = None,
) -> Response:
    """What is served at `url` as ActivityPub, unread: for pages whose items are read one by one. Raises RemoteError."""
    response = await fetch_signed(services, url, budget=budget, max_bytes=max_bytes, token=token)
    if not is_activitypub(response.headers.get("Content-Type", "")):
        raise UnusableDocument(response.url, "the answer is not ActivityPub (content type)")
    return response


async def fetch_signed(
    services: Services,
    url: str,
    *,
    accept: str = ACCEPT,
    budget: FetchBudget | None = None,
    max_bytes: int | None = None,
    token: str | None = None,
) -> Response:
    """Whatever is found at `url`, asked for in the name of this office, in both ways if need be. Raises RemoteError."""
    knock = _Knock(services, accept, {} if token is None else {host_of(url): token})
    response = await services.client.get(url, accept=accept, sign=knock.sign, budget=budget, max_bytes=max_bytes)
    if response.status in (401, 403):
        knock.prepare_second(response)
        response = await services.client.get(url, accept=accept, sign=knock.sign, budget=budget, max_bytes=max_bytes)
        if response.status < 300:
            for host, scheme in knock.second.items():
                await services.hosts.learned(host, scheme)
    _check_status(response, url)
    return response


async def check_peer(services: Services, url: str) -> None:
    """Raise HostNotAllowed unless `url` belongs to another server that may talk to us."""
    if services.addresses.is_local(url) or same_origin(url, services.addresses.origin):
        raise HostNotAllowed(url, "that is this office itself")
    if not (await services.peers.refreshed()).allows_url(url):
        raise HostNotAllowed(url, "the host is not a peer of this office")


def is_activitypub(content_type: str) -> bool:
    """Whether a Content-Type says ActivityPub (§3.2): `activity+json`, or `ld+json` with the profile of AS2."""
    media_type, semicolon, rest = content_type.partition(";")
    media_type = media_type.strip().lower()
    if media_type == "application/activity+json":
        return True
    if media_type != _LD_JSON or len(rest) > 1000:
        return False
    profiles = [quoted or bare for name, quoted, bare in _parameters(semicolon + rest) if name.lower() == "profile"]
    return len(profiles) == 1 and AS2 in profiles[0].split()


def _parameters(text: str) -> list[tuple[str, str, str]]:
    """The parameters of a media type (RFC 9110 §5.6.6); none when anything about them is odd."""
    found, position = [], 0
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None:
            return []
        found.append((match[1], match[2] or "", match[3] or ""))
        position = match.end()
    return found


@dataclass(slots=True)
class _Knock:
    """Signs one fetch, hop by hop; `second` holds what to try at the hosts that refused the first time.

    `tokens` are shown to the host for which they are (FEP-db0e), under the signature.
    """

    services: Services
    accept: str
    tokens: dict[str, str] = field(default_factory=dict)
    second: dict[str, Scheme] = field(default_factory=dict)
    challenges: dict[str, Challenge] = field(default_factory=dict)

    async def sign(self, method: str, url: str, body: bytes | None) -> dict[str, str]:
        """The headers for one hop. Raises HostNotAllowed: a redirect may lead to where we don't ask."""
        services, host = self.services, host_of(url)
        await check_peer(services, url)
        await services.hosts.know([host])
        scheme = self.second.get(host) or services.hosts.scheme_for(host)
        key = await services.keyring.signing_key(INSTANCE_ACTOR_ID, scheme.key_kind)
        sign = partial(
            sign_request,
            method=method,
            url=url,
            body=body,
            key_id=key.key_id,
            key=key.private,
            scheme=scheme,
            now=services.clock(),
            accept=self.accept,
            challenge=self.challenges.get(host),
            also={"Authorization": f"{AUTH_SCHEME} {self.tokens[host]}"} if host in self.tokens else None,
        )
        if scheme.key_kind is KeyKind.RSA:  # would hold up the event loop; Ed25519 is cheaper than going there
            return await services.signatures.made(sign)
        return sign()

    def prepare_second(self, refusal: Response) -> None:
        """Choose how to sign for the host that refused."""
        host = host_of(refusal.url)
        challenges = requested_components(refusal.headers.get("Accept-Signature", ""))
        if challenges:
            challenge = challenges[0]
            is_ed25519 = challenge.algorithm == "ed25519"
            self.challenges[host] = challenge
            self.second[host] = Scheme.RFC9421_ED25519 if is_ed25519 else Scheme.RFC9421_RSA
        else:
            self.second[host] = self.services.hosts.second_knock(host, self.services.hosts.scheme_for(host))


def _check_status(response: Response, asked: str) -> None:
    status, url = response.status, response.url
    if 200 <= status < 300:
        return
    if status == 410:
        raise _absent(Gone, response, asked, "gone (410)")
    if status == 404:
        raise _absent(NotFound, response, asked, "not found (404)")
    if status in (401, 403):
        raise AccessDenied(url, f"the host doesn't let us read this ({status})")
    if 400 <= status < 500 and status not in (408, 425, 429):
        raise UnusableDocument(url, f"the host refuses the request ({status})")
    raise HostTroubled(url, f"the host answered {status}")


def _absent(kind: type[NotFound], response: Response, asked: str, detail: str) -> FetchFailed:
    """Only the server that was asked can say that something isn't there: a redirect may lead to anybody."""
    if same_origin(response.url, asked):
        return kind(response.url, detail)
    return UnusableDocument(response.url, f"another server, to which we were sent, says: {detail}")


def _without_fragment(uri: str) -> str:
    return uri.partition("#")[0]


def _is_at_home(found: FetchedDocument, wanted: str) -> bool:
    """Whether the id is exactly the address: as it went over the wire, or as we asked for it."""
    named = found.document.get("id")
    return named == found.url or (named == wanted and check_url(wanted, allow_http=True).url == found.url)
