"""Home and list feeds, written when a status arrives: one INSERT … SELECT for all new statuses of a unit, for each.

A local follower gets a status of somebody they follow when it is public, unlisted or private (or mentions them), and,
for a reply, when it answers the author, the reader, or somebody whom the reader follows too. A follow may be without
boosts, or limited to some languages. Nothing comes from whom the reader muted, nor boosts of what they don't want to
read (`policy.timelines`). Local authors see their own.

What opens a thread in a community comes to its members by the community's boost, so not from its author as well; what
is for the members alone comes to nobody else. An author needs no boost of what they posted there themselves.

A list gets what its owner would get at home from its members, less the replies that its policy leaves out; members of
an exclusive list are read there alone. What somebody unfollowed, muted or blocked goes from both; what was left out
while a mute was in force comes back, the newest of it, when the mute is lifted.
"""

from functools import cache
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from models import UnitOfWork
from models.accounts import Account, User
from models.aliases import narrow_alias
from models.base import UtcDateTime
from models.bulk import Bulk
from models.feeds import AccountList, FeedEntry, ListEntry, ListMember
from models.insertion import AnySelect, ignoring, insert_missing
from models.questions import among
from models.relations import Follow
from models.statuses import Mention, Status
from models.visibility import Visibility
from policy.communities import belongs_to
from policy.timelines import muted_by, unwanted_by
from policy.visibility import for_members

IN_FEEDS = (Visibility.PUBLIC.value, Visibility.UNLISTED.value, Visibility.PRIVATE.value)
BACKFILLED_STATUSES = 40
_NOW: Final = bindparam("now", type_=UtcDateTime())
_GIVEN: Final = ("status_ids", "now")
_AS_IT_IS: Final = literal_column("0", Integer)  # an offset: PostgreSQL doesn't look for another way around it


def add_to_feeds(unit: UnitOfWork, status: Status) -> None:
    """Have a new status shown to the author's local followers."""
    if status.visibility in IN_FEEDS:
        unit.defer(_fan_out, status.id)
    else:
        unit.defer(_fan_out_to_mentioned, status.id)


def add_to_own_feed(unit: UnitOfWork, status: Status, author: Account) -> None:
    """Have a new status shown to its local author."""
    if not author.is_group:  # nobody reads the home of a community
        unit.defer(_add_to_own, status, is_gathered=True)


async def _add_to_own(unit: UnitOfWork, statuses: list[Status]) -> None:
    rows = [{"account_id": status.account_id, "status_id": status.id} for status in statuses]
    await insert_missing(unit.session, FeedEntry, rows)


async def _fan_out(unit: UnitOfWork, status_ids: list[int]) -> None:
    is_sqlite = _is_sqlite(unit)
    parameters = {"status_ids": status_ids, "now": unit.now}
    async with unit.session.gathering():  # the statuses are there: whatever was gathered has been sent
        await _home_statement(is_sqlite).write(unit.session, [parameters])
        await _list_statement(is_sqlite).write(unit.session, [parameters])


async def _fan_out_to_mentioned(unit: UnitOfWork, status_ids: list[int]) -> None:
    statement = _mentioned_statement(_is_sqlite(unit))
    await statement.write(unit.session, [{"status_ids": status_ids, "now": unit.now}])


def _is_sqlite(unit: UnitOfWork) -> bool:
    return unit.session.get_bind().dialect.name == "sqlite"


# Made once, all of them: to build a statement takes longer than to run it.
@cache
def _home_statement(is_sqlite: bool) -> Bulk:
    query = home_query(is_sqlite).where(among(Status.id, "status_ids"))
    return Bulk(ignoring(is_sqlite, FeedEntry).from_select(["account_id", "status_id"], query), _GIVEN, is_apart=True)


@cache
def _mentioned_statement(is_sqlite: bool) -> Bulk:
    query = (
        home_query(is_sqlite)
        .join(Mention, and_(Mention.status_id == Status.id, Mention.account_id == Follow.follower_id))
        .where(among(Status.id, "status_ids"))
    )
    return Bulk(ignoring(is_sqlite, FeedEntry).from_select(["account_id", "status_id"], query), _GIVEN)


@cache
def _list_statement(is_sqlite: bool) -> Bulk:
    query = list_query(is_sqlite).where(among(Status.id, "status_ids"))
    return Bulk(ignoring(is_sqlite, ListEntry).from_select(["list_id", "status_id"], query), _GIVEN, is_apart=True)


@cache
def home_query(is_sqlite: bool) -> AnySelect:
    """Who gets which status at home, to be narrowed down to some statuses; wants the parameter `now`."""
    membership = aliased(ListMember)
    is_read_in_list = (
        select(AccountList.id)
        .join(membership, membership.list_id == AccountList.id)
        .where(
            AccountList.account_id == User.account_id,
            AccountList.is_exclusive,
            membership.account_id == Status.account_id,
        )
        .correlate_except(AccountList, membership)
        .exists()
    )
    return (
        select(User.account_id, Status.id)
        .select_from(Status)
        .join(Follow, Follow.followee_id == Status.account_id)
        .join(User, User.account_id == Follow.follower_id)
        .where(
            Follow.state == "accepted",
            _wanted_through_follow(is_sqlite, User.account_id),
            ~is_read_in_list,
            _comes_from_author(User.account_id),
        )
    )


@cache
def list_query(is_sqlite: bool) -> AnySelect:
    """Which list gets which status, to be narrowed down to some statuses; wants the parameter `now`."""
    replied_to = aliased(ListMember)
    answers_member = (
        select(replied_to.id)
        .where(replied_to.list_id == AccountList.id, replied_to.account_id == Status.in_reply_to_account_id)
        .correlate_except(replied_to)
        .exists()
    )
    is_allowed_reply = or_(
        Status.in_reply_to_uri.is_(None),
        Status.in_reply_to_account_id == Status.account_id,
        Status.in_reply_to_account_id == AccountList.account_id,
        AccountList.replies_policy == "followed",
        and_(AccountList.replies_policy == "list", answers_member),
    )
    follow = and_(
        Follow.follower_id == AccountList.account_id,
        Follow.followee_id == Status.account_id,
        Follow.state == "accepted",
    )
    return (
        select(ListMember.list_id, Status.id)
        .join(ListMember, ListMember.account_id == Status.account_id)
        .join(AccountList, AccountList.id == ListMember.list_id)
        .outerjoin(Follow, follow)
        .where(
            is_allowed_reply,
            or_(
                AccountList.account_id == Status.account_id,
                and_(Follow.id.is_not(None), _wanted_through_follow(is_sqlite, AccountList.account_id)),
            ),
        )
    )


def _wanted_through_follow(is_sqlite: bool, reader: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """What a follow brings to the follower: replies to whom they know, boosts and languages as they chose.

    `reader` is the follower by another name, which only local ones have: nothing is asked about the others.
    """
    also = narrow_alias(Follow, "id", "follower_id", "followee_id", "state")
    boosted = narrow_alias(Status, "id", "account_id", "group_id")
    follows_parent = (
        select(also.c.id)
        .where(
            also.c.follower_id == reader,
            also.c.followee_id == Status.in_reply_to_account_id,
            also.c.state == "accepted",
        )
        .correlate_except(also)
        .exists()
    )
    unwanted_boost = (
        select(boosted.c.id)
        .where(
            boosted.c.id == Status.boost_of_id,
            or_(
                unwanted_by(reader, boosted.c.account_id, now=_NOW),
                and_(boosted.c.account_id == reader, boosted.c.group_id == Status.account_id),
            ),
        )
        .correlate_except(boosted)
        .exists()
    )
    is_answer_for_reader = or_(
        Status.in_reply_to_uri.is_(None),
        Status.in_reply_to_account_id == Status.account_id,
        Status.in_reply_to_account_id == reader,
        follows_parent,
    )
    return and_(
        is_answer_for_reader,
        or_(Status.boost_of_id.is_(None), and_(Follow.shows_boosts, ~unwanted_boost)),
        or_(Follow.languages.is_(None), Status.language.is_(None), _is_chosen_language(is_sqlite)),
        ~muted_by(reader, Status.account_id, now=_NOW),
    )


def _comes_from_author(reader: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether the reader gets it from its author: not when their community brings it, nor when it isn't for them."""
    is_member = belongs_to(reader, Status.group_id)
    return or_(
        Status.group_id.is_(None),
        and_(Status.in_reply_to_uri.is_(None), ~for_members(), ~is_member),
        and_(Status.in_reply_to_uri.is_not(None), or_(~for_members(), is_member)),
    )


def _is_chosen_language(is_sqlite: bool) -> ColumnElement[bool]:
    if not is_sqlite:
        return Follow.languages.op("?", is_comparison=True)(Status.language)
    chosen = func.json_each(Follow.languages).table_valued("value")
    query = select(literal(1)).select_from(chosen).where(chosen.c.value == Status.language)
    return query.correlate_except(chosen).exists()


async def backfill_feed(unit: UnitOfWork, reader: Account, author: Account) -> None:
    """Show the newest statuses of somebody who is followed, or no longer muted, from now on: at home and in lists."""
    await unit.session.flush()
    is_sqlite = _is_sqlite(unit)
    newest = _newest_of(author.id)
    home = home_query(is_sqlite).where(Follow.follower_id == reader.id, Status.id.in_(newest))
    lists = list_query(is_sqlite).where(AccountList.account_id == reader.id, Status.id.in_(newest))
    await _insert(unit, FeedEntry, "account_id", home)
    await _insert(unit, ListEntry, "list_id", lists)


async def backfill_list(unit: UnitOfWork, list_id: int, account_id: int) -> None:
    """Show the newest statuses of somebody who is on a list from now on."""
    await unit.session.flush()
    query = list_query(_is_sqlite(unit)).where(
        ListMember.list_id == list_id, ListMember.account_id == account_id, Status.id.in_(_newest_of(account_id))
    )
    await _insert(unit, ListEntry, "list_id", query)


async def _insert(unit: UnitOfWork, table: type[FeedEntry] | type[ListEntry], column: str, query: AnySelect) -> None:
    statement = ignoring(_is_sqlite(unit), table).from_select([column, "status_id"], query)
    await unit.session.execute(statement, {"now": unit.now})


def _newest_of(author_id: int) -> AnySelect:
    newest = aliased(Status)
    return (
        select(newest.id)
        .where(newest.account_id == author_id, newest.visibility.in_(IN_FEEDS))
        .order_by(newest.id.desc())
        .limit(BACKFILLED_STATUSES)
    )


async def remove_from_feed(unit: UnitOfWork, reader: Account, author: Account) -> None:
    """Take what `author` wrote, or is boosted from, out of the reader's feed and lists."""
    await unit.session.flush()
    lists = select(AccountList.id).where(AccountList.account_id == reader.id)
    for entry, mine in ((FeedEntry, FeedEntry.account_id == reader.id), (ListEntry, ListEntry.list_id.in_(lists))):
        await _remove(unit, entry, mine, author.id)


async def remove_from_list(unit: UnitOfWork, list_id: int, account_id: int) -> None:
    """Take what somebody wrote or boosted out of a list; what others boosted of theirs stays."""
    written = select(Status.id).where(Status.account_id == account_id)
    await unit.session.execute(
        delete(ListEntry)
        .where(ListEntry.list_id == list_id, ListEntry.status_id.in_(written))
        .execution_options(synchronize_session=False)
    )


async def remove_home_entries(unit: UnitOfWork, reader_id: int, author_id: int) -> None:
    """Take what somebody wrote or boosted out of the home feed alone: from now on they are read in a list."""
    written = select(Status.id).where(Status.account_id == author_id)
    await unit.session.execute(
        delete(FeedEntry)
        .where(FeedEntry.account_id == reader_id, FeedEntry.status_id.in_(written))
        .execution_options(synchronize_session=False)
    )


async def _remove(
    unit: UnitOfWork, entry: type[FeedEntry] | type[ListEntry], mine: ColumnElement[bool], author_id: int
) -> None:
    written = select(Status.id).where(Status.account_id == author_id)
    # One list of ids, each looked up: of two with `or` between PostgreSQL made a filter for all that is in the feed.
    gone = written.union_all(_boosts_of(written, is_sqlite=_is_sqlite(unit)))
    await unit.session.execute(
        delete(entry).where(mine, entry.status_id.in_(gone)).execution_options(synchronize_session=False)
    )


def _boosts_of(statuses: Select[int], *, is_sqlite: bool) -> Select[int]:
    """The ids of the boosts of statuses (a query of ids): each of them is looked up.

    PostgreSQL has to be told: where it may choose, it reads all boosts that there are.
    """
    if is_sqlite:
        boosted = statuses.subquery()
        return select(Status.id).join(boosted, boosted.c.id == Status.boost_of_id)
    boosted = statuses.offset(_AS_IT_IS).subquery()
    boost = select(Status.id).where(Status.boost_of_id == boosted.c.id).offset(_AS_IT_IS).lateral()
    return select(boost.c.id).select_from(boosted).join(boost, true())
