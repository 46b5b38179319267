"""Add and Remove: the sender pins a status of its own to its profile, or unpins it (`featured`)."""

from inbox.incoming import Handler, Incoming, Outcome, References, Scene
from policy.limits import PINNED_STATUSES
from social.statuses import status_by_uri


def pinned_reference(incoming: Incoming) -> References:
    """What is pinned may be older than what we have."""
    return References(statuses=incoming.activity.object_ids[:1])


async def apply_add(scene: Scene) -> Outcome:
    """Only to the sender's own collection, only the sender's own status (O15)."""
    return await _set_pinned(scene, is_pinned=True)


async def apply_remove(scene: Scene) -> Outcome:
    """The reverse."""
    return await _set_pinned(scene, is_pinned=False)


async def _set_pinned(scene: Scene, *, is_pinned: bool) -> Outcome:
    target, uri = scene.activity.target_id, scene.activity.object_id
    if target is None or uri is None:
        return Outcome.INVALID
    if target != scene.sender.featured_url:
        return Outcome.UNSUPPORTED
    status = await status_by_uri(scene.unit, uri)
    if status is None:
        return Outcome.UNRELATED
    if status.account_id != scene.sender.id and not (scene.sender.is_group and status.group_id == scene.sender.id):
        return Outcome.FORBIDDEN
    if (status.pinned_at is not None) == is_pinned:
        return Outcome.DUPLICATE
    status.pinned_at = scene.unit.now if is_pinned else None
    return Outcome.APPLIED


ADD = Handler(apply_add, f"A pinned status (`featured`); up to {PINNED_STATUSES} are shown", pinned_reference)
REMOVE = Handler(apply_remove, "A status is no longer pinned")
