"""Follow: a peer's account wants what one of ours writes (ActivityPub §7.5)."""

from inbox.access import local_account
from inbox.incoming import Handler, Outcome, Scene
from models.accounts import INSTANCE_ACTOR_ID
from outbox.follows import publish_accept, publish_reject
from social.follows import ACCEPTED, FollowRefused, find_follow, follow_by_uri, request_follow


async def apply_follow(scene: Scene) -> Outcome:
    """Accept at once, keep the request for a locked account, or refuse.

    A Follow that is repeated is answered again: its sender may have lost our Accept.
    """
    followee = await local_account(scene, scene.activity.object_id)
    if followee is None or followee.id == INSTANCE_ACTOR_ID or scene.activity.id is None:
        return Outcome.INVALID
    known = await find_follow(scene.unit, scene.sender, followee)
    taken = await follow_by_uri(scene.unit, scene.activity.id)
    if taken is not None and taken is not known:
        return Outcome.FORBIDDEN  # the id of another follow
    was_known = known is not None and known.uri == scene.activity.id
    try:
        follow = await request_follow(scene.unit, scene.sender, followee, uri=scene.activity.id)
    except FollowRefused:
        await publish_reject(
            scene.services, scene.unit, followee, scene.sender, follow_uri=scene.activity.id, follow=None
        )
        return Outcome.FORBIDDEN
    if follow.state == ACCEPTED:
        await publish_accept(scene.services, scene.unit, follow, scene.sender, followee)
    return Outcome.DUPLICATE if was_known else Outcome.APPLIED


HANDLER = Handler(apply_follow, "Answered with Accept or Reject; a locked account's owner decides")
