"""Update: a status was edited, a poll counted, or an actor changed its profile or keys (ActivityPub §7.3)."""

from federation.actors.pins import breaks_pin
from federation.actors.store import ActorRefused, store_actor
from federation.cards import request_card
from federation.json_ld import DocumentRefused
from federation.parse import actor_draft
from inbox.communities import lock_as_told
from inbox.handlers.create import status_references, store_status
from inbox.incoming import Handler, Outcome, Scene
from inbox.quote_stamps import request_stamp_check
from outbox.forward import forward_to_followers
from outbox.passing_on import pass_on_change
from policy.authority import may_edit
from social.edits import edit_status
from social.showcases import request_showcase
from social.statuses import status_by_uri


async def apply_update(scene: Scene) -> Outcome:
    """Only the owner updates: an actor itself, a status its author (O08). An edit that came first makes the status."""
    draft = scene.incoming.draft
    if draft is None:
        return await _update_actor(scene)
    if draft.attributed_to != scene.sender.uri or draft.uri is None or draft.is_vote:
        return Outcome.FORBIDDEN
    status = await status_by_uri(scene.unit, draft.uri)
    if status is None:
        return await store_status(scene, draft)
    if not may_edit(scene.sender, status):
        return Outcome.FORBIDDEN
    is_locked = await lock_as_told(scene.unit, status, draft)
    if not await edit_status(scene.unit, scene.sender, status, draft):
        return Outcome.APPLIED if is_locked else Outcome.DUPLICATE
    await request_card(scene.services, scene.unit, status)
    await request_stamp_check(scene.unit, status)
    await forward_to_followers(scene.services, scene.unit, scene.activity, draft)
    if (said := scene.said) is not None:
        await pass_on_change(scene.services, scene.unit, status, scene.sender, said)
    return Outcome.APPLIED


async def _update_actor(scene: Scene) -> Outcome:
    if scene.activity.object_id != scene.sender.uri:
        return Outcome.FORBIDDEN if scene.activity.object is not None else Outcome.UNSUPPORTED
    if scene.activity.object is None:
        return Outcome.UNSUPPORTED
    try:
        draft = actor_draft(scene.activity.object)
        if breaks_pin(scene.services, draft):
            return Outcome.FORBIDDEN  # a rotation that the old key announces was noted when it came
        account = await store_actor(scene.unit, draft, scene.sender.domain or "", memory=scene.services.peers.memory)
    except (DocumentRefused, ActorRefused):
        return Outcome.INVALID
    if account.featured_fetched_at is not None:
        # Somebody has looked: the rest may have changed as well.
        await request_showcase(scene.unit, account, has_changed=True)
    return Outcome.APPLIED


HANDLER = Handler(apply_update, "An edited status, a poll's new numbers, a changed profile or key", status_references)
