"""What an activity of a client refers to, fetched before its transaction, under one budget.

Nothing here tells a client why something can't be had: that would be a way to probe the networks around us. Whoever
asks gets what was found, or None.
"""

from typing import Protocol

import structlog

from federation.actors import ActorRefused, resolve_actor, resolve_handle
from federation.client import FetchBudget, RemoteError
from federation.services import Services
from federation.trust.authentication import ActorGone, PeerRefused
from models.accounts import Account
from models.statuses import Status

log = structlog.get_logger(__name__)


class FetchStatus(Protocol):
    """Finds a status here or at its server; the inbox floor has it, and the server hands it down."""

    async def __call__(self, services: Services, uri: str, *, budget: FetchBudget) -> Status | None: ...


class Lookup:
    """Finds accounts and statuses for one activity. Accounts come detached: to be read, not written to."""

    def __init__(self, services: Services, fetch_status: FetchStatus, *, requests: int = 50) -> None:
        self.services = services
        self._fetch_status = fetch_status
        self._budget = FetchBudget(requests)

    async def actor(self, uri: str, *, refresh: bool = False) -> Account | None:
        """The active account with this URI; asked anew with `refresh`."""
        try:
            account = await resolve_actor(self.services, uri, budget=self._budget, refresh=refresh)
        except (ActorRefused, ActorGone, PeerRefused, RemoteError) as error:
            log.info("c2s.actor_missing", uri=uri, error=str(error))
            return None
        return account if account.is_active else None

    async def handle(self, handle: str) -> Account | None:
        """The active account with this handle, `name` or `name@host`."""
        try:
            account = await resolve_handle(self.services, handle, budget=self._budget)
        except (ActorRefused, ActorGone, PeerRefused, RemoteError) as error:
            log.info("c2s.handle_missing", handle=handle, error=str(error))
            return None
        return account if account.is_active else None

    async def status(self, uri: str) -> None:
        """Have the status with this URI here, if it can be had; whether the owner may see it is decided later."""
        try:
            await self._fetch_status(self.services, uri, budget=self._budget)
        except (PeerRefused, RemoteError) as error:
            log.info("c2s.status_missing", uri=uri, error=str(error))
