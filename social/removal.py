"""Removing everything that came from one server: its accounts, what they wrote, whom they knew.

Set-based and in portions, so that nobody waits for the writer: each call of `remove_portion` is one short unit of work.
Counts that our own people see are put right by the same statements. Nothing is buried: when the server comes back one
day, its posts may come back too.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, CursorResult, delete, func, select, update
from sqlalchemy.orm import aliased

from models import UnitOfWork
from models.accounts import Account
from models.relations import Favourite, Follow
from models.statuses import Status
from social.digests import digests_changed

STATUSES_AT_ONCE: Final = 500
ACCOUNTS_AT_ONCE: Final = 100
_QUIETLY: Final[Any] = {"synchronize_session": False}


def lives_at(origin: str) -> ColumnElement[bool]:
    """The condition for accounts of the server with this origin (`https://host`)."""
    return Account.uri.startswith(f"{origin}/", autoescape=True) & Account.domain.is_not(None)


async def left_at(unit: UnitOfWork, origin: str) -> tuple[int, int]:
    """How many accounts and statuses of a server there are still."""
    accounts = select(func.count(Account.id)).where(lives_at(origin))
    statuses = select(func.count(Status.id)).join(Account, Account.id == Status.account_id).where(lives_at(origin))
    return await unit.session.scalar(accounts) or 0, await unit.session.scalar(statuses) or 0


async def remove_portion(unit: UnitOfWork, origin: str) -> bool:
    """Remove some of it; False when nothing was left."""
    chosen = (
        select(Status.id)
        .join(Account, Account.id == Status.account_id)
        .where(lives_at(origin))
        .order_by(Status.id)
        .limit(STATUSES_AT_ONCE)
    )
    ids = list(await unit.session.scalars(chosen))
    if ids:
        await _remove_statuses(unit, ids)
        return True
    people = list(
        await unit.session.scalars(
            select(Account.id).where(lives_at(origin)).order_by(Account.id).limit(ACCOUNTS_AT_ONCE)
        )
    )
    if people:
        await _remove_accounts(unit, people)
    return bool(people)


async def _remove_statuses(unit: UnitOfWork, ids: list[int]) -> None:
    digests_changed(unit)  # boosts by ours go with what they boosted
    gone = aliased(Status)
    for link, count in ((gone.in_reply_to_id, "replies_count"), (gone.boost_of_id, "boosts_count")):
        lost = select(func.count()).where(link == Status.id, gone.id.in_(ids)).correlate(Status).scalar_subquery()
        touched = select(link).where(gone.id.in_(ids), link.is_not(None))
        await _lower(unit, Status, count, lost, Status.id.in_(touched))
    for name in ("in_reply_to_id", "quote_of_id"):
        column = getattr(Status, name)
        await unit.session.execute(
            update(Status).where(column.in_(ids)).values({name: None}).execution_options(**_QUIETLY)
        )
    await unit.session.execute(delete(Status).where(Status.id.in_(ids)).execution_options(**_QUIETLY))


async def _remove_accounts(unit: UnitOfWork, ids: list[int]) -> None:
    """Everything that hangs on an account goes with it by its foreign keys; what was counted is put right before."""
    liked = select(func.count()).where(Favourite.status_id == Status.id, Favourite.account_id.in_(ids))
    touched = select(Favourite.status_id).where(Favourite.account_id.in_(ids))
    await _lower(unit, Status, "favourites_count", liked.correlate(Status).scalar_subquery(), Status.id.in_(touched))
    for gone, stays, count in (
        (Follow.follower_id, Follow.followee_id, "followers_count"),
        (Follow.followee_id, Follow.follower_id, "following_count"),
    ):
        lost = select(func.count()).where(stays == Account.id, gone.in_(ids), Follow.state == "accepted")
        touched = select(stays).where(gone.in_(ids), Follow.state == "accepted")
        await _lower(unit, Account, count, lost.correlate(Account).scalar_subquery(), Account.id.in_(touched))
    await unit.session.execute(delete(Account).where(Account.id.in_(ids)).execution_options(**_QUIETLY))


async def _lower(unit: UnitOfWork, table: Any, count: str, by: Any, where: ColumnElement[bool]) -> CursorResult[Any]:
    column = getattr(table, count)
    made: Any = await unit.session.execute(
        update(table).where(where, column > 0).values({count: column - by}).execution_options(**_QUIETLY)
    )
    found: CursorResult[Any] = made
    return found
