"""Asking other servers who is who: WebFinger (RFC 7033), host-meta (RFC 6415) where it is needed, NodeInfo.

Answers are claims of the host that was asked, about itself; `actors.handles` decides what to believe. They are read
under the limits of every document and come from nobody but allowed hosts. Hosts are asked over https; an instance whose
own origin is http asks over http first, which the client only lets through to its allowed networks.

`webfinger` and `node_info` raise RemoteError (LookupFailed when the answer is no use).
"""

import re
from dataclasses import field
from html import unescape
from typing import Any, Final
from urllib.parse import quote

from federation.client import FetchBudget, RemoteError, Response
from federation.dereference import HostNotAllowed, check_peer, is_activitypub
from federation.json_ld import DocumentRefused, JsonObject, parse_document
from federation.peers import domain_of
from federation.services import Services
from federation.trust.origins import has_origin, same_origin
from models.values import dataclass
from policy.domains import normalise_domain

MAX_BYTES: Final = 65_536
MAX_LINKS: Final = 100
ACCEPT_JRD: Final = "application/jrd+json, application/json;q=0.9"
ACCEPT_XRD: Final = "application/xrd+xml, application/xml;q=0.9"
ACCEPT_JSON: Final = "application/json"
NODEINFO: Final = "http://nodeinfo.diaspora.software/ns/schema/"
_JSON_TYPES: Final = ("application/jrd+json", "application/json")
_NOT_IN_HANDLES: Final = re.compile(r"[\s/?#@]")
_LINK: Final = re.compile(r"<Link\b([^<>]{1,2000})>")
_ATTRIBUTE: Final = re.compile(r"""\b(rel|template)[ \t]{0,5}=[ \t]{0,5}(?:"([^"<>]*)"|'([^'<>]*)')""")


class LookupFailed(RemoteError):
    """The host doesn't know, or its answer can't be read."""

    is_permanent = True


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A JRD (RFC 7033 §4.4): its subject, and the ActivityPub ids that it calls `self`."""

    subject: str | None
    aliases: tuple[str, ...]
    actor_uris: tuple[str, ...]

    @property
    def handle(self) -> tuple[str, str] | None:
        """User and host of an `acct:` subject."""
        return split_handle(self.subject) if self.subject and self.subject.startswith("acct:") else None


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """What a host says that it runs; `organization` is what a Tertulia office says of whose it is."""

    software: str
    version: str
    organization: JsonObject = field(default_factory=dict)


def split_handle(text: str) -> tuple[str, str] | None:
    """(user, host) of `user@host`, `@user@host` or `acct:user@host`; None when it is none of these."""
    user, at, host = text.strip().removeprefix("acct:").removeprefix("@").rpartition("@")
    if not at or not user or not host or len(text) > 512 or _NOT_IN_HANDLES.search(user + host):
        return None
    return user, host


async def webfinger(
    services: Services, resource: str, host: str, *, scheme: str | None = None, budget: FetchBudget | None = None
) -> Descriptor:
    """What `host` says about `resource` (`acct:user@host`, or a URL). `scheme` is tried first. Raises RemoteError."""
    path = f"/.well-known/webfinger?resource={quote(resource, safe=':@')}"
    response = await _ask(services, host, path, ACCEPT_JRD, scheme, budget)
    if response.status in (400, 404, 405, 501):
        template = await _template(services, host, scheme, budget)
        response = await _get(services, template.replace("{uri}", quote(resource, safe="")), ACCEPT_JRD, budget)
    return _descriptor(_json(response))


async def node_info(services: Services, host: str, *, budget: FetchBudget | None = None) -> NodeInfo:
    """The software behind a host (NodeInfo 2.x); it may only point to itself. Raises RemoteError."""
    response = await _ask(services, host, "/.well-known/nodeinfo", ACCEPT_JSON, None, budget)
    links = {link.get("rel"): link.get("href") for link in _objects(_json(response).get("links"))}
    for schema in ("2.1", "2.0", "2.2"):
        href = links.get(NODEINFO + schema)
        if isinstance(href, str) and same_origin(href, response.url):
            break
    else:
        raise LookupFailed(response.url, "no NodeInfo of the host itself")
    found = await _get(services, href, ACCEPT_JSON, budget)
    if not same_origin(found.url, href):
        raise LookupFailed(found.url, "no NodeInfo of the host itself")
    document = _json(found)
    software, metadata = document.get("software"), document.get("metadata")
    organization = metadata.get("organization") if isinstance(metadata, dict) else None
    name, version = (software.get("name"), software.get("version")) if isinstance(software, dict) else (None, None)
    if not isinstance(name, str) or not name:
        raise LookupFailed(found.url, "NodeInfo without a software's name")
    return NodeInfo(
        name[:100],
        version[:100] if isinstance(version, str) else "",
        organization if isinstance(organization, dict) else {},
    )


def schemes(services: Services, first: str | None = None) -> list[str]:
    """In which schemes a host is asked, in order: https alone, unless our own origin is http."""
    if not services.addresses.origin.startswith("http:"):
        return ["https"]
    return ["https", "http"] if first == "https" else ["http", "https"]


async def _ask(
    services: Services, host: str, path: str, accept: str, scheme: str | None, budget: FetchBudget | None
) -> Response:
    try:
        name = normalise_domain(host)
    except ValueError as error:
        raise LookupFailed("", "that is not a host") from error
    if name in (normalise_domain(services.addresses.domain), domain_of(services.addresses.origin)):
        raise HostNotAllowed(f"https://{name}/", "that is this office itself")
    failure: RemoteError | None = None
    for attempt in schemes(services, scheme):
        try:
            return await _get(services, f"{attempt}://{name}{path}", accept, budget)
        except RemoteError as error:
            failure = failure or error
    assert failure is not None
    raise failure


async def _get(services: Services, url: str, accept: str, budget: FetchBudget | None) -> Response:
    async def unsigned(_method: str, hop: str, _body: bytes | None) -> dict[str, str]:
        await check_peer(services, hop)  # of every hop: a redirect may lead to where we don't ask
        return {}

    return await services.client.get(url, accept=accept, sign=unsigned, budget=budget, max_bytes=MAX_BYTES)


async def _template(services: Services, host: str, scheme: str | None, budget: FetchBudget | None) -> str:
    """Where host-meta says that WebFinger is: a host may leave it to another one."""
    response = await _ask(services, host, "/.well-known/host-meta", ACCEPT_XRD, scheme, budget)
    if response.status == 200:
        for link in _LINK.finditer(response.body[:MAX_BYTES].decode("utf-8", "replace")):
            attributes = {name: unescape(double or single) for name, double, single in _ATTRIBUTE.findall(link[1])}
            template = attributes.get("template", "")
            if attributes.get("rel") == "lrdd" and "{uri}" in template:
                return template
    raise LookupFailed(response.url, "neither WebFinger nor host-meta")


def _json(response: Response) -> JsonObject:
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if response.status != 200:
        raise LookupFailed(response.url, f"the host answered {response.status}")
    if media_type not in _JSON_TYPES and not is_activitypub(response.headers.get("Content-Type", "")):
        raise LookupFailed(response.url, "the answer is not JSON (content type)")
    try:
        return parse_document(response.body)
    except DocumentRefused as refused:
        raise LookupFailed(response.url, f"the answer can't be read: {refused.detail}") from refused


def _descriptor(document: JsonObject) -> Descriptor:
    subject, aliases = document.get("subject"), document.get("aliases")
    links = [link for link in _objects(document.get("links")) if link.get("rel") == "self"]
    actors = [link["href"] for link in links if _is_actor_link(link)]
    return Descriptor(
        subject=subject if isinstance(subject, str) else None,
        aliases=tuple(alias for alias in aliases[:MAX_LINKS] if isinstance(alias, str))
        if isinstance(aliases, list)
        else (),
        actor_uris=tuple(dict.fromkeys(actors)),
    )


def _is_actor_link(link: dict[str, Any]) -> bool:
    href, kind = link.get("href"), link.get("type")
    return isinstance(href, str) and isinstance(kind, str) and is_activitypub(kind) and has_origin(href)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value[:MAX_LINKS] if isinstance(item, dict)] if isinstance(value, list) else []
