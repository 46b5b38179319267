"""The job that asks the host of a community who holds which role in it (FEP-1b12's moderators, and ours besides).

Asked when the community's actor was read or changed, and when one of ours was let in; only while somebody here has
something to do with it. Of other software the moderators are asked alone. A collection that can't be had for good
changes nothing; a host in trouble is asked again.
"""

from typing import Any, Final

from communities.groups import COMMUNITIES
from communities.remote import concerns_somebody, keep_roles
from federation.actors import ActorRefused, resolve_actor
from federation.client import FetchBudget, RemoteError
from federation.collections import collection_pages, item_id
from federation.services import Services
from federation.trust.authentication import ActorGone, PeerRefused
from models.accounts import Account
from models.collisions import repeat_on_collision
from models.communities import Role
from policy.limits import ROLE_HOLDERS
from social.accounts import account_by_uri

# The later wins: an owner is in both of the last two.
COLLECTIONS: Final = ((Role.READER, "readers"), (Role.PUBLISHER, "publishers"), (Role.MODERATOR, "moderators"),
                      (Role.OWNER, "owners"))  # fmt: skip
FETCHES: Final = 20 + 2 * ROLE_HOLDERS


async def refresh_roles(services: Services, payload: dict[str, Any]) -> None:
    """Ask, and keep what is said. Raises RemoteError when some of it is to be asked again."""
    async with services.database.unit_of_work() as unit:
        group = await unit.session.get(Account, int(payload["group_id"]))
        if group is None or group.is_local or not group.is_active or not services.peers.allows_url(group.uri):
            return
        if not await concerns_somebody(unit, group):
            return
    budget = FetchBudget(FETCHES)
    named: dict[str, Role] = {}
    heard_of: set[Role] = set()
    for role, url in _addresses(group):
        uris = await _listed(services, url, budget)
        if uris is not None:
            heard_of.add(role)
            named |= dict.fromkeys(uris, role)
    named.pop(group.uri, None)  # to store the community is to ask for its roles again
    holders = await _accounts(services, named, budget)

    async def keep() -> None:
        async with services.database.unit_of_work() as unit:
            current = await unit.session.get(Account, group.id)
            if current is not None and current.is_active:
                await keep_roles(unit, current, holders, heard_of=heard_of)

    if heard_of:
        await repeat_on_collision(keep)


def _addresses(group: Account) -> list[tuple[Role, str]]:
    if COMMUNITIES in group.implements:
        return [(role, f"{group.uri}/collections/{name}") for role, name in COLLECTIONS]
    return [(Role.MODERATOR, group.moderators_url)] if group.moderators_url else []


async def _listed(services: Services, url: str, budget: FetchBudget) -> list[str] | None:
    """The ids in a collection, as many as are kept; None when it isn't there for us."""
    uris: list[str] = []
    try:
        async for page in collection_pages(services, url, budget=budget):
            uris += [uri for item in page if (uri := item_id(item)) is not None]
            if len(uris) >= ROLE_HOLDERS:
                break
    except PeerRefused:
        return None
    except RemoteError as error:
        if error.is_permanent:
            return None
        raise
    return uris[:ROLE_HOLDERS]


async def _accounts(services: Services, named: dict[str, Role], budget: FetchBudget) -> dict[int, Role]:
    """Whom the ids mean; who can't be had is left out."""
    found: dict[int, Role] = {}
    for uri, role in named.items():
        try:
            account = await account_named(services, uri, budget)
        except (ActorRefused, ActorGone, PeerRefused, RemoteError):
            continue
        if account is not None and not account.is_group:
            found[account.id] = role
    return found


async def account_named(services: Services, uri: str, budget: FetchBudget) -> Account | None:
    """Somebody by id, perhaps fetched; None for one of ours whom nobody knows. Raises as `resolve_actor` does."""
    if not services.addresses.is_local(uri):
        return await resolve_actor(services, uri, budget=budget)
    async with services.database.unit_of_work() as unit:
        return await account_by_uri(unit, uri)
