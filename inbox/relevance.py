"""Whether what somebody wrote concerns anybody here: what doesn't is not kept.

In a closed network everything public from a confirmed peer does: the offices share one library. In an open one a
status needs a reason: a follower here, an addressee here, a parent that we have, or a community that brought it.
"""

from inbox.incoming import Scene
from models.visibility import Visibility
from social.drafts import StatusDraft


def concerns_us(scene: Scene, draft: StatusDraft, visibility: Visibility) -> bool:
    """Whether to store the status."""
    if (
        scene.incoming.is_subscribed
        or scene.owner is not None
        or scene.sender.id in scene.followed_here
        or scene.incoming.group_uri is not None
    ):
        return True
    if visibility.is_public and scene.services.settings.is_closed:
        return True
    is_local = scene.unit.addresses.is_local
    if any(is_local(uri) for uri in (*draft.to, *draft.cc, *(mention.href for mention in draft.mentions))):
        return True
    return draft.in_reply_to_uri is not None and scene.unit.statuses.get(draft.in_reply_to_uri) is not None
