"""Block: the sender wants nothing of one of ours (Mastodon sends it, ActivityPub leaves it to servers)."""

from inbox.access import local_account
from inbox.incoming import Handler, Outcome, Scene
from social.blocks import block


async def apply_block(scene: Scene) -> Outcome:
    """Only between the sender and a local account (O26)."""
    target = await local_account(scene, scene.activity.object_id)
    if target is None:
        return Outcome.INVALID
    is_new = await block(scene.unit, scene.sender, target, uri=scene.activity.id)
    return Outcome.APPLIED if is_new else Outcome.DUPLICATE


HANDLER = Handler(apply_block, "Follows in both directions end, and neither sees the other")
