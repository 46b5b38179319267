"""What the person in front of the browser may read: `policy.visibility` plus what the office's own pages add to it.

A viewer is one of our accounts, or None for somebody who is not signed in. In a closed network nobody reads anything
without a session; in an open one strangers read what is public and ours. What is local only needs a session.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account
from models.aliases import alias_of
from models.insertion import AnySelect
from models.statuses import Status
from models.values import dataclass
from policy.visibility import visible_to

_boosted, _author = alias_of(Status), alias_of(Account)
Row = tuple[Status, Status | None, Account]


@dataclass(frozen=True, slots=True)
class Reading:
    """A database session on behalf of a viewer, now; `origin` tells links to us from links elsewhere."""

    session: AsyncSession
    viewer: Account | None
    origin: str
    now: datetime


def readable(viewer: Account | None, status: type[Status] = Status) -> ColumnElement[bool]:
    """The condition on `status` (an entity or an alias of it)."""
    if viewer is not None:
        return visible_to(viewer.id, status)
    is_ours = (
        select(_author().id)
        .where(_author().id == status.account_id, _author().domain.is_(None))
        .correlate_except(_author())
        .exists()
    )
    return and_(visible_to(None, status), is_ours)


def listing(viewer: Account | None) -> AnySelect:
    """Statuses with what they boost (or None) and with their author, as far as the viewer may read both."""
    boosted = _boosted()
    return (
        select(Status, boosted, Account)
        .join(Account, Account.id == Status.account_id)
        .outerjoin(boosted, boosted.id == Status.boost_of_id)
        .where(readable(viewer), or_(Status.boost_of_id.is_(None), readable(viewer, boosted)))
    )


async def rows_of(reading: Reading, query: AnySelect) -> list[Row]:
    """The rows of a listing."""
    return [(status, boosted, author) for status, boosted, author in await reading.session.execute(query)]


async def readable_status(session: AsyncSession, viewer: Account | None, status_id: int) -> Status | None:
    """The status with this id when the viewer may read it."""
    query = select(Status).where(Status.id == status_id, readable(viewer))
    return (await session.scalars(query)).first()
