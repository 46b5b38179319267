"""What an address on the web leads to, of ours or of a peer: an account, a status, or nothing for us.

People paste the address that their browser shows, which is seldom the id. Ours are read from their path; of other
servers' the database is asked first, then the server itself, under a budget. Never inside a transaction. What can't be
had is None, for whatever reason: nobody learns anything about the networks around us.
"""

import re
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import func, select

from federation.actors import ActorRefused, resolve_actor
from federation.client import FetchBudget, RemoteError
from federation.dereference import fetch_document
from federation.json_ld.terms import ACTOR_TYPES
from federation.services import Services
from federation.trust.authentication import ActorGone, PeerRefused
from inbox.fetching import fetch_status
from models.accounts import Account
from models.statuses import Status

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


async def find_by_address(services: Services, address: str, *, may_fetch: bool) -> Found | None:
    """What the address leads to; `may_fetch` lets us ask its server. Who may see it is decided by the caller."""
    found = await _known(services, address)
    if found is not None or not may_fetch or services.addresses.is_local(address):
        return found
    try:
        return await _fetched(services, address)
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


async def _fetched(services: Services, address: str) -> Found | None:
    budget = FetchBudget(FETCHES)
    document = (await fetch_document(services, address, budget=budget)).document
    uri = str(document.get("id", ""))
    if document.get("type") in ACTOR_TYPES:
        return Found(account_id=(await resolve_actor(services, uri, budget=budget)).id)
    status = await fetch_status(services, uri, budget=budget)
    return None if status is None else Found(status_id=status.id)
