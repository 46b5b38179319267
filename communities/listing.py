"""What lists of communities and of their people show: statements that the client API and the pages page through.

Each is ordered and cut by whoever pages, by the column named `key`. Who may ask is `policy.communities`'s to say.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from communities.changes import FOR_MODERATORS
from communities.standings import told_by
from models.accounts import Account
from models.aliases import narrow_alias
from models.communities import Community, CommunityAct, Membership, Role, State
from models.relations import Follow, Report
from models.statuses import Status
from models.values import dataclass
from policy.communities import Standing, banned_now, belongs_to, known_to, may_read_files, named_on, standing

_host = narrow_alias(Account, "id", "domain")
AnySelect = Select[*tuple[Any, ...]]
# As a literal: partial indexes are found by what is written in the statement.
_GROUP: Final = literal("Group", literal_execute=True)


def _is_here() -> tuple[Any, ...]:
    return Account.suspended_at.is_(None), Account.gone_at.is_(None)


def groups_for(viewer_id: int, *, is_mine: bool | None = None, words: str = "") -> Select[int]:
    """The ids of communities: those of somebody, the discoverable others, or both; whose name has these words."""
    mine = belongs_to(viewer_id, Account.id)
    shown = and_(Account.is_discoverable, known_to(viewer_id))
    wanted = or_(mine, shown) if is_mine is None else mine if is_mine else and_(shown, ~mine)
    query = select(Account.id.label("key")).where(Account.actor_type == _GROUP, *_is_here(), wanted)
    for word in words.lower().lstrip("@!").split():
        text = func.lower(Account.display_name + " " + Account.username + " " + func.coalesce(Account.domain, ""))
        query = query.where(text.contains(word, autoescape=True))
    return query


def joined_by(viewer_id: int) -> AnySelect:
    """The communities that somebody belongs to: `key` is the account's id, with its name."""
    return (
        select(Account.id.label("key"), Account.display_name, Account.username)
        .join(Follow, Follow.followee_id == Account.id)
        .where(Follow.follower_id == viewer_id, Follow.state == "accepted", Account.actor_type == _GROUP, *_is_here())
    )


def invitations_of(viewer_id: int) -> AnySelect:
    """Somebody's invitations: `key` with the community's id."""
    return (
        select(Membership.id.label("key"), Membership.community_id)
        .join(Account, Account.id == Membership.community_id)
        .where(
            Membership.account_id == viewer_id,
            Membership.state == State.INVITED.value,
            *_is_here(),
        )
    )


_PLACE: Final = (Membership.banned_until, Membership.ban_reason, Membership.invited_by_id)


def members_of(group_id: int, role: Role | None = None) -> AnySelect:
    """Who belongs to a community, perhaps only those of a role; `key` is the account's id.

    Each form reads one index from the top: follows for all of them, memberships for those of a rare role.
    """
    is_member = Membership.state == State.MEMBER.value
    if role is not None and role is not Role.MEMBER:
        since = func.coalesce(Membership.joined_at, Membership.created_at)
        belongs = select(Follow.id).where(
            Follow.follower_id == Membership.account_id, Follow.followee_id == group_id, Follow.state == "accepted"
        )
        return (
            select(Membership.account_id.label("key"), *_member_columns(Membership.role, since))
            .join(Account, Account.id == Membership.account_id)
            .where(Membership.community_id == group_id, Membership.role == role.value, is_member)
            .where(or_(belongs.exists(), and_(Account.domain.is_not(None), _is_hosted_elsewhere(group_id))))
            .where(*_is_here())
        )
    role_here = case((is_member, Membership.role), else_=Role.MEMBER.value)
    since = func.coalesce(Membership.joined_at, Follow.accepted_at, Follow.created_at)
    of_group = and_(Membership.account_id == Follow.follower_id, Membership.community_id == Follow.followee_id)
    query = (
        select(Follow.follower_id.label("key"), *_member_columns(role_here, since))
        .select_from(Follow)
        .join(Account, Account.id == Follow.follower_id)
        .outerjoin(Membership, of_group)
        .where(Follow.followee_id == group_id, Follow.state == "accepted", *_is_here())
    )
    return query if role is None else query.where(role_here == role.value)


def _is_hosted_elsewhere(group_id: int) -> ColumnElement[bool]:
    """Of such a community we know who of other offices holds a role, but not whom else its account is followed by."""
    return select(_host.c.id).where(_host.c.id == group_id, _host.c.domain.is_not(None)).exists()


def _member_columns(role: Any, since: Any) -> tuple[Any, ...]:
    state = literal(State.MEMBER.value).label("state")
    return Account.id.label("account_id"), role.label("role"), state, since.label("since"), *_PLACE


def waiting_for(group_id: int, state: State, *, now: datetime) -> AnySelect:
    """Who asks to be let in, is invited, or is banned; `key` is the membership's id."""
    is_in_force = banned_now(now) if state is State.BANNED else Membership.state == state.value
    query = (
        select(
            Membership.id.label("key"),
            Membership.account_id,
            Membership.role,
            Membership.state,
            Membership.updated_at.label("since"),
            *_PLACE,
        )
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.community_id == group_id, Membership.state == state.value, is_in_force, *_is_here())
    )
    if state is not State.REQUESTED:
        return query
    asks = and_(Follow.follower_id == Membership.account_id, Follow.followee_id == group_id, Follow.state != "accepted")
    return query.where(select(Follow.id).where(asks).exists())


def posts_in(group_id: Any, *, is_pinned: bool = False, has_replies: bool = False) -> list[Any]:
    """The conditions of a community's timeline on statuses: what opens a thread; visibility is another matter."""
    wanted = [Status.group_id == group_id, Status.boost_of_id.is_(None), Status.removed_at.is_(None)]
    if is_pinned:
        return [*wanted, Status.featured_at.is_not(None)]
    return wanted if has_replies else [*wanted, Status.in_reply_to_uri.is_(None)]


def communities_of_statuses(wanted: ColumnElement[bool]) -> AnySelect:
    """For the `wanted` statuses that are in a community who may be told so: which, and what was decided there.

    A thread is locked by a mark on the post or on the one that opened it.
    """
    opener = narrow_alias(Status, "id", "conversation_id", "group_id", "in_reply_to_uri", "locked_at")
    thread_locked = (
        select(opener.c.id)
        .where(
            opener.c.conversation_id == Status.conversation_id,
            opener.c.group_id == Status.group_id,
            opener.c.in_reply_to_uri.is_(None),
            opener.c.locked_at.is_not(None),
        )
        .correlate(Status)
        .exists()
    )
    return (
        select(
            Status.id,
            Status.group_id,
            or_(Status.locked_at.is_not(None), thread_locked).label("is_locked"),
            Status.removed_at.is_not(None).label("is_removed"),
            Status.featured_at.is_not(None).label("is_pinned"),
            *(Account.username, Account.domain, Account.display_name, Account.url, Account.uri),
        )
        .join(Account, Account.id == Status.group_id)
        .where(wanted, named_on(Status, Account))
    )


def removed_from(group_id: int) -> Select[int]:
    """The ids of what moderators took out."""
    return select(Status.id.label("key")).where(Status.group_id == group_id, Status.removed_at.is_not(None))


def log_of(group_id: int, who: Standing) -> Select[Any]:
    """The entries of the log that somebody reads."""
    query = select(CommunityAct).where(CommunityAct.community_id == group_id)
    if may_read_files(who):
        return query
    return query.where(not_(CommunityAct.action.in_([action.value for action in FOR_MODERATORS])))


def reports_to(group_id: int, *, is_resolved: bool = False) -> Select[Any]:
    """Reports to the moderators of a community, open or resolved."""
    state = Report.resolved_at.is_not(None) if is_resolved else Report.resolved_at.is_(None)
    return select(Report).where(Report.community_id == group_id, state)


@dataclass(frozen=True, slots=True)
class Known:
    """A community as somebody sees it; the numbers are there for its moderators."""

    community: Community
    group: Account
    standing: Standing
    requests: int | None = None
    reports: int | None = None


async def known_groups(
    session: AsyncSession, viewer: Account, group_ids: Collection[int], *, now: datetime
) -> dict[int, Known]:
    """These communities with where `viewer` stands: one query, and two more for what they moderate of it."""
    if not group_ids:
        return {}
    query = (
        select(Account, Community, Membership, Follow.state)
        .outerjoin(Community, Community.account_id == Account.id)
        .outerjoin(Membership, and_(Membership.community_id == Account.id, Membership.account_id == viewer.id))
        .outerjoin(Follow, and_(Follow.followee_id == Account.id, Follow.follower_id == viewer.id))
        .where(Account.id.in_(list(group_ids)))
        .execution_options(populate_existing=True)  # counts are written behind the back of the session
    )
    found = {}
    for group, community, membership, follow_state in await session.execute(query):
        stands = standing(membership, follow_state, is_local=viewer.is_local, now=now)
        found[group.id] = Known(community or told_by(group), group, stands)
    moderated = [number for number, known in found.items() if may_read_files(known.standing)]
    if not moderated:
        return found
    requests = await _count(session, Membership.community_id, moderated, Membership.state == State.REQUESTED.value)
    reports = await _count(session, Report.community_id, moderated, Report.resolved_at.is_(None))
    for number in moderated:
        known = found[number]
        counts = requests.get(number, 0), reports.get(number, 0)
        found[number] = Known(known.community, known.group, known.standing, *counts)
    return found


async def _count(session: AsyncSession, column: Any, group_ids: Collection[int], what: Any) -> Mapping[int, int]:
    query = select(column, func.count()).where(column.in_(list(group_ids)), what).group_by(column)
    rows = (await session.execute(query)).all()
    return {row[0]: row[1] for row in rows}
