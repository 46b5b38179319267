"""Followers synchronisation (FEP-8fcf), inbound: a peer tells with a delivery whom of us it counts as followers.

A digest that was looked at lately is passed over without a query; otherwise a job compares, fetches the list when the
digests differ, mends our side, and tells the peer about follows that only it believes in.
"""

from datetime import timedelta
from typing import Any, Final

from federation.actors import resolve_actor
from federation.documents import follow_activity, undo_activity
from federation.expiring import Expiring
from federation.peers.sync import Disagreement, handle_synchronization, parse_synchronization_header
from federation.services import Services
from federation.trust.authentication import Requester
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from outbox.publish import activity_uri, send_to

SYNCHRONIZE = "synchronize_followers"
HEADER: Final = "Collection-Synchronization"
SEEN_FOR = timedelta(minutes=10)
MAX_SEEN = 4096
DELAY_SECONDS = 5.0


class Synchronizer:
    """Decides which headers are worth a job; remembers a bounded number of digests. One per process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._seen: Expiring[str, bool] = Expiring(max_entries=MAX_SEEN)

    async def heard(self, requester: Requester, header: str) -> None:
        """Queue a comparison, unless this digest was compared lately."""
        claimed = parse_synchronization_header(header)
        now = self._services.clock()
        if claimed is None or not self._seen.add(f"{claimed.collection_id} {claimed.digest}", True, now, SEEN_FOR):
            return
        payload = {"actor_uri": requester.actor_uri, "key_id": requester.key_id, "host": requester.host}
        async with self._services.database.unit_of_work() as unit:
            await enqueue_job(
                unit,
                SYNCHRONIZE,
                {**payload, "header": header},
                unique_key=f"sync:{requester.actor_uri}",
                due_in=DELAY_SECONDS,
            )


async def run_synchronization(services: Services, payload: dict[str, Any]) -> None:
    """Compare and mend; raises RemoteError when the list can't be had now, to be tried again."""
    account = await resolve_actor(services, payload["actor_uri"])
    requester = Requester(
        host=payload["host"],
        actor_uri=payload["actor_uri"],
        account=account,
        key_id=payload["key_id"],
        scheme="",
    )
    found = await handle_synchronization(services, requester, payload["header"])
    if found is not None and found.unexpected:
        await _disown(services, found)


async def _disown(services: Services, found: Disagreement) -> None:
    """Tell the peer that these accounts don't follow: an Undo of the Follow that it still believes in."""
    async with services.database.unit_of_work() as unit:
        followee = await unit.session.get_one(Account, found.followee_id)
        for account_id in found.unexpected:
            await disown(services, unit, await unit.session.get_one(Account, account_id), followee)


async def disown(services: Services, unit: UnitOfWork, follower: Account, followee: Account) -> None:
    """Tell the followee's server that one of ours doesn't follow."""
    follow = follow_activity(f"{follower.uri}#follows/{followee.id}", actor_uri=follower.uri, target_uri=followee.uri)
    document = undo_activity(activity_uri(unit), follow)
    await send_to(services, unit, follower, document, followee, ordering_key=followee.uri)
