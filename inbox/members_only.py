"""Fetching what is for the members of a community of another server, for those of ours who are.

It comes from where its author is, who shows it to whom the community's host vouches for: we present the token that this
issues to us (`federation.memberships`). The host is asked about the author as well (`is_follower`): who doesn't belong
to the community any more reaches nobody in it by being asked, as little as by telling.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Select, func, select

from federation.client import FetchBudget
from federation.json_ld.terms import PUBLIC
from federation.memberships import belongs_there
from federation.services import Services
from federation.trust.origins import same_origin
from models.accounts import Account
from models.aliases import alias_of
from models.communities import Community
from models.relations import Follow
from models.statuses import Status
from policy.limits import COMMUNITIES_TRIED
from social.drafts import StatusDraft

_ours = alias_of(Account)


async def joined_among(services: Services, uris: Iterable[str]) -> Account | None:
    """The first of these that is a private community of another server with somebody of ours in it: one SELECT."""
    wanted = [uri for uri in dict.fromkeys(uris) if uri != PUBLIC and not services.addresses.is_local(uri)]
    if not wanted:
        return None
    somebody = Follow.follower_id.in_(select(_ours().id).where(_ours().domain.is_(None)))
    query = _private().where(Account.uri.in_(wanted), _followed(somebody)).order_by(Account.id).limit(1)
    async with services.database.reading() as session:
        return (await session.scalars(query)).first()


async def joined_by(services: Services, viewer: Account) -> Sequence[Account]:
    """Those to which somebody belongs, the ones with the newest posts first, a few at most: one SELECT."""
    newest = select(Status.id).where(Status.group_id == Account.id).order_by(Status.id.desc()).limit(1)
    query = (
        _private()
        .where(_followed(Follow.follower_id == viewer.id))
        .order_by(func.coalesce(newest.correlate(Account).scalar_subquery(), 0).desc(), Account.id)
    )
    async with services.database.reading() as session:
        return (await session.scalars(query.limit(COMMUNITIES_TRIED))).all()


async def spoken_in(
    services: Services, draft: StatusDraft, author: Account, *, budget: FetchBudget
) -> tuple[Account | None, bool]:
    """The community here for whose members alone a fetched status is, and whether its author belongs to it.

    Its host says so of others; posts of its own people it shows itself. Raises RemoteError when it can't be asked.
    """
    if PUBLIC in (told := told_of(draft)):
        return None, True
    group = await joined_among(services, told)
    if group is None or group.followers_url not in told:
        return None, True
    is_said_by_host = same_origin(author.uri, group.uri)
    return group, is_said_by_host or await belongs_there(services, group, author.uri, budget=budget)


def told_of(draft: StatusDraft) -> tuple[str, ...]:
    """To whom a status is said."""
    return (*draft.audience, *draft.cc, *draft.to)


def _private() -> Select[Account]:
    return (
        select(Account)
        .join(Community, Community.account_id == Account.id)
        .where(Account.domain.is_not(None), Account.actor_type == "Group", Community.is_private.is_(True))
        .where(Account.suspended_at.is_(None), Account.gone_at.is_(None))
    )


def _followed(by: ColumnElement[bool]) -> ColumnElement[bool]:
    accepted = select(Follow.id).where(Follow.followee_id == Account.id, Follow.state == "accepted", by)
    return accepted.correlate(Account).exists()
