"""Blocking: neither sees, follows or reaches the other any more."""

from sqlalchemy import and_, delete, or_, select

from models import UnitOfWork
from models.accounts import Account
from models.feeds import Notification
from models.relations import Block
from social.follows import end_follow, find_follow
from social.home_feed import remove_from_feed


async def block(unit: UnitOfWork, account: Account, target: Account, *, uri: str | None = None) -> bool:
    """Block `target`; follows in both directions end. False when it was blocked before."""
    await unit.session.flush()
    query = select(Block.id).where(Block.account_id == account.id, Block.target_id == target.id)
    if account.id == target.id or await unit.session.scalar(query) is not None:
        return False
    unit.session.add(Block(id=unit.new_id(), uri=uri, account_id=account.id, target_id=target.id, created_at=unit.now))
    for follower, followee in ((account, target), (target, account)):
        follow = await find_follow(unit, follower, followee)
        if follow is not None:
            await end_follow(unit, follow, follower, followee)
        if follower.is_local:
            await remove_from_feed(unit, follower, followee)
    await unit.session.execute(
        delete(Notification).where(
            or_(
                and_(Notification.account_id == account.id, Notification.from_account_id == target.id),
                and_(Notification.account_id == target.id, Notification.from_account_id == account.id),
            )
        )
    )
    return True


async def unblock(unit: UnitOfWork, account: Account, target: Account) -> bool:
    """Lift a block; what ended with it stays ended."""
    await unit.session.flush()
    statement = delete(Block).where(Block.account_id == account.id, Block.target_id == target.id).returning(Block.id)
    return (await unit.session.scalar(statement)) is not None


async def is_blocked_between(unit: UnitOfWork, one: Account, other: Account) -> bool:
    """Whether either has blocked the other."""
    await unit.session.flush()
    query = select(Block.id).where(
        or_(
            and_(Block.account_id == one.id, Block.target_id == other.id),
            and_(Block.account_id == other.id, Block.target_id == one.id),
        )
    )
    return (await unit.session.scalar(query)) is not None
