"""Whom somebody might want to follow: who is followed by those they follow, and their colleagues.

Set-based and bounded: two queries, whatever the size of the graph. Nobody is suggested who is followed already or was
asked, blocks or is blocked, is muted, was dismissed, is a machine, moved away, or doesn't want to be found.
"""

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models import UnitOfWork
from models.accounts import Account
from models.insertion import insert_missing
from models.relations import Block, DismissedSuggestion, Follow, Mute
from models.values import dataclass

FRIENDS_OF_FRIENDS, COLLEAGUE = "friends_of_friends", "featured"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An account, and why: `friends_of_friends` or `featured` (a colleague of this office)."""

    account_id: int
    source: str


async def suggestions_for(session: AsyncSession, viewer: Account, limit: int) -> list[Suggestion]:
    """At most `limit` accounts, those first whom most of the followed follow, then the newest colleagues."""
    theirs = aliased(Follow)
    mine = aliased(Follow)
    known = await session.scalars(
        select(Account.id)
        .join(theirs, theirs.followee_id == Account.id)
        .join(mine, and_(mine.followee_id == theirs.follower_id, mine.state == "accepted"))
        .where(mine.follower_id == viewer.id, theirs.state == "accepted", _may_be_suggested(viewer))
        .group_by(Account.id)
        .order_by(func.count().desc(), Account.id.desc())
        .limit(limit)
    )
    found = [Suggestion(account_id, FRIENDS_OF_FRIENDS) for account_id in known]
    if len(found) < limit:
        colleagues = await session.scalars(
            select(Account.id)
            .where(Account.domain.is_(None), Account.actor_type == "Person", _may_be_suggested(viewer))
            .where(Account.id.not_in([one.account_id for one in found]))
            .order_by(Account.id.desc())
            .limit(limit - len(found))
        )
        found += [Suggestion(account_id, COLLEAGUE) for account_id in colleagues]
    return found


def _may_be_suggested(viewer: Account) -> ColumnElement[bool]:
    follows = exists().where(Follow.follower_id == viewer.id, Follow.followee_id == Account.id)
    blocks = exists().where(
        or_(
            and_(Block.account_id == viewer.id, Block.target_id == Account.id),
            and_(Block.account_id == Account.id, Block.target_id == viewer.id),
        )
    )
    mutes = exists().where(Mute.account_id == viewer.id, Mute.target_id == Account.id)
    dismissed = exists().where(
        DismissedSuggestion.account_id == viewer.id, DismissedSuggestion.target_id == Account.id
    )  # fmt: skip
    return and_(
        Account.id != viewer.id,
        Account.suspended_at.is_(None),
        Account.gone_at.is_(None),
        Account.limited_at.is_(None),
        Account.moved_to_uri.is_(None),
        Account.is_discoverable,
        ~Account.is_bot,
        Account.topic.is_(None),
        ~follows,
        ~blocks,
        ~mutes,
        ~dismissed,
    )


async def dismiss_suggestion(unit: UnitOfWork, account: Account, target_id: int) -> None:
    """Don't suggest this account again."""
    await insert_missing(unit.session, DismissedSuggestion, [{"account_id": account.id, "target_id": target_id}])
