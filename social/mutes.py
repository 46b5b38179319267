"""Muting: somebody isn't seen for a while, or for good, and never learns of it.

A mute takes what the other wrote out of feeds and lists, and, unless it spares notifications, what they told us. When
it is lifted or its time is over, what was written lately comes back for who still follows them. An expired mute has
no effect, whether `end_expired_mutes` (housekeeping) has removed it yet or not.
"""

from datetime import timedelta

from sqlalchemy import delete, select, update

from models import UnitOfWork
from models.accounts import Account
from models.feeds import Notification
from models.insertion import insert_ignoring
from models.relations import ConversationMute, Mute
from models.statuses import Status
from social.home_feed import backfill_feed, remove_from_feed

EXPIRED_AT_ONCE = 200
MAX_MUTE_SECONDS = 100 * 365 * 24 * 3600


async def mute(
    unit: UnitOfWork,
    account: Account,
    target: Account,
    *,
    hides_notifications: bool = True,
    duration_seconds: int = 0,
) -> bool:
    """Mute `target`, for good when the duration is 0; a mute that is there is changed. False for oneself."""
    if account.id == target.id:
        return False
    expires_at = unit.now + timedelta(seconds=min(duration_seconds, MAX_MUTE_SECONDS)) if duration_seconds > 0 else None
    await unit.session.flush()
    await unit.session.execute(
        # Two requests at once, as from an impatient finger, must not fail.
        insert_ignoring(unit.session, Mute).values(
            id=unit.new_id(), account_id=account.id, target_id=target.id, created_at=unit.now, hides_notifications=True
        )
    )
    await unit.session.execute(
        update(Mute)
        .where(Mute.account_id == account.id, Mute.target_id == target.id)
        .values(hides_notifications=hides_notifications, expires_at=expires_at)
    )
    await remove_from_feed(unit, account, target)
    if hides_notifications:
        await unit.session.execute(
            delete(Notification)
            .where(Notification.account_id == account.id, Notification.from_account_id == target.id)
            .execution_options(synchronize_session=False)
        )
    return True


async def unmute(unit: UnitOfWork, account: Account, target: Account) -> bool:
    """Lift a mute; False when there was none."""
    muted = await find_mute(unit, account, target)
    if muted is None:
        return False
    await unit.session.delete(muted)
    await backfill_feed(unit, account, target)
    return True


async def find_mute(unit: UnitOfWork, account: Account, target: Account) -> Mute | None:
    """The mute, expired or not."""
    await unit.session.flush()
    query = select(Mute).where(Mute.account_id == account.id, Mute.target_id == target.id)
    return (await unit.session.scalars(query)).first()


async def end_expired_mutes(unit: UnitOfWork) -> int:
    """Remove mutes whose time is over, and show again what they hid; returns how many."""
    query = select(Mute).where(Mute.expires_at <= unit.now).order_by(Mute.expires_at).limit(EXPIRED_AT_ONCE)
    expired = (await unit.session.scalars(query)).all()
    for one in expired:
        account = await unit.session.get_one(Account, one.account_id)
        target = await unit.session.get_one(Account, one.target_id)
        await unit.session.delete(one)
        await backfill_feed(unit, account, target)
    return len(expired)


async def mute_conversation(unit: UnitOfWork, account: Account, status: Status) -> bool:
    """No more notifications from the conversation of `status`; False when it was muted before."""
    statement = insert_ignoring(unit.session, ConversationMute).values(
        account_id=account.id, conversation_id=status.conversation_id, created_at=unit.now
    )
    return (await unit.session.scalar(statement.returning(ConversationMute.account_id))) is not None


async def unmute_conversation(unit: UnitOfWork, account: Account, status: Status) -> bool:
    """Be told of the conversation again; False when it wasn't muted."""
    statement = (
        delete(ConversationMute)
        .where(ConversationMute.account_id == account.id, ConversationMute.conversation_id == status.conversation_id)
        .returning(ConversationMute.account_id)
        .execution_options(synchronize_session=False)
    )
    return (await unit.session.scalar(statement)) is not None
