"""Everybody of this office in the community of the whole network, which another office hosts.

The setting `network_community` names it. Everybody is joined by an ordinary Follow, once, in the order in which they
came to the office (`Community.joined_up_to`): who leaves, or isn't let in, isn't joined again. Membership stays a word
of one's own office; its host can't make anybody a member.
"""

from typing import Any, Final

import structlog
from sqlalchemy import bindparam, select

from federation.actors import ActorGone, ActorRefused, resolve_handle
from federation.client import RemoteError
from federation.services import Services
from federation.trust.authentication import PeerRefused
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account, User
from models.base import BigInt
from models.communities import Community
from outbox.follows import publish_follow
from social.follows import FollowRefused, find_follow

log = structlog.get_logger(__name__)

JOIN_NETWORK: Final = "join_network_community"
PEOPLE_AT_ONCE: Final = 20
_NEXT: Final = (
    select(Account)
    .join(User, User.account_id == Account.id)
    .where(Account.id > bindparam("after", type_=BigInt), Account.suspended_at.is_(None), Account.gone_at.is_(None))
    .order_by(Account.id)
    .limit(PEOPLE_AT_ONCE)
)


class CommunityNotFound(Exception):
    """What the settings name can't be found, or is no community that we may join; the message says why."""


async def request_joining(services: Services, unit: UnitOfWork) -> None:
    """Have who isn't there yet join once this is committed, if the settings name a community."""
    if services.settings.network_community:
        await enqueue_job(unit, JOIN_NETWORK, {}, unique_key=JOIN_NETWORK)


async def join_network(services: Services, payload: dict[str, Any]) -> None:
    """The job: find the community and join who is new. What isn't found is looked for again with the next request."""
    try:
        group = await find_network_community(services)
    except CommunityNotFound as error:
        log.warning("network-community.not-found", community=services.settings.network_community, error=str(error))
        return
    while group is not None and await _join_next(services, group.id):
        pass


async def find_network_community(services: Services) -> Account | None:
    """The community that the settings name, None when they name none. Raises CommunityNotFound."""
    handle = services.settings.network_community
    if not handle:
        return None
    try:
        found = await resolve_handle(services, handle)
    except (ActorRefused, ActorGone, PeerRefused, RemoteError) as error:
        raise CommunityNotFound(str(error)) from error
    if found is None or found.is_local or not found.is_group or not services.peers.allows_url(found.uri):
        raise CommunityNotFound("no community of an office we speak with")
    return found


async def _join_next(services: Services, group_id: int) -> bool:
    """Join some people; whether there may be more."""
    async with services.database.unit_of_work() as unit:
        group = await unit.session.get_one(Account, group_id)
        community = await unit.session.get_one(Community, group_id, with_for_update=True)
        people = (await unit.session.scalars(_NEXT, {"after": community.joined_up_to or 0})).all()
        for person in people:
            try:
                if await find_follow(unit, person, group) is None:
                    await publish_follow(services, unit, person, group)
            except FollowRefused as refused:
                log.info("network-community.not-joined", account=person.username, error=str(refused))
            community.joined_up_to = person.id
    return len(people) == PEOPLE_AT_ONCE
