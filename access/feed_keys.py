"""Feed keys: what a feed reader shows instead of a session, in the address of a feed.

One a person, made anew whenever they ask, which ends the one before. It opens feeds and nothing else: addresses end up
in logs and in the hands of services that fetch feeds. Kept is its SHA-256 alone, as of every secret (`access.secrets`).
"""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from access.secrets import hash_secret, is_secret, new_secret
from models import UnitOfWork
from models.accounts import Account, User
from models.oauth import FeedKey


async def make_feed_key(unit: UnitOfWork, user_id: int) -> str:
    """A new key of somebody; the one before ends."""
    await end_feed_key(unit, user_id)
    key = new_secret()
    unit.session.add(FeedKey(user_id=user_id, key_hash=hash_secret(key), created_at=unit.now))
    await unit.session.flush()
    return key


async def end_feed_key(unit: UnitOfWork, user_id: int) -> None:
    """Have no key any more."""
    await unit.session.execute(delete(FeedKey).where(FeedKey.user_id == user_id))


async def has_feed_key(session: AsyncSession, user_id: int) -> bool:
    """Whether somebody has a key."""
    return await session.get(FeedKey, user_id) is not None


async def account_of_feed_key(session: AsyncSession, key: str | None) -> Account | None:
    """Whose key it is, unless they may not sign in any more."""
    if not is_secret(key):
        return None
    query = (
        select(Account)
        .join(User, User.account_id == Account.id)
        .join(FeedKey, FeedKey.user_id == User.id)
        .where(FeedKey.key_hash == hash_secret(key or ""))
        .where(User.disabled_at.is_(None), Account.suspended_at.is_(None), Account.gone_at.is_(None))
    )
    return (await session.scalars(query)).first()
