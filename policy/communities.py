"""Who may do what in a community: the only place that decides it, in Python, and in SQL where lists need it.

One table of cases in `tests/policy/test_communities.py` holds the forms together. The rules:

1. A community exists for everybody, except a hidden one and the one of this office: members and invited people alone.
2. Its posts are read by everybody or, when it is private, by its members (`policy.visibility` says so of each post).
3. One gets in by oneself (open), by asking (on request), or by an invitation; banned people don't, nobody into an
   archived one. Whoever is invited is in by accepting.
4. Members write, readers only read. With `posting` = publishers only these and those above them open threads.
5. Moderators look after posts and people, owners also after the community itself. Nobody acts on their own rank or
   above, nor gives a role that isn't below their own; only owners give their own, and each may step down.
6. A ban ends by itself at its time. An archived community is read, nothing else.
7. Members read its log; who asks, is invited, banned or reported is between moderators and whom it concerns.
8. The server of a member reads what is for members in the name of all its members, if it keeps it among them: a full
   peer with communities like ours, or software known for it. So it gets by asking what it is sent anyway.

Whoever belongs to a community follows its account; see `models.communities`.
"""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import BindParameter, ColumnElement, SQLColumnExpression, and_, func, or_, select

from models.accounts import Account
from models.activities import RemoteHost
from models.communities import Community, Kind, Membership, Role, State
from models.peers import Peer
from models.relations import Follow
from models.statuses import Status
from models.values import dataclass
from models.visibility import Visibility

RANKS: Final = {
    Role.OWNER.value: 40,
    Role.MODERATOR.value: 30,
    Role.PUBLISHER.value: 20,
    Role.MEMBER.value: 10,
    Role.READER.value: 0,
}
OUTSIDE: Final = -1
READS_ACTIVITIES: Final = ("lemmy", "piefed", "mbin", "kbin", "nodebb")
"""Software that reads whole activities of communities (FEP-1b12)."""
KEEPS_AMONG_MEMBERS: Final = ("lemmy",)
"""Of it, what has private communities of its own: the rest shows to everybody what it is sent."""
AccountId = SQLColumnExpression[int] | SQLColumnExpression[int | None] | BindParameter[int] | int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands in a community right now: `state` is None for who has nothing to do with it."""

    state: State | None = None
    role: Role = Role.MEMBER
    is_local: bool = True
    banned_until: datetime | None = None

    @property
    def is_member(self) -> bool:
        return self.state is State.MEMBER

    @property
    def rank(self) -> int:
        return RANKS[self.role] if self.is_member else OUTSIDE

    def has(self, role: Role) -> bool:
        """Whether this is a member of at least that role."""
        return self.rank >= RANKS[role]


NOBODY: Final = Standing(is_local=False)


def standing(
    membership: Membership | None, follow_state: str | None, *, is_local: bool, now: datetime, is_foreign: bool = False
) -> Standing:
    """What the rows say at `now`: a follow that was accepted makes a member, a ban in force comes before everything.

    `is_foreign`: neither the community nor the person is of this office. Their follow isn't known here then, and what
    the community's host says of their role makes the member.
    """
    nothing = Standing(is_local=is_local)
    state = State(membership.state) if membership is not None else None
    if membership is not None and state is State.BANNED:
        if membership.banned_until is None or membership.banned_until > now:
            return replace(nothing, state=State.BANNED, banned_until=membership.banned_until)
        state = None
    if follow_state == "accepted" or (is_foreign and state is State.MEMBER):
        role = Role(membership.role) if membership is not None and state is State.MEMBER else Role.MEMBER
        return replace(nothing, state=State.MEMBER, role=role)
    if state is State.INVITED or state is State.LEFT:
        return replace(nothing, state=state)
    return replace(nothing, state=State.REQUESTED) if follow_state is not None else nothing


class Entry(StrEnum):
    """What comes of wanting to get in."""

    JOIN = "join"
    REQUEST = "request"
    REFUSE = "refuse"


_ENTRIES: Final = {Kind.OPEN: Entry.JOIN, Kind.ON_REQUEST: Entry.REQUEST}


def may_know(community: Community, who: Standing) -> bool:
    """Whether the community exists for somebody."""
    return not is_secret(community) or who.state in (State.MEMBER, State.INVITED)


def is_secret(community: Community) -> bool:
    """Whether only members and invited people learn of it."""
    return community.kind == Kind.HIDDEN or community.default_for == "office"


def may_read(community: Community, who: Standing) -> bool:
    """Whether somebody reads what is posted in it, and sees who belongs to it."""
    return who.is_member or (not community.is_private and may_know(community, who))


def entry(community: Community, who: Standing) -> Entry:
    """What happens when somebody wants to join; a member is in already."""
    if who.is_member:
        return Entry.JOIN
    if community.archived_at is not None or who.state is State.BANNED:
        return Entry.REFUSE
    if community.default_for == "office":
        return Entry.JOIN if who.is_local else Entry.REFUSE
    return Entry.JOIN if who.state is State.INVITED else _ENTRIES.get(Kind(community.kind), Entry.REFUSE)


def may_leave(community: Community, who: Standing) -> bool:
    """Everybody leaves when they like, but everybody of an office belongs to the office's own community."""
    return not (community.default_for == "office" and who.is_local)


def may_open_thread(community: Community, who: Standing) -> bool:
    """Whether somebody may post; answering is `may_answer`."""
    return may_answer(community, who) and (community.posting == "members" or who.has(Role.PUBLISHER))


def may_answer(community: Community, who: Standing) -> bool:
    """Whether somebody may reply to what was posted: members who don't only read."""
    return community.archived_at is None and who.has(Role.MEMBER)


def may_moderate(community: Community, who: Standing) -> bool:
    """Whether somebody looks after posts, requests and people."""
    return community.archived_at is None and who.has(Role.MODERATOR)


def may_read_log(who: Standing) -> bool:
    """Whether somebody reads what moderators and owners did, but for what `may_read_files` is about."""
    return who.is_member


def may_read_files(who: Standing) -> bool:
    """Whether somebody reads of requests, invitations, bans, reports and removed posts; of an archived one too."""
    return who.has(Role.MODERATOR)


def may_own(who: Standing) -> bool:
    """Whether the community itself is somebody's: its name, kind, rules, and its end."""
    return who.has(Role.OWNER)


def may_act_on(community: Community, who: Standing, target: Standing) -> bool:
    """Whether somebody may remove posts of, ban, or let back a target: only those below."""
    return may_moderate(community, who) and who.rank > target.rank


def may_assign(community: Community, who: Standing, target: Standing, role: Role) -> bool:
    """Whether somebody may give a member a role: from below their own, to below their own. Owners share ownership."""
    if not may_act_on(community, who, target) or not target.is_member:
        return False
    return RANKS[role] < who.rank or who.has(Role.OWNER)


def belongs_to(viewer_id: AccountId, community_id: AccountId) -> ColumnElement[bool]:
    """The condition that somebody is a member of a community; `community_id` may be a column that is empty."""
    return (
        select(Follow.id)
        .where(Follow.follower_id == viewer_id, Follow.followee_id == community_id, Follow.state == "accepted")
        .correlate_except(Follow)
        .exists()
    )


def keeps_among_members(host: str) -> ColumnElement[bool]:
    """The condition that a server is of a make that shows to members alone what is for them."""
    of_peer = select(Peer.domain).where(Peer.domain == host, func.lower(Peer.software).in_(KEEPS_AMONG_MEMBERS))
    of_host = select(RemoteHost.host).where(
        RemoteHost.host == host, func.lower(RemoteHost.software).in_(KEEPS_AMONG_MEMBERS)
    )
    return or_(of_peer.correlate_except(Peer).exists(), of_host.correlate_except(RemoteHost).exists())


def known_to(viewer_id: AccountId | None, account: type[Account] = Account) -> ColumnElement[bool]:
    """`may_know` as a condition on accounts: what isn't a community always passes. None is the public."""
    # Most accounts are people: nothing is looked up for them.
    open_to_all = or_(account.actor_type != "Group", ~_secret(account))
    if viewer_id is None:
        return open_to_all
    invited = (
        select(Membership.id)
        .where(
            Membership.community_id == account.id,
            Membership.account_id == viewer_id,
            Membership.state == State.INVITED.value,
        )
        .correlate_except(Membership)
        .exists()
    )
    return or_(open_to_all, account.id == viewer_id, invited, belongs_to(viewer_id, account.id))


def _secret(account: type[Account]) -> ColumnElement[bool]:
    """`is_secret` as a condition on the accounts of communities."""
    return (
        select(Community.account_id)
        .where(
            Community.account_id == account.id,
            or_(Community.kind == Kind.HIDDEN.value, Community.default_for == "office"),
        )
        .correlate_except(Community)
        .exists()
    )


def named_on(status: type[Status], group: type[Account]) -> ColumnElement[bool]:
    """The condition that who may see a status is told in which community it is.

    What is public outlives its community's becoming hidden, and then doesn't give it away; what is for members is seen
    by members.
    """
    return or_(status.visibility == Visibility.PRIVATE.value, ~_secret(group))


def shown_belonging(viewer_id: AccountId | None, account: type[Account] = Account) -> ColumnElement[bool]:
    """`known_to`, for lists of what somebody follows or features: who is in a private community, its members know.

    For who isn't in it the community itself may well be there; that this person belongs to it isn't.
    """
    private = (
        select(Community.account_id)
        .where(Community.account_id == account.id, Community.is_private.is_(True))
        .correlate_except(Community)
        .exists()
    )
    open_to_all = or_(account.actor_type != "Group", ~private)
    if viewer_id is None:
        return and_(known_to(None, account), open_to_all)
    return and_(known_to(viewer_id, account), or_(open_to_all, belongs_to(viewer_id, account.id)))


def shared_with(origin: str, community_id: AccountId, member: type[Account]) -> ColumnElement[bool]:
    """The condition that another office is told of all that happens in a community of ours: somebody there is a member.

    `origin` is where its accounts live, `member` an alias of Account. That of everybody in this office stays here.
    """
    belongs = (
        select(Follow.id)
        .join(member, member.id == Follow.follower_id)
        .where(Follow.followee_id == community_id, Follow.state == "accepted", member.domain.is_not(None))
        .where(member.uri.startswith(f"{origin}/", autoescape=True))
        .correlate_except(Follow, member)
    )
    stays = (
        select(Community.account_id)
        .where(Community.account_id == community_id, Community.default_for == "office")
        .correlate_except(Community)
    )
    return and_(belongs.exists(), ~stays.exists())


def banned_now(now: SQLColumnExpression[datetime] | datetime) -> ColumnElement[bool]:
    """The condition that a membership is a ban in force."""
    return and_(
        Membership.state == State.BANNED.value,
        or_(Membership.banned_until.is_(None), Membership.banned_until > now),
    )
