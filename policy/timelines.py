"""Whose statuses somebody wants to read: the only place that decides it, once in Python and once in SQL.

Visibility says what one *may* see (`policy.visibility`); this says what one doesn't want to be shown in a timeline.
One table of cases in `tests/policy/test_timelines.py` holds the two forms together. The rules, in order:

1. What the viewer wrote or boosted is wanted.
2. Nothing from an account that the viewer muted (until the mute expires), that either side blocked, or whose domain
   the viewer blocked.
3. A boost is wanted when both are: who boosts, and who wrote what is boosted.

Who is limited by a moderator is left out of public timelines (`not_limited_for`), but not for followers.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account
from models.aliases import narrow_alias
from models.relations import Block, DomainBlock, Follow, Mute
from models.statuses import Status
from models.values import dataclass

AccountId = SQLColumnExpression[int] | int
Moment = SQLColumnExpression[datetime] | datetime
_author = narrow_alias(Account, "id", "domain", "limited_at")
_boosted = narrow_alias(Status, "id", "account_id")


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Whom one viewer doesn't want to read: ids of muted and of blocked accounts (either way), and domains."""

    viewer_id: int
    account_ids: frozenset[int] = frozenset()
    domains: frozenset[str] = frozenset()

    def covers(self, account: Account) -> bool:
        """Whether nothing of this account is wanted."""
        return account.id in self.account_ids or (account.domain is not None and account.domain in self.domains)


def is_wanted(unwanted: Unwanted, author: Account, *, boosted_author: Account | None = None) -> bool:
    """Whether a viewer wants a status of `author` in a timeline; `boosted_author` wrote what it boosts."""
    if author.id == unwanted.viewer_id:
        return True
    return not unwanted.covers(author) and (boosted_author is None or not unwanted.covers(boosted_author))


async def load_unwanted(session: AsyncSession, viewer_id: int, *, now: datetime) -> Unwanted:
    """What `is_wanted` needs to know of one viewer, with two queries."""
    query = union_all(
        select(Mute.target_id).where(Mute.account_id == viewer_id, is_in_force(now)),
        select(Block.target_id).where(Block.account_id == viewer_id),
        select(Block.account_id).where(Block.target_id == viewer_id),
    )
    domains = select(DomainBlock.domain).where(DomainBlock.account_id == viewer_id)
    return Unwanted(
        viewer_id, frozenset(await session.scalars(query)), frozenset(await session.scalars(domains))
    )  # fmt: skip


def wanted_by(viewer_id: AccountId, status: type[Status] = Status, *, now: Moment) -> ColumnElement[bool]:
    """`is_wanted` as a condition on `status` (an entity or an alias of it), for the WHERE of a timeline's query.

    `viewer_id` and `now` may be columns or bound parameters, so that a statement can be built once.
    """
    unwanted_boost = (
        select(_boosted.c.id)
        .where(_boosted.c.id == status.boost_of_id, unwanted_by(viewer_id, _boosted.c.account_id, now=now))
        .correlate_except(_boosted)
        .exists()
    )
    return or_(
        status.account_id == viewer_id,
        and_(
            ~unwanted_by(viewer_id, status.account_id, now=now),
            or_(status.boost_of_id.is_(None), ~unwanted_boost),
        ),
    )


def unwanted_by(viewer_id: AccountId, account_id: AccountId, *, now: Moment) -> ColumnElement[bool]:
    """Whether the viewer wants nothing of an account: muted, blocked either way, or of a blocked domain."""
    blocked = (
        select(Block.id)
        .where(
            or_(
                and_(Block.account_id == viewer_id, Block.target_id == account_id),
                and_(Block.account_id == account_id, Block.target_id == viewer_id),
            )
        )
        .correlate_except(Block)
        .exists()
    )
    of_blocked_domain = (
        select(DomainBlock.id)
        .join(_author, _author.c.domain == DomainBlock.domain)
        .where(_author.c.id == account_id, DomainBlock.account_id == viewer_id)
        .correlate_except(DomainBlock, _author)
        .exists()
    )
    return or_(muted_by(viewer_id, account_id, now=now), blocked, of_blocked_domain)


def muted_by(viewer_id: AccountId, account_id: AccountId, *, now: Moment) -> ColumnElement[bool]:
    """Whether the viewer has muted an account, and the mute is still in force."""
    query = select(Mute.id).where(Mute.account_id == viewer_id, Mute.target_id == account_id, is_in_force(now))
    return query.correlate_except(Mute).exists()


def is_in_force(now: Moment) -> ColumnElement[bool]:
    """The condition that a mute hasn't expired."""
    return or_(Mute.expires_at.is_(None), Mute.expires_at > now)


def not_limited_for(viewer_id: AccountId | None, status: type[Status] = Status) -> ColumnElement[bool]:
    """For public timelines: the author isn't limited by a moderator, or the viewer is, or follows, the author."""
    is_limited = (
        select(_author.c.id)
        .where(_author.c.id == status.account_id, _author.c.limited_at.is_not(None))
        .correlate_except(_author)
        .exists()
    )
    if viewer_id is None:
        return ~is_limited
    follows = (
        select(Follow.id)
        .where(Follow.follower_id == viewer_id, Follow.followee_id == status.account_id, Follow.state == "accepted")
        .correlate_except(Follow)
        .exists()
    )
    return or_(~is_limited, status.account_id == viewer_id, follows)
