"""What an address on the web leads to, of ours or of a peer: an account, a status, or nothing for us.

People paste the address that their browser shows, which is seldom the id. Ours are read from their path; of other
servers' the database is asked first, then the server itself, under a budget. Never inside a transaction. What can't be
had is None, for whatever reason: nobody learns anything about the networks around us.
"""

import re
from typing import Final

import structlog
from sqlalchemy import func, select

from federation.actors import ActorRefused, resolve_actor
from federation.client import FetchBudget, RemoteError
from federation.dereference import NotFound, fetch_document
from federation.json_ld.terms import ACTOR_TYPES
from federation.memberships import token_for
from federation.services import Services
from federation.trust.authentication import ActorGone, PeerRefused
from inbox.fetching import fetch_status
from inbox.members_only import joined_by
from models.accounts import Account
from models.statuses import Status
from models.values import dataclass

MAX_ADDRESS_CHARACTERS: Final = 2_000
FETCHES: Final = 20
_PAGE: Final = re.compile(r"/@(?P<name>[^/@?#]+)(?:/(?P<status>[0-9]{1,19}))?/?(?:[?#].*)?")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """One of the two is set."""

    account_id: int | None = None
    status_id: int | None = None


def is_address(text: str) -> bool:
    """Whether this is an address of the web."""
    return text.startswith(("https://", "http://")) and len(text) <= MAX_ADDRESS_CHARACTERS and " " not in text


async def find_by_address(
    services: Services, address: str, *, may_fetch: bool, viewer: Account | None = None
) -> Found | None:
    """What the address leads to; `may_fetch` lets us ask its server. Who may see it is decided by the caller.

    What isn't there for us may be there for members of a community: those of `viewer` are tried.
    """
    found = await _known(services, address)
    if found is not None or not may_fetch or services.addresses.is_local(address):
        return found
    try:
        return await _fetched(services, address, viewer)
    except (ActorRefused, ActorGone, PeerRefused, RemoteError) as error:
        log.info("addresses.missing", address=address, error=str(error))
        return None


async def _known(services: Services, address: str) -> Found | None:
    async with services.database.reading() as session:
        if services.addresses.is_local(address):
            page = _PAGE.fullmatch(address.removeprefix(services.addresses.origin))
            if page is not None and page["status"]:
                number = int(page["status"])
                return Found(status_id=number) if number < 2**63 else None
            if page is not None:
                query = select(Account.id).where(
                    func.lower(Account.username) == page["name"].lower(), Account.domain.is_(None)
                )
                account_id = await session.scalar(query)
                return None if account_id is None else Found(account_id=account_id)
        named = await session.scalar(select(Account.id).where(Account.uri == address))
        if named is not None:
            return Found(account_id=named)
        status_id = await session.scalar(select(Status.id).where(Status.uri == address))
        return None if status_id is None else Found(status_id=status_id)


async def _fetched(services: Services, address: str, viewer: Account | None) -> Found | None:
    budget = FetchBudget(FETCHES)
    try:
        document = (await fetch_document(services, address, budget=budget)).document
    except NotFound:
        return None if viewer is None else await _fetched_inside(services, address, viewer, budget)
    uri = str(document.get("id", ""))
    if document.get("type") in ACTOR_TYPES:
        return Found(account_id=(await resolve_actor(services, uri, budget=budget)).id)
    status = await fetch_status(services, uri, budget=budget)
    return None if status is None else Found(status_id=status.id)


async def _fetched_inside(services: Services, address: str, viewer: Account, budget: FetchBudget) -> Found | None:
    """What is for the members of one of the communities of `viewer`, at the address that is its id."""
    for group in await joined_by(services, viewer):
        try:
            if await token_for(services, group, address, budget=budget) is None:
                continue
            status = await fetch_status(services, address, budget=budget, within=group)
        except NotFound:
            continue
        if status is not None:
            return Found(status_id=status.id)
    return None
