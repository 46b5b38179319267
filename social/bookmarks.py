"""Bookmarks: statuses that somebody wants to find again. Nobody else learns of them."""

from sqlalchemy import delete

from models import UnitOfWork
from models.accounts import Account
from models.insertion import insert_ignoring
from models.relations import Bookmark
from models.statuses import Status


async def bookmark(unit: UnitOfWork, account: Account, status: Status) -> bool:
    """Remember a status that the account may see; False when it was bookmarked before."""
    await unit.session.flush()
    statement = insert_ignoring(unit.session, Bookmark).values(
        id=unit.new_id(), account_id=account.id, status_id=status.id, created_at=unit.now
    )
    return (await unit.session.scalar(statement.returning(Bookmark.id))) is not None


async def unbookmark(unit: UnitOfWork, account: Account, status: Status) -> bool:
    """Forget a bookmark; False when there was none."""
    await unit.session.flush()
    statement = (
        delete(Bookmark)
        .where(Bookmark.account_id == account.id, Bookmark.status_id == status.id)
        .returning(Bookmark.id)
        .execution_options(synchronize_session=False)
    )
    return (await unit.session.scalar(statement)) is not None
