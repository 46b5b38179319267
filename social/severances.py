"""Follows that ended at once, and not by a word of those who followed: kept with their numbers, and told."""

from models import UnitOfWork
from models.accounts import Account
from models.feeds import RelationshipSeverance
from policy.notifications import Kind
from social.notifications import notify


async def tell_severed(
    unit: UnitOfWork, account: Account, kind: str, target_name: str, *, followers: int, following: int
) -> None:
    """Tell somebody of ours how many followers and followed accounts they lost; nothing where it is none.

    `kind` is domain_block, user_domain_block or account_suspension; `target_name` the domain or handle.
    """
    if not followers and not following:
        return
    event = RelationshipSeverance(
        id=unit.new_id(),
        account_id=account.id,
        kind=kind,
        target_name=target_name,
        followers_count=followers,
        following_count=following,
        created_at=unit.now,
    )
    unit.session.add(event)
    await unit.session.flush()
    notify(unit, account, Kind.SEVERED_RELATIONSHIPS, account, subject_id=event.id)
