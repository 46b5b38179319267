"""What a peer's log tells, on its way into the journal: the same questions as at the door (`inbox.receive`).

What the peer's own accounts say is believed as a document is that was fetched from its origin, unless it carries a
proof of its own that doesn't hold. What the peer passed on for others counts when it proves itself.
"""

from collections.abc import Sequence
from typing import Any, Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from federation.activity import Activity, parse_activity
from federation.json_ld import DocumentRefused
from federation.services import Services
from federation.sync.pages import PageEntry
from federation.trust.origins import same_origin
from federation.trust.proofs import breaks_own_proof, is_proven_by_actor
from inbox.journal import journal_row
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.activities import SHARED_INBOX, InboundActivity
from policy.authority import may_be_passed_on

Accepted = tuple[Activity, int]

log = structlog.get_logger(__name__)


async def accept_entries(services: Services, host: str, origin: str, entries: Sequence[PageEntry]) -> list[Accepted]:
    """Activities to be journalled, each with the id of its inbox; what isn't the peer's to say is left out."""
    accepted: list[Accepted] = []
    async with services.database.reading() as session:
        inboxes = await _inboxes(services, session, {entry.inbox_url for entry in entries})
    for entry in entries:
        inbox_id = inboxes.get(entry.inbox_url)
        activity = None if inbox_id is None else await _accept(services, origin, entry)
        if activity is None or inbox_id is None:
            log.info("sync.entry_refused", host=host, number=entry.number)
        else:
            accepted.append((activity, inbox_id))
    return accepted


async def new_rows(unit: UnitOfWork, host: str, accepted: Sequence[Accepted]) -> list[dict[str, Any]]:
    """Rows of the journal for what isn't there yet, in the order of the log."""
    keys = [activity.dedup_key for activity, _ in accepted]
    query = select(InboundActivity.dedup_key, InboundActivity.inbox_id).where(InboundActivity.dedup_key.in_(keys))
    known = {(row.dedup_key, row.inbox_id) for row in await unit.session.execute(query)}
    return [
        journal_row(unit.new_id(), activity, inbox_id=inbox_id, host=host, now=unit.now)
        for activity, inbox_id in accepted
        if (activity.dedup_key, inbox_id) not in known
    ]


async def _accept(services: Services, origin: str, entry: PageEntry) -> Activity | None:
    try:
        activity = parse_activity(entry.body)
    except DocumentRefused:
        return None
    if activity.id is None or not same_origin(activity.id, activity.actor):
        return None
    if services.addresses.is_local(activity.actor) or not services.peers.allows_url(activity.actor):
        return None
    if same_origin(activity.actor, origin):
        return None if await breaks_own_proof(services, activity) else activity
    is_news = may_be_passed_on(activity.type, activity.actor, activity.object_id)
    return activity if is_news and await is_proven_by_actor(services, activity) else None


_NAMED: Final = "/inbox"


async def _inboxes(services: Services, session: AsyncSession, urls: set[str]) -> dict[str, int]:
    """The ids of our inboxes by their URLs; what is no inbox of ours is missing."""
    addresses = services.addresses
    found = {addresses.shared_inbox: SHARED_INBOX, f"{addresses.instance_actor}{_NAMED}": INSTANCE_ACTOR_ID}
    uris = {url.removesuffix(_NAMED) for url in urls - found.keys() if url.endswith(_NAMED)}
    owners = select(Account.id, Account.uri).where(Account.uri.in_(sorted(uris)), Account.domain.is_(None))
    for account_id, uri in await session.execute(owners):
        found[f"{uri}{_NAMED}"] = account_id
    return found
