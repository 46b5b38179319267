"""Can a peer be reached, and is it what it should be? Asked by `tertulia doctor`.

Three questions through public entrances: NodeInfo (what runs there), WebFinger for the account of the instance itself,
and that account's document, which stays readable without being a peer. A peer that answers none of them may be down
for an hour: the caller decides whether that matters.
"""

from dataclasses import dataclass

from federation.actors.discovery import node_info, webfinger
from federation.client import RemoteError
from federation.dereference import fetch_document
from federation.peers.finding import instance_actor_name
from federation.services import Services


@dataclass(frozen=True)
class PeerReport:
    """What was found out; `problems` are sentences, none when all is well."""

    software: str | None
    actor_uri: str | None
    problems: list[str]


async def check_peer(services: Services, domain: str) -> PeerReport:
    """Ask the peer. Never raises for what lies with it."""
    problems: list[str] = []
    software = actor_uri = None
    try:
        info = await node_info(services, domain)
        software = f"{info.software} {info.version}".strip()
    except RemoteError as error:
        problems.append(f"NodeInfo of {domain} can't be read: {error.detail}.")
    try:
        found = await webfinger(services, f"acct:{instance_actor_name(domain)}@{domain}", domain)
        actor_uri = found.actor_uris[0] if found.actor_uris else None
        if actor_uri is not None:
            await fetch_document(services, actor_uri)
    except RemoteError as error:
        problems.append(f"The instance actor of {domain} can't be read: {error.detail}.")
    return PeerReport(software, actor_uri, problems)
