"""Lock: a moderator ends a thread in a community of ours (FEP-1b12 in Lemmy's words)."""

from inbox.communities_here import act_here
from inbox.incoming import Handler, Outcome, Scene


async def apply_lock(scene: Scene) -> Outcome:
    """What is done in communities elsewhere comes from them."""
    return await act_here(scene) or Outcome.ELSEWHERE


HANDLER = Handler(apply_lock, "By a moderator of a community of ours: no more replies to a post")
