"""Who reads, and what they may read (ActivityPub §B.7 "authorised fetch"; cases S34–S36, O42, O44).

A reader is the owner of a bearer token, the actor whose signature holds, or nobody in particular. In a closed network
nobody in particular reads nothing but key stubs and the instance actor; in an open one they read what is public. What
is not public follows `policy.visibility`; this module only finds the facts that it asks for.

The instance actor of a server reads for all accounts there: it may have what is for followers as soon as one follower
lives on its server. What is for the mentioned is for the mentioned. What is for the members of a community it may have
for a member there, if it is a server that keeps it among members (`policy.communities`, rule 8): of a community of ours
we know who they are, of another its host says so, by a token (`trust.actor_tokens`) or when it is asked (`vouching`).

Fails with ReadRefused: 401 for a signature that doesn't hold or is missing, 403 for a server we don't exchange with.
"""

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from communities.groups import COMMUNITIES
from federation.services import Services
from federation.serving.answers import ReadRefused
from federation.trust.authentication import ActorGone, PeerRefused, Requester, authenticate
from keys.refusals import SignatureRefused
from keys.requests import HttpMessage
from models.accounts import Account
from models.aliases import alias_of
from models.communities import Community, Membership, State
from models.relations import Follow
from models.statuses import Mention, Status
from models.values import dataclass
from policy.communities import belongs_to, is_secret, keeps_among_members, known_to
from policy.peers import PeerPolicy, receivable
from policy.visibility import blocked_between, can_see, for_members, is_for_members, visible_in, visible_to

_group, _member = alias_of(Account), alias_of(Account)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: `account` is the token's owner or the signer, where we know it; `host` the server of a signature,
    `policy` what that may have, `has_communities` whether it is a full peer with communities like ours.

    `vouched_by` is the account of another server's community, which says that somebody of the reader's belongs to it.
    """

    account: Account | None = None
    actor_uri: str | None = None
    host: str | None = None
    policy: PeerPolicy | None = None
    has_communities: bool = False
    vouched_by: int | None = None

    @property
    def is_anonymous(self) -> bool:
        return self.account is None and self.host is None

    @property
    def is_local(self) -> bool:
        """Somebody of this office, with a token."""
        return self.account is not None and self.host is None

    @property
    def is_instance(self) -> bool:
        """The instance actor of a peer, which reads for its accounts."""
        return self.host is not None and (self.account is None or self.account.actor_type == "Application")

    @property
    def viewer_id(self) -> int | None:
        return None if self.account is None else self.account.id

    @property
    def home(self) -> str:
        """What the URIs of all accounts on the reader's server begin with."""
        return "/".join((self.actor_uri or "").split("/", 3)[:3]) + "/"

    def owns(self, account: Account) -> bool:
        """Whether this is the account itself, with its own token."""
        return self.is_local and self.viewer_id == account.id


NOBODY = Reader()


async def identify(services: Services, message: HttpMessage, owner: Account | None = None) -> Reader:
    """The reader behind a request; `owner` is whom its bearer token belongs to. Raises ReadRefused."""
    if owner is not None:
        return Reader(owner, owner.uri)
    if not is_signed(message):
        return NOBODY
    try:
        requester = await authenticate(services, message)
    except SignatureRefused as refused:
        raise ReadRefused(401, refused.reason, refused.detail) from refused
    except ActorGone as gone:
        raise ReadRefused(401, "gone", "The signer does not exist any more.") from gone
    except PeerRefused as refused:
        raise ReadRefused(403, "peer", "This server does not exchange anything with yours.") from refused
    return reader_of(services, requester)


def reader_of(services: Services, requester: Requester) -> Reader:
    """Who signed a request, as a reader."""
    policy, account = services.peers.policy_of(requester.host), requester.account
    speaks = account is not None and COMMUNITIES in account.implements
    has_communities = speaks and services.peers.is_full(requester.host)
    return Reader(account, requester.actor_uri, requester.host, policy, has_communities)


def is_signed(message: HttpMessage) -> bool:
    """Whether the request claims to be signed, by either scheme."""
    return "signature" in message.fields or "signature-input" in message.fields


def require_reader(services: Services, reader: Reader) -> None:
    """In a closed network, refuse strangers before anything is looked up, so that all answers are alike (N23)."""
    if services.settings.is_closed and reader.is_anonymous:
        raise ReadRefused(401, "missing", "This network is closed: sign the request with the key of a confirmed peer.")


def is_for_everybody(services: Services, reader: Reader) -> bool:
    """Whether what this reader gets may be kept for others."""
    return reader.is_anonymous and not services.settings.is_closed


async def may_read(session: AsyncSession, reader: Reader, status: Status, author: Account) -> bool:
    """Whether the reader may have a status of one of our accounts; at most one query, for peers with a policy two."""
    if not await is_receivable(session, reader, status):
        return False
    if reader.is_anonymous or reader.owns(author):
        return can_see(reader.account, status, author)
    facts = select(
        _follows(reader, author).label("is_follower"),
        _is_mentioned(reader, status).label("is_mentioned"),
        _is_blocked(reader, author).label("is_blocked"),
        _is_member(reader, status).label("is_member"),
    )
    found = (await session.execute(facts)).one()
    return can_see(
        reader.account,
        status,
        author,
        is_follower=bool(found.is_follower),
        is_mentioned=bool(found.is_mentioned),
        is_blocked=bool(found.is_blocked),
        is_member=bool(found.is_member),
    )


async def is_receivable(session: AsyncSession, reader: Reader, status: Status) -> bool:
    """Whether the policy of the reader's server lets it have a status; costs nothing where there is none."""
    if reader.policy is None or not reader.policy.restricts:
        return True
    return await session.scalar(select(Status.id).where(Status.id == status.id, receivable(reader.policy))) is not None


async def is_follower(session: AsyncSession, reader: Reader, account: Account) -> bool:
    """Whether the reader follows the account, or is the server of somebody who does."""
    return bool(await session.scalar(select(_follows(reader, account))))


async def is_blocked(session: AsyncSession, reader: Reader, account: Account) -> bool:
    """Whether one of the two has blocked the other."""
    return reader.viewer_id is not None and bool(await session.scalar(select(_is_blocked(reader, account))))


async def exists_for(session: AsyncSession, reader: Reader, account: Account) -> bool:
    """Whether an account of ours is there for the reader.

    A hidden community is for its members, for whom it has invited, and for the servers of both. That of everybody in
    this office is for nobody who asks here.
    """
    if not account.is_group:
        return True
    if reader.policy is not None and not reader.policy.has_community(account.id):
        return False
    community = await session.get(Community, account.id)
    if community is None or not is_secret(community):
        return True
    if community.default_for == "office":
        return False
    if reader.host is None:
        known = select(Account.id).where(Account.id == account.id, known_to(reader.viewer_id))
        return await session.scalar(known) is not None
    invited = (
        select(Membership.id)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.community_id == account.id, Membership.state == State.INVITED.value, lives_with(reader))
    )
    return await is_of_members(session, reader, account) or await session.scalar(invited.limit(1)) is not None


async def is_of_members(session: AsyncSession, reader: Reader, group: Account) -> bool:
    """Whether the reader is a member of a community, or speaks from the server of one."""
    if reader.host is None:
        return reader.viewer_id is not None and bool(await session.scalar(select(_follows(reader, group))))
    members = (
        select(Follow.id)
        .join(Account, Account.id == Follow.follower_id)
        .where(Follow.followee_id == group.id, Follow.state == "accepted", lives_with(reader))
    )
    return await session.scalar(members.limit(1)) is not None


async def reads_for_member(session: AsyncSession, reader: Reader, group: Account) -> bool:
    """Whether the reader is the instance actor of a server that may have what is for the members of a community."""
    if not reader.is_instance:
        return False
    may = and_(_reads_for_members(reader), _speaks_for_member(reader, literal(group.id)))
    return bool(await session.scalar(select(may)))


def readable(reader: Reader) -> ColumnElement[bool]:
    """The condition for lists of statuses: what the reader may see of them."""
    visible = visible_to(reader.viewer_id)
    if reader.is_instance:
        group_id = case((for_members(), Status.group_id), else_=Status.account_id)
        visible = or_(visible, visible_in(and_(_reads_for_members(reader), _speaks_for_member(reader, group_id))))
    return visible if reader.policy is None else and_(visible, receivable(reader.policy))


def lives_with(reader: Reader) -> ColumnElement[bool]:
    """The condition for accounts of the reader's server, by the origin of their URIs (FEP-8fcf)."""
    return Account.uri.startswith(reader.home, autoescape=True)


def _follows(reader: Reader, followee: Account) -> ColumnElement[bool]:
    accepted = and_(Follow.followee_id == followee.id, Follow.state == "accepted")
    if not reader.is_instance:
        return select(Follow.id).where(accepted, Follow.follower_id == (reader.viewer_id or 0)).exists()
    return (
        select(Follow.id).join(Account, Account.id == Follow.follower_id).where(accepted, lives_with(reader)).exists()
    )


def _is_member(reader: Reader, status: Status) -> ColumnElement[bool]:
    """Of a community's private post: somebody who belongs to it asks, or their server in their name."""
    if not is_for_members(status) or status.group_id is None:
        return literal(False)
    if reader.is_instance:
        return and_(_reads_for_members(reader), _speaks_for_member(reader, literal(status.group_id)))
    viewer_id = reader.viewer_id or 0
    return or_(literal(viewer_id) == status.group_id, belongs_to(viewer_id, literal(status.group_id)))


def _reads_for_members(reader: Reader) -> ColumnElement[bool]:
    """Whether the reader's server keeps among members what is for them."""
    return true() if reader.has_communities else keeps_among_members(reader.host or "")


def _speaks_for_member(reader: Reader, group_id: SQLColumnExpression[int | None]) -> ColumnElement[bool]:
    """Whether a member of a community lives on the reader's server: of one of ours we know it, else its host says so.

    Of a community of another server whoever of theirs follows it isn't known here.
    """
    lives_there = _member().uri.startswith(reader.home, autoescape=True)
    here = (
        select(Follow.id)
        .join(_group(), _group().id == Follow.followee_id)
        .join(_member(), _member().id == Follow.follower_id)
        .where(Follow.followee_id == group_id, Follow.state == "accepted", lives_there)
        .where(_group().domain.is_(None), _group().actor_type == "Group")
        .correlate_except(Follow, _group(), _member())
        .exists()
    )
    return here if reader.vouched_by is None else or_(here, group_id == reader.vouched_by)


def _is_mentioned(reader: Reader, status: Status) -> ColumnElement[bool]:
    named = and_(Mention.status_id == status.id, Mention.account_id == (reader.viewer_id or 0))
    return select(Mention.status_id).where(named).exists()


def _is_blocked(reader: Reader, account: Account) -> ColumnElement[bool]:
    if reader.viewer_id is None:
        return literal(False)
    return blocked_between(reader.viewer_id, account.id)
