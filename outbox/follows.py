"""Following and blocking, as our accounts do it: the effect here, and the word to the other server."""

from collections.abc import Sequence

from sqlalchemy import select

from federation.documents import (
    block_activity,
    follow_activity,
    undo_activity,
)
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.relations import Block, Follow
from outbox.communities import publish_join, publish_leave
from outbox.follow_answers import send_accept, send_reject
from outbox.publish import Document, activity_uri, send_to
from social.blocks import block, unblock
from social.follows import (
    ACCEPTED,
    accept_follow,
    end_follow,
    find_follow,
    forget_follow_notices,
    request_follow,
)
from social.notifications import notify
from social.showcases import is_stale, request_showcase


def _follow_document(follow: Follow, follower: Account, followee: Account) -> Document:
    return follow_activity(follow.uri, actor_uri=follower.uri, target_uri=followee.uri)


async def publish_follow(
    services: Services,
    unit: UnitOfWork,
    follower: Account,
    followee: Account,
    *,
    shows_boosts: bool | None = None,
    notifies: bool | None = None,
    languages: Sequence[str] | None = None,
) -> Follow:
    """Follow somebody; asking twice sends nothing new once it was accepted. Raises FollowRefused.

    The wishes are those of `social.follows.request_follow`; no other server learns of them. To follow a community is to
    join it.
    """
    if followee.is_group and followee.is_local:
        return await publish_join(
            services, unit, follower, followee, shows_boosts=shows_boosts, notifies=notifies, languages=languages
        )
    known = await find_follow(unit, follower, followee)
    follow = await request_follow(
        unit, follower, followee, shows_boosts=shows_boosts, notifies=notifies, languages=languages
    )
    if follow.state != ACCEPTED:
        if known is not None:
            follow.uri = activity_uri(unit)  # asked again: another activity, and no two have one id
        document = _follow_document(follow, follower, followee)
        await send_to(services, unit, follower, document, followee, ordering_key=followee.uri)
    if is_stale(followee, unit.now):
        await request_showcase(unit, followee)
    return follow


async def publish_unfollow(services: Services, unit: UnitOfWork, follower: Account, followee: Account) -> bool:
    """Stop following, or take a request back; False when there was nothing. Raises CommunityRefused for who stays."""
    if followee.is_group and followee.is_local:
        return await publish_leave(services, unit, follower, followee)
    follow = await find_follow(unit, follower, followee)
    if follow is None:
        return False
    document = undo_activity(activity_uri(unit), _follow_document(follow, follower, followee))
    await end_follow(unit, follow, follower, followee)
    await send_to(services, unit, follower, document, followee, ordering_key=followee.uri)
    return True


async def publish_accept(
    services: Services, unit: UnitOfWork, follow: Follow, follower: Account, followee: Account
) -> None:
    """Accept a follow request of a local account's, and say so, also a second time to a server that asks again."""
    if await accept_follow(unit, follow, follower, followee):
        forget_follow_notices(unit, follow)
        notify(unit, followee, "follow", follower, subject_id=follow.id)
    await send_accept(services, unit, followee, follower, follow_uri=follow.uri)


async def publish_reject(
    services: Services,
    unit: UnitOfWork,
    followee: Account,
    follower: Account,
    *,
    follow_uri: str,
    follow: Follow | None,
) -> None:
    """Refuse a follow, or remove a follower."""
    if follow is not None:
        await end_follow(unit, follow, follower, followee)
    await send_reject(services, unit, followee, follower, follow_uri=follow_uri)


async def publish_block(services: Services, unit: UnitOfWork, account: Account, target: Account) -> bool:
    """Block somebody, and tell their server so that it stops showing us; False when it was so before."""
    document = block_activity(activity_uri(unit), actor_uri=account.uri, target_uri=target.uri)
    if not await block(unit, account, target, uri=document["id"]):
        return False
    await send_to(services, unit, account, document, target, ordering_key=target.uri)
    return True


async def publish_unblock(services: Services, unit: UnitOfWork, account: Account, target: Account) -> bool:
    """Lift a block; False when there was none."""
    query = select(Block.uri).where(Block.account_id == account.id, Block.target_id == target.id)
    uri = await unit.session.scalar(query)
    if not await unblock(unit, account, target):
        return False
    blocked = block_activity(uri or activity_uri(unit), actor_uri=account.uri, target_uri=target.uri)
    document = undo_activity(activity_uri(unit), blocked)
    await send_to(services, unit, account, document, target, ordering_key=target.uri)
    return True
