"""The home feed, written when a status arrives: one INSERT … SELECT for all new statuses of a unit.

A local follower gets a status of somebody they follow when it is public, unlisted or private, and, for a reply, when it
answers the author, the reader, or somebody whom the reader follows too. Boosts can be switched off per follow, and a
boost of somebody whom the reader blocked (or who blocked the reader) is left out. Local authors see their own.
"""

from functools import cache

from sqlalchemy import ColumnElement, and_, bindparam, delete, or_, select
from sqlalchemy.orm import aliased

from models import UnitOfWork
from models.accounts import Account, User
from models.feeds import FeedEntry
from models.insertion import Insert, ignoring, insert_missing, insert_selected
from models.relations import Block, Follow
from models.statuses import Status
from models.visibility import Visibility

IN_FEEDS = (Visibility.PUBLIC.value, Visibility.UNLISTED.value, Visibility.PRIVATE.value)
BACKFILLED_STATUSES = 40


def add_to_feeds(unit: UnitOfWork, status: Status, author: Account) -> None:
    """Have a new status shown to the author's local followers, and to the author when local."""
    if author.is_local:
        unit.defer(_add_to_own, status)
    if status.visibility in IN_FEEDS:
        unit.defer(_fan_out, status.id)


async def _add_to_own(unit: UnitOfWork, statuses: list[Status]) -> None:
    rows = [{"account_id": status.account_id, "status_id": status.id} for status in statuses]
    await insert_missing(unit.session, FeedEntry, rows)


async def _fan_out(unit: UnitOfWork, status_ids: list[int]) -> None:
    is_sqlite = unit.session.get_bind().dialect.name == "sqlite"
    await unit.session.execute(_fan_out_statement(is_sqlite), {"status_ids": status_ids})


@cache
def _fan_out_statement(is_sqlite: bool) -> Insert:
    """Made once: to build it takes longer than to run it."""
    query = (
        select(Follow.follower_id, Status.id)
        .join(Follow, Follow.followee_id == Status.account_id)
        .join(User, User.account_id == Follow.follower_id)
        .where(
            Status.id.in_(bindparam("status_ids", expanding=True)), Follow.state == "accepted", _wanted_by_follower()
        )
    )
    return ignoring(is_sqlite, FeedEntry).from_select(["account_id", "status_id"], query)


def _wanted_by_follower() -> ColumnElement[bool]:
    also = aliased(Follow)
    boosted = aliased(Status)
    follows_parent = (
        select(also.id)
        .where(
            also.follower_id == Follow.follower_id,
            also.followee_id == Status.in_reply_to_account_id,
            also.state == "accepted",
        )
        .exists()
    )
    blocks_boosted = (
        select(Block.id)
        .join(boosted, boosted.id == Status.boost_of_id)
        .where(
            or_(
                and_(Block.account_id == Follow.follower_id, Block.target_id == boosted.account_id),
                and_(Block.target_id == Follow.follower_id, Block.account_id == boosted.account_id),
            )
        )
        .exists()
    )
    is_answer_for_reader = or_(
        Status.in_reply_to_uri.is_(None),
        Status.in_reply_to_account_id == Status.account_id,
        Status.in_reply_to_account_id == Follow.follower_id,
        follows_parent,
    )
    is_wanted_boost = or_(Status.boost_of_id.is_(None), and_(Follow.shows_boosts, ~blocks_boosted))
    return and_(is_answer_for_reader, is_wanted_boost)


async def backfill_feed(unit: UnitOfWork, follower: Account, followee: Account) -> None:
    """Show the newest statuses of somebody who is followed from now on."""
    newest = (
        select(Status.id)
        .where(Status.account_id == followee.id, Status.visibility.in_(IN_FEEDS))
        .order_by(Status.id.desc())
        .limit(BACKFILLED_STATUSES)
    )
    await unit.session.flush()
    await insert_selected(
        unit.session,
        FeedEntry,
        ["account_id", "status_id"],
        select(Follow.follower_id, Status.id)
        .join(Follow, Follow.followee_id == Status.account_id)
        .where(Status.id.in_(newest), Follow.follower_id == follower.id, _wanted_by_follower()),
    )


async def remove_from_feed(unit: UnitOfWork, reader: Account, author: Account) -> None:
    """Take what `author` wrote, or is boosted from, out of the reader's feed."""
    boosted = aliased(Status)
    written = select(Status.id).where(Status.account_id == author.id)
    boosts = select(Status.id).join(boosted, boosted.id == Status.boost_of_id).where(boosted.account_id == author.id)
    await unit.session.execute(
        delete(FeedEntry)
        .where(
            FeedEntry.account_id == reader.id,
            or_(FeedEntry.status_id.in_(written), FeedEntry.status_id.in_(boosts)),
        )
        .execution_options(synchronize_session=False)
    )
