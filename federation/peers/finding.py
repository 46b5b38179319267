"""Who is at a domain? Asked of an instance of which nothing was decided yet, before an administrator decides.

Four questions through entrances that are open to everybody: WebFinger for the account of the instance itself, that
account's document, NodeInfo. For this one question the host is allowed and nobody else is, so that no redirect leads
anywhere else; of the answer nothing is stored but how the host is spoken to. Raises RemoteError, or CardRefused with a
sentence.
"""

from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from federation.actors.discovery import NodeInfo, node_info, webfinger
from federation.client import FetchBudget, RemoteError
from federation.dereference import fetch_document
from federation.json_ld import DocumentRefused
from federation.parse import actor_draft
from federation.peers import domain_of
from federation.peers.cards import CardRefused, InstanceCard, keys_of, text
from federation.services import Services
from social.drafts import ActorDraft

FETCHES: Final = 12
FALLBACK_NAME: Final = "instance.actor"
INSTANCE_TYPES: Final = frozenset({"Application", "Service"})


def instance_actor_name(domain: str) -> str:
    """The user name of the instance actor: the host without its port; IPv6 addresses are no user names."""
    host = domain if domain.endswith("]") else domain.rpartition(":")[0] or domain
    try:
        return host if ip_address(host.strip("[]")).version == 4 else FALLBACK_NAME
    except ValueError:
        return host


async def find_instance(services: Services, domain: str, *, remembers: bool = True) -> InstanceCard:
    """The card of the instance that answers for `domain` (in normal form).

    `remembers` keeps what it says that it implements, for how it is spoken to; not of strangers who may be anybody.
    """
    budget = FetchBudget(FETCHES)
    visit = visiting(services, domain)
    found = await webfinger(visit, f"acct:{instance_actor_name(domain)}@{domain}", domain, budget=budget)
    if not found.actor_uris:
        raise CardRefused(f"WebFinger of {domain} names no instance actor")
    actor_uri = found.actor_uris[0]
    host = domain_of(actor_uri)
    visit = visiting(services, host)  # handles may be of another domain than the server behind them
    draft = await _actor(visit, actor_uri, budget)
    if remembers:
        await services.hosts.announced(host, draft.implements)
    return _card(host, domain, draft, await _software(visit, host, budget))


def visiting(services: Services, host: str) -> Services:
    """The same services, for asking `host` and nobody else who it is."""
    return replace(services, peers=services.peers.visiting(host))


async def _actor(visit: Services, uri: str, budget: FetchBudget) -> ActorDraft:
    fetched = await fetch_document(visit, uri, budget=budget)
    try:
        draft = actor_draft(fetched.document)
    except DocumentRefused as refused:
        raise CardRefused(f"{uri} can't be read: {refused.detail}") from refused
    if draft.type not in INSTANCE_TYPES:
        raise CardRefused(f"{uri} is a {draft.type}, not the actor of an instance")
    return draft


async def _software(visit: Services, host: str, budget: FetchBudget) -> NodeInfo:
    try:
        return await node_info(visit, host, budget=budget)
    except RemoteError:
        return NodeInfo("", "")


def _card(host: str, domain: str, draft: ActorDraft, info: NodeInfo) -> InstanceCard:
    return InstanceCard(
        domain=host,
        actor_uri=draft.uri,
        inbox_url=draft.inbox,
        instance_keys=keys_of(draft),
        handle_domain=domain,
        legal_name=text(info.organization.get("legalName")),
        region=text(info.organization.get("region")),
        contact=text(info.organization.get("contact")),
        software=text(info.software),
        software_version=text(info.version),
        implements=draft.implements,
    )
