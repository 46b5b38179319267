"""Other accounts of the same person: naming them as one's own, and moving to one of them (FEP-7628).

A move needs both sides: the account moved to names this one as an alias, and is asked anew. Lookups use the network
and come before the transaction.
"""

from datetime import timedelta

from federation.actors import ActorRefused, resolve_actor, resolve_handle
from federation.client import FetchBudget, RemoteError
from federation.services import Services
from federation.trust.authentication import ActorGone, PeerRefused
from models import UnitOfWork
from models.accounts import Account
from outbox.profile import publish_account_update, publish_move
from policy.limits import ALIASES, MOVE_COOLDOWN_DAYS

LOOKUP_FETCHES = 10


class AliasRefused(Exception):
    """The alias or the move isn't possible; the message is for its owner."""


async def find_other(services: Services, account: Account, acct: str, *, refresh: bool = False) -> Account:
    """The active account of a handle, another than `account`; with `refresh` as it is now. Raises AliasRefused."""
    budget = FetchBudget(LOOKUP_FETCHES)
    try:
        found = await resolve_handle(services, acct, budget=budget)
        if refresh:
            found = await resolve_actor(services, found.uri, budget=budget, refresh=True)
    except (ActorRefused, ActorGone, PeerRefused, RemoteError) as error:
        raise AliasRefused("there is no such account, or its server doesn't answer") from error
    if found.id == account.id or not found.is_active:
        raise AliasRefused("has to be another account that is in use")
    return found


async def publish_alias(services: Services, unit: UnitOfWork, account: Account, alias: Account) -> None:
    """Name another account as one's own, and say so. Raises AliasRefused."""
    if alias.uri in account.also_known_as:
        return
    if len(account.also_known_as) >= ALIASES:
        raise AliasRefused(f"an account may have {ALIASES} aliases at most")
    account.also_known_as = [*account.also_known_as, alias.uri]
    await publish_account_update(services, unit, account)


async def publish_alias_removal(services: Services, unit: UnitOfWork, account: Account, uri: str) -> bool:
    """Name it no more; False when it wasn't named."""
    if uri not in account.also_known_as:
        return False
    account.also_known_as = [one for one in account.also_known_as if one != uri]
    await publish_account_update(services, unit, account)
    return True


async def publish_move_to(services: Services, unit: UnitOfWork, account: Account, target: Account) -> None:
    """Move to another account of one's own; followers go along. Raises AliasRefused."""
    if account.moved_at is not None and unit.now - account.moved_at < timedelta(days=MOVE_COOLDOWN_DAYS):
        raise AliasRefused(f"an account can move once in {MOVE_COOLDOWN_DAYS} days")
    if target.moved_to_uri is not None:
        raise AliasRefused("has moved away itself")
    if account.uri not in target.also_known_as:
        raise AliasRefused("doesn't name this account as an alias yet")
    await publish_move(services, unit, account, target)


async def publish_return(services: Services, unit: UnitOfWork, account: Account) -> bool:
    """Use an account again that had moved away; who left it stays where they are. False when it hadn't moved."""
    if account.moved_to_uri is None:
        return False
    account.moved_to_uri = None
    await publish_account_update(services, unit, account)
    return True
