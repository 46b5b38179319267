"""Block: the sender wants nothing of one of ours (Mastodon sends it, ActivityPub leaves it to servers)."""

from inbox.access import local_account
from inbox.communities_here import act_here
from inbox.incoming import Handler, Outcome, Scene
from social.blocks import block, block_by_uri


async def apply_block(scene: Scene) -> Outcome:
    """Only between the sender and a local account (O26); with a target it is a ban from a community."""
    if scene.activity.target_id is not None:
        return await act_here(scene) or Outcome.ELSEWHERE
    target = await local_account(scene, scene.activity.object_id)
    if target is None:
        return Outcome.INVALID
    uri = scene.activity.id
    if uri is not None and await block_by_uri(scene.unit, uri) is not None:
        return Outcome.DUPLICATE
    is_new = await block(scene.unit, scene.sender, target, uri=uri)
    return Outcome.APPLIED if is_new else Outcome.DUPLICATE


HANDLER = Handler(
    apply_block,
    "Follows in both directions end, and neither sees the other; with a community of ours as `target`, a ban from it",
)
