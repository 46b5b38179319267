"""Follow: a peer's account wants what one of ours writes (ActivityPub §7.5)."""

from sqlalchemy import func, select

from communities.archive import is_in_use
from communities.membership import join
from communities.standings import CommunityError, NoSuchCommunity
from communities.topics import ensure_topic, topic_name
from inbox.access import local_account
from inbox.incoming import Handler, Outcome, Scene
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.relations import Follow
from models.statuses import Tag
from outbox.communities import tell
from outbox.follows import publish_accept, publish_reject
from outbox.topics import is_full_peer
from policy.limits import TOPICS_PER_PEER
from social.follows import ACCEPTED, FollowRefused, find_follow, follow_by_uri, request_follow
from social.tags import find_or_create_tag


async def apply_follow(scene: Scene) -> Outcome:
    """Accept at once, keep the request for a locked account, or refuse.

    A Follow that is repeated is answered again: its sender may have lost our Accept.
    """
    followee = await local_account(scene, scene.activity.object_id) or await _topic(scene)
    if followee is None or followee.id == INSTANCE_ACTOR_ID or scene.activity.id is None:
        return Outcome.INVALID
    known = await find_follow(scene.unit, scene.sender, followee)
    taken = await follow_by_uri(scene.unit, scene.activity.id)
    if taken is not None and taken is not known:
        return Outcome.FORBIDDEN  # the id of another follow
    was_known = known is not None and known.uri == scene.activity.id
    try:
        if followee.is_group:
            await tell(
                scene.services, scene.unit, await join(scene.unit, followee, scene.sender, uri=scene.activity.id)
            )
        follow = await request_follow(scene.unit, scene.sender, followee, uri=scene.activity.id)
    except NoSuchCommunity:
        return Outcome.INVALID  # a word of refusal would say that it exists
    except (FollowRefused, CommunityError):
        await publish_reject(
            scene.services, scene.unit, followee, scene.sender, follow_uri=scene.activity.id, follow=None
        )
        return Outcome.FORBIDDEN
    if follow.state == ACCEPTED:
        await publish_accept(scene.services, scene.unit, follow, scene.sender, followee)
    return Outcome.DUPLICATE if was_known else Outcome.APPLIED


async def _topic(scene: Scene) -> Account | None:
    """The topic that is meant, made now when it has no row yet.

    Whoever may write here may follow what somebody has said something under; the office of a peer also a hashtag that
    nobody here has used yet, so that it misses nothing later.
    """
    uri = scene.activity.object_id or ""
    name = topic_name(scene.unit.addresses.origin, uri)
    if name is None:
        return None
    tag = (await scene.unit.session.scalars(select(Tag).where(Tag.name == name))).first()
    if tag is None or not await is_in_use(scene.unit.session, name):
        if not is_full_peer(scene.services, scene.sender) or not await _has_room(scene):
            return None
        tag = tag or await find_or_create_tag(scene.unit, name, name)
    return await ensure_topic(scene.unit, tag)


async def _has_room(scene: Scene) -> bool:
    followed = (
        select(func.count())
        .select_from(Follow)
        .join(Account, Account.id == Follow.followee_id)
        .where(Follow.follower_id == scene.sender.id, Account.topic.is_not(None))
    )
    return (await scene.unit.session.scalar(followed) or 0) < TOPICS_PER_PEER


HANDLER = Handler(apply_follow, "Answered with Accept or Reject; a locked account's owner decides")
