"""Inside the transaction: load the batch's world with a few queries, then one handler after the other.

Gates that hold for every type are here, so that no handler can forget them: the sender must be known, not one of
ours, not suspended (what takes back passes), and not have undone the activity before it came.
"""

import asyncio
from collections.abc import Sequence

from sqlalchemy import select

from federation.services import Services
from inbox.incoming import Incoming, MissingReference, Outcome, Scene
from inbox.interpret import WITH_STATUS
from inbox.registry import HANDLERS, handler_for
from models import UnitOfWork
from models.accounts import Account
from models.activities import SHARED_INBOX
from models.new_rows import rows_where
from models.questions import Question, among
from models.relations import Follow
from policy.authority import PASSES_WHEN_SUSPENDED
from social.accounts import preload_accounts, preload_authors
from social.blocks import preload_blocks
from social.follows import preload_follows
from social.interactions import preload_boosts
from social.statuses import preload_statuses
from social.tombstones import preload_buried

WITHOUT_PAUSE = 16
_FOLLOWED_HERE = Question(
    select(Follow.followee_id)
    .distinct()
    .join(Account, Account.id == Follow.follower_id)
    .where(
        among(Follow.followee_id, "senders"),
        Follow.state == "accepted",
        Account.domain.is_(None),
    )
)
_LOCAL = rows_where(Account, among(Account.id, "ids"), Account.domain.is_(None))


async def apply_all(services: Services, unit: UnitOfWork, batch: Sequence[Incoming]) -> list[Outcome]:
    """Apply a batch in its order. Raises when one of it can't be applied now; the caller then splits the batch."""
    await _load(unit, batch)
    followed = await _followed_here(unit, batch)
    owners = await _owners(unit, batch)
    outcomes = []
    for number, incoming in enumerate(batch, 1):
        outcomes.append(await _apply(services, unit, incoming, followed, owners.get(incoming.inbox_id)))
        if number % WITHOUT_PAUSE == 0:
            await asyncio.sleep(0)  # SQLite answers where we are: who reads something must not wait for a whole batch
    return outcomes


async def apply_one(services: Services, unit: UnitOfWork, incoming: Incoming) -> Outcome:
    """Apply a single activity."""
    return (await apply_all(services, unit, [incoming]))[0]


async def _load(unit: UnitOfWork, batch: Sequence[Incoming]) -> None:
    accounts: list[str] = []
    statuses: list[str] = []
    for incoming in batch:
        references = incoming.references
        accounts += (incoming.activity.actor, *references.accounts, *references.known_accounts)
        statuses += (*references.statuses, *references.known_statuses)
        if incoming.type == "Follow" and incoming.activity.object_id:
            accounts.append(incoming.activity.object_id)
    await preload_accounts(unit, accounts)
    await _load_follows(unit, batch)
    await preload_statuses(unit, [uri for uri in statuses if unit.accounts.get(uri) is None])
    await preload_authors(unit, [status.account_id for status in unit.statuses.values() if status is not None])
    await _load_reactions(unit, batch)
    activities = [one.activity for incoming in batch for one in (incoming, *incoming.inner)]
    ids = [activity.id for activity in activities if activity.id]
    objects = [uri for activity in activities for uri in activity.object_ids]
    await preload_buried(unit, [*ids, *objects])


async def _load_follows(unit: UnitOfWork, batch: Sequence[Incoming]) -> None:
    """What is asked before somebody may follow one of ours."""
    wishes: list[tuple[Account, Account, str]] = []
    for incoming in batch:
        activity = incoming.activity
        sender, followee = unit.accounts.get(activity.actor), unit.accounts.get(activity.object_id or "")
        if incoming.type == "Follow" and sender and followee and followee.is_local and activity.id:
            wishes.append((sender, followee, activity.id))
    await preload_follows(unit, wishes)
    await preload_blocks(unit, [(sender.id, followee.id) for sender, followee, _ in wishes if sender is not followee])


async def _load_reactions(unit: UnitOfWork, batch: Sequence[Incoming]) -> None:
    """What is asked before somebody may react to a status: blocks between both, and whether it is boosted already."""
    blocks: list[tuple[int, int]] = []
    boosts: list[tuple[int, int]] = []
    for incoming in batch:
        sender = unit.accounts.get(incoming.activity.actor)
        if sender is None or incoming.type in WITH_STATUS:
            continue
        for uri in (*incoming.references.statuses, *incoming.references.known_statuses):
            status = unit.statuses.get(uri)
            if status is not None and status.account_id != sender.id:
                blocks.append((sender.id, status.account_id))
            if status is not None and incoming.type == "Announce":
                boosts.append((sender.id, status.id))
    await preload_blocks(unit, blocks)
    await preload_boosts(unit, boosts)


async def _followed_here(unit: UnitOfWork, batch: Sequence[Incoming]) -> set[int]:
    """Ids of the senders whom somebody here follows."""
    senders = [account.id for incoming in batch if (account := unit.accounts.get(incoming.activity.actor))]
    rows = await unit.session.ask(_FOLLOWED_HERE, {"senders": sorted(set(senders))})
    return {followee_id for (followee_id,) in rows}


async def _owners(unit: UnitOfWork, batch: Sequence[Incoming]) -> dict[int, Account]:
    """Those in whose inboxes the batch lies, by their ids; who is followed is at hand already."""
    ids = {incoming.inbox_id for incoming in batch} - {SHARED_INBOX}
    owners = {one.id: one for one in unit.accounts.values() if one is not None and one.is_local and one.id in ids}
    others = sorted(ids - owners.keys())
    if others:
        owners |= {one.id: one for one in await unit.session.find(Account, _LOCAL, {"ids": others})}
    return owners


async def _apply(
    services: Services,
    unit: UnitOfWork,
    incoming: Incoming,
    followed: set[int],
    owner: Account | None,
) -> Outcome:
    handler = handler_for(incoming)
    if handler is None:
        return Outcome.UNSUPPORTED
    sender = unit.accounts.get(incoming.activity.actor)
    if sender is None:
        if incoming.type == "Delete" or incoming.activity.actor in incoming.absent:
            return Outcome.UNRELATED
        raise MissingReference(incoming.activity.actor)
    if sender.is_local:
        return Outcome.FORBIDDEN
    if not sender.is_active and incoming.type not in PASSES_WHEN_SUSPENDED:
        return Outcome.FORBIDDEN
    if not services.peers.allows_url(sender.uri):
        return Outcome.FORBIDDEN  # its server was suspended while this was on its way
    scene = Scene(services, unit, sender, incoming, HANDLERS, owner, followed)
    if incoming.type != "Undo" and scene.is_undone():
        return Outcome.SUPERSEDED
    return await handler.apply(scene)
