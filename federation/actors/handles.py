"""Which handle an actor really has (`user@domain`): WebFinger both ways, as FEP-2c59 and Mastodon do it (case O29).

An actor's document says a name, the host of its id says a domain, and neither is proof. Believed is what the domain's
own WebFinger confirms by pointing to exactly this actor: first that of the actor's host; when it names a subject on
another domain (an instance at `social.office.example` with handles `@office.example`), or the actor does, then that
domain must confirm it too. A host whose WebFinger names another actor for the name takes the actor back: refused. A
host without WebFinger gets the benefit of the doubt for its own domain only, marked as unconfirmed.
"""

from federation.actors.discovery import Descriptor, split_handle, webfinger
from federation.client import FetchBudget, RemoteError
from federation.peers import domain_of
from federation.services import Services
from models.values import dataclass
from policy.domains import normalise_domain
from social.drafts import ActorDraft


class HandleDenied(Exception):
    """The actor's own host says that this name belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class Handle:
    """`username@domain`. `sharers` are the other actors that the same answer names (a Lemmy user and community)."""

    username: str
    domain: str
    is_confirmed: bool
    sharers: tuple[str, ...] = ()


async def confirm_handle(services: Services, draft: ActorDraft, *, budget: FetchBudget | None = None) -> Handle:
    """The handle of an actor; at most three WebFinger look-ups. Raises HandleDenied; failures only leave doubt."""
    username, host = draft.preferred_username, domain_of(draft.uri)
    claimed = split_handle(draft.webfinger) if draft.webfinger else None
    if claimed is not None:
        elsewhere = await _confirm_elsewhere(services, draft, *claimed, host=host, budget=budget)
        if elsewhere is not None:
            return elsewhere
    found = await _look_up(services, draft, username, host, budget)
    if found is None or not found.actor_uris:
        return Handle(username, host, is_confirmed=False)
    if draft.uri not in found.actor_uris:
        raise HandleDenied(f"{username}@{host} is {found.actor_uris[0]}, not {draft.uri}")
    if found.handle is not None and found.handle != claimed:
        elsewhere = await _confirm_elsewhere(services, draft, *found.handle, host=host, budget=budget)
        if elsewhere is not None:
            return elsewhere
    return Handle(username, host, is_confirmed=True, sharers=_others(found, draft.uri))


async def _confirm_elsewhere(
    services: Services, draft: ActorDraft, user: str, domain: str, *, host: str, budget: FetchBudget | None
) -> Handle | None:
    """The handle on a domain that isn't the actor's host, when that domain confirms it."""
    try:
        domain = normalise_domain(domain)
    except ValueError:
        return None
    if domain == host or user.lower() != draft.preferred_username.lower():
        return None
    found = await _look_up(services, draft, user, domain, budget)
    if found is None or draft.uri not in found.actor_uris:
        return None
    return Handle(draft.preferred_username, domain, is_confirmed=True, sharers=_others(found, draft.uri))


async def _look_up(
    services: Services, draft: ActorDraft, user: str, domain: str, budget: FetchBudget | None
) -> Descriptor | None:
    scheme = draft.uri.partition(":")[0]
    try:
        return await webfinger(services, f"acct:{user}@{domain}", domain, scheme=scheme, budget=budget)
    except RemoteError:
        return None  # not confirmed, whatever the reason; the actor is known by its host's name then


def _others(found: Descriptor, uri: str) -> tuple[str, ...]:
    return tuple(other for other in found.actor_uris if other != uri)
