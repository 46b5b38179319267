"""Gates: how everything on this floor learns where somebody stands, and says no.

`CommunityRefused` carries a sentence for the person who asked. `NoSuchCommunity` is for whom it doesn't exist: absent
and hidden look alike.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import UnitOfWork
from models.accounts import Account
from models.communities import Community, Kind, Membership, Role, State
from models.relations import Follow
from models.values import dataclass
from policy.communities import RANKS, Standing, known_to, may_act_on, may_moderate, may_own, standing


class CommunityError(Exception):
    """What this floor raises; the message is a sentence that may be shown."""


class NoSuchCommunity(CommunityError):
    """There is none, or not for whom asks."""

    def __init__(self) -> None:
        super().__init__("There is no such community.")


class CommunityRefused(CommunityError):
    """It exists, but this isn't allowed, or doesn't go."""


class NotAllowed(CommunityRefused):
    """The rules of the community don't give this right to who asks."""

    def __init__(self, message: str = "You are not allowed to do this in this community.") -> None:
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody in a community: the rows, and what they say."""

    community: Community
    group: Account
    account: Account
    membership: Membership | None
    follow: Follow | None
    standing: Standing


async def community_of(session: AsyncSession, group: Account) -> Community:
    """What is known of a Group account as a community. Raises NoSuchCommunity."""
    if not group.is_active or not group.is_group:
        raise NoSuchCommunity
    found = await session.get(Community, group.id)
    if found is None and group.is_local:
        raise NoSuchCommunity
    return found or told_by(group)


def told_by(group: Account) -> Community:
    """What the account of another server's community says of it, in the reading of Lemmy."""
    return Community(
        account_id=group.id,
        kind=(Kind.ON_REQUEST if group.is_locked else Kind.OPEN).value,
        is_private=group.is_locked,
        posting="publishers" if group.is_posting_restricted else "members",
        rules="",
        created_at=group.created_at,
        updated_at=group.updated_at,
    )


async def knows(session: AsyncSession, viewer_id: int | None, account: Account) -> bool:
    """Whether an account is there for somebody, None being the public: what isn't a community always is."""
    if not account.is_group:
        return True
    return await session.scalar(select(Account.id).where(Account.id == account.id, known_to(viewer_id))) is not None


async def stays_inside(session: AsyncSession, account: Account) -> bool:
    """Whether this is the community of everybody in the office, of which no other server learns."""
    if not account.is_group or not account.is_local:
        return False
    community = await session.get(Community, account.id)
    return community is not None and community.default_for == "office"


async def place_of(session: AsyncSession, group: Account, account: Account, *, now: datetime) -> Place:
    """Where `account` stands in a community, with two queries. Raises NoSuchCommunity."""
    await session.flush()
    community = await community_of(session, group)
    query = (
        select(Membership, Follow)
        .select_from(Account)
        .outerjoin(Membership, and_(Membership.account_id == Account.id, Membership.community_id == group.id))
        .outerjoin(Follow, and_(Follow.follower_id == Account.id, Follow.followee_id == group.id))
        .where(Account.id == account.id)
    )
    row = (await session.execute(query)).first()
    membership, follow = (row[0], row[1]) if row is not None else (None, None)
    stands = standing(
        membership, follow.state if follow else None, is_local=account.is_local, now=now,
        is_foreign=not (account.is_local or group.is_local),
    )  # fmt: skip
    return Place(community, group, account, membership, follow, stands)


async def moderating(unit: UnitOfWork, group: Account, actor: Account, *, trusted: bool = False) -> Place:
    """The place of somebody who is going to moderate. Raises NotAllowed.

    `trusted`: the word comes from the community's own host, or from the office's command line; nothing is asked then.
    """
    place = await place_of(unit.session, group, actor, now=unit.now)
    if not trusted and not may_moderate(place.community, place.standing):
        raise NotAllowed
    return place


async def owning(unit: UnitOfWork, group: Account, actor: Account, *, trusted: bool = False) -> Place:
    """The place of an owner. Raises NotAllowed."""
    place = await place_of(unit.session, group, actor, now=unit.now)
    if not trusted and not may_own(place.standing):
        raise NotAllowed
    return place


async def acting_on(
    unit: UnitOfWork, group: Account, actor: Account, target: Account, *, trusted: bool = False
) -> tuple[Place, Place]:
    """The places of a moderator and of whom they act on. Raises NotAllowed for whoever isn't below."""
    place = await moderating(unit, group, actor, trusted=trusted)
    other = await place_of(unit.session, group, target, now=unit.now)
    if not trusted and not may_act_on(place.community, place.standing, other.standing):
        raise NotAllowed("You can't act on somebody of your own rank or above.")
    return place, other


async def moderator_ids(session: AsyncSession, group: Account, *, role: Role = Role.MODERATOR) -> list[int]:
    """The accounts of those who hold at least `role`, as far as they still follow the community or its host says so."""
    names = [name for name, rank in RANKS.items() if rank >= RANKS[role]]
    query = select(Membership.account_id).where(*_holds(group, names)).order_by(Membership.id)
    return list(await session.scalars(query))


async def role_holders(
    session: AsyncSession, group: Account, roles: Collection[Role], *, limit: int
) -> Sequence[Account]:
    """The accounts of those who hold one of these roles, the longest-serving first."""
    query = (
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(
            *_holds(group, [role.value for role in roles]), Account.suspended_at.is_(None), Account.gone_at.is_(None)
        )
        .order_by(Membership.id)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


def _holds(group: Account, names: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    follows = exists().where(
        Follow.follower_id == Membership.account_id,
        Follow.followee_id == Membership.community_id,
        Follow.state == "accepted",
    )
    belongs = follows if group.is_local else or_(follows, _is_foreign())
    is_member = Membership.state == State.MEMBER.value
    return Membership.community_id == group.id, is_member, Membership.role.in_(names), belongs


def _is_foreign() -> ColumnElement[bool]:
    """The condition that a membership is of somebody from elsewhere."""
    return exists().where(Account.id == Membership.account_id, Account.domain.is_not(None)).correlate(Membership)
