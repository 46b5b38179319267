"""Can a peer be reached, does it take us for a peer, and is it what it should be? Asked by `tertulia doctor`.

From outside to inside: the name and the certificate, NodeInfo (what runs there), WebFinger for the account of the
instance itself, its document, and then something that in a closed network only a peer gets, asked for under our
signature: the outbox of its instance actor. What the last step is answered tells whether the other side knows us and
believes our key. Last, its clock against ours. Each problem is a sentence with what to do; later steps are left out
when what they stand on is broken.
"""

from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from federation.actors.discovery import node_info, schemes, webfinger
from federation.client import RemoteError, RemoteTimeout, RemoteUnreachable
from federation.dereference import AccessDenied, HostTroubled, fetch_document, fetch_signed
from federation.peers.finding import instance_actor_name
from federation.services import Services
from federation.trust.origins import same_origin
from server.tls_check import look_at

MAX_CLOCK_SECONDS = 30.0


@dataclass(frozen=True)
class PeerReport:
    """What was found out; `problems` are sentences, none when all is well, `notes` worth knowing."""

    software: str | None
    actor_uri: str | None
    problems: list[str]
    notes: list[str] = field(default_factory=list)
    is_out_of_reach: bool = False


async def check_peer(services: Services, domain: str) -> PeerReport:
    """Ask the peer. Never raises for what lies with it."""
    door = await look_at(domain, is_plain=schemes(services)[0] == "http")
    if door.problem is not None:
        return PeerReport(None, None, [door.problem])
    notes = []
    if door.valid_until is not None and door.soon(services.clock()):
        notes.append(f"Its certificate ends on {door.valid_until:%Y-%m-%d}: tell its administrator to renew it.")
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
            document = (await fetch_document(services, actor_uri)).document
            problems += await _signed_round_trip(services, domain, actor_uri, document.get("outbox"))
    except RemoteError as error:
        problems.append(f"The instance actor of {domain} can't be read: {error.detail}.")
    is_out_of_reach = software is None and actor_uri is None
    if not problems:
        problems += await _clock_problems(services, domain)
    return PeerReport(software, actor_uri, problems, notes, is_out_of_reach)


async def _signed_round_trip(services: Services, domain: str, actor_uri: str, outbox_uri: object) -> list[str]:
    if not isinstance(outbox_uri, str) or not same_origin(outbox_uri, actor_uri):
        return []
    try:
        await fetch_signed(services, outbox_uri)
    except AccessDenied as denied:
        us = services.addresses.authority
        return [
            f"{domain} doesn't take what we sign for that of a peer ({denied.detail}): an administrator there runs "
            f"`tertulia peer show {us}`, and compares the fingerprint with that of `tertulia keys show` here."
        ]
    except (HostTroubled, RemoteTimeout, RemoteUnreachable) as error:
        return [f"{domain} doesn't answer a signed request: {error.detail}."]
    except RemoteError:
        return []  # it has read the request and has nothing there: that is enough
    return []


async def _clock_problems(services: Services, domain: str) -> list[str]:
    ahead = await clock_ahead(services, domain)
    if ahead is None or abs(ahead) <= MAX_CLOCK_SECONDS:
        return []
    way = "ahead of" if ahead > 0 else "behind"
    return [f"Its clock is {abs(ahead):.0f} s {way} ours: let NTP set both, or signatures will be refused."]


async def clock_ahead(services: Services, domain: str) -> float | None:
    """How many seconds the clock of a host is ahead of ours, by the `Date` of an answer; None when it doesn't tell."""
    for scheme in schemes(services):
        try:
            response = await services.client.get(f"{scheme}://{domain}/.well-known/nodeinfo", accept="*/*")
            return (parsedate_to_datetime(response.headers.get("Date", "")) - services.clock()).total_seconds()
        except (RemoteError, ValueError, TypeError):
            continue
    return None
