"""The header of followers synchronisation (FEP-8fcf) for outgoing deliveries: glue between the queue and federation.

Goes with every Create that is addressed to followers, so that a peer notices when it has others on its list than we
do. The digests of all hosts of an author come from one SELECT, kept for a few seconds and shared by all who want them
at the same moment: a post to a thousand hosts asks once.
"""

from datetime import timedelta
from typing import Final

from federation.expiring import Expiring
from federation.flights import Flights
from federation.peers.sync import SYNCHRONIZATION_HEADER, synchronization_headers
from federation.services import Services
from models.accounts import Account
from outbox.work import Work

KEPT_FOR: Final = timedelta(seconds=10)
MAX_KEPT: Final = 256
_FOLLOWERS_ADDRESSED: Final = ("public", "unlisted", "private")


class SynchronizationHeaders:
    """Gives deliveries their extra header; one for each delivery worker."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept: Expiring[int, dict[str, str]] = Expiring(max_entries=MAX_KEPT)
        self._flights: Flights[int, dict[str, str]] = Flights()

    async def __call__(self, account_id: int, host: str, work: Work) -> dict[str, str]:
        """The headers for one delivery; none when it isn't addressed to followers there."""
        activity = work.activity
        if activity.activity_type != "Create" or activity.visibility not in _FOLLOWERS_ADDRESSED:
            return {}
        value = (await self._headers_of(account_id)).get(host)
        return {} if value is None else {SYNCHRONIZATION_HEADER: value}

    async def _headers_of(self, account_id: int) -> dict[str, str]:
        known = self._kept.get(account_id, self._services.clock())
        return known if known is not None else await self._flights.run(account_id, lambda: self._read(account_id))

    async def _read(self, account_id: int) -> dict[str, str]:
        now = self._services.clock()
        async with self._services.database.reading() as session:
            account = await session.get(Account, account_id)
            made = {} if account is None else await synchronization_headers(session, account)
        self._kept.forget_expired(now)  # 270 bytes for each host with followers
        self._kept.put(account_id, made, now, KEPT_FOR)
        return made
