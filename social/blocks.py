"""Blocking: neither sees, follows or reaches the other any more."""

from collections.abc import Iterable

from sqlalchemy import and_, delete, or_, select

from models import UnitOfWork
from models.accounts import Account
from models.feeds import Notification
from models.questions import Question, among
from models.relations import Block
from social.follows import end_follow, find_follow
from social.home_feed import remove_from_feed

_AMONG = Question(
    select(Block.account_id, Block.target_id).where(among(Block.account_id, "ids"), among(Block.target_id, "ids"))
)


async def block(unit: UnitOfWork, account: Account, target: Account, *, uri: str | None = None) -> bool:
    """Block `target`; follows in both directions end. False when it was blocked before."""
    await unit.session.flush()
    query = select(Block.id).where(Block.account_id == account.id, Block.target_id == target.id)
    if account.id == target.id or await unit.session.scalar(query) is not None:
        return False
    unit.blocks[frozenset((account.id, target.id))] = True
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
    unit.blocks.pop(frozenset((account.id, target.id)), None)  # the other may block too
    statement = delete(Block).where(Block.account_id == account.id, Block.target_id == target.id).returning(Block.id)
    return (await unit.session.scalar(statement)) is not None


async def block_by_uri(unit: UnitOfWork, uri: str) -> Block | None:
    """The block whose Block activity has this id."""
    await unit.session.flush()
    return (await unit.session.scalars(select(Block).where(Block.uri == uri))).first()


async def preload_blocks(unit: UnitOfWork, pairs: Iterable[tuple[int, int]]) -> None:
    """Look up with one query whether the accounts of each pair of ids have blocked one another."""
    wanted = {frozenset(pair) for pair in pairs} - unit.blocks.keys()
    if not wanted:
        return
    await unit.session.flush()
    rows = await unit.session.ask(_AMONG, {"ids": sorted(frozenset[int]().union(*wanted))})
    blocked = {frozenset(row) for row in rows}
    unit.blocks.update({pair: pair in blocked for pair in wanted})


async def is_blocked_between(unit: UnitOfWork, one: Account, other: Account) -> bool:
    """Whether either has blocked the other."""
    await preload_blocks(unit, [(one.id, other.id)])
    return unit.blocks[frozenset((one.id, other.id))]
