"""A vote: Create of a Note that has a name, a parent with a poll, and no content (Mastodon's convention)."""

from inbox.access import author_of, visible_status
from inbox.incoming import Outcome, Scene
from outbox.polls import poll_changed
from social.drafts import StatusDraft
from social.polls import VoteRefused, choice_of, poll_of, vote


async def apply_vote(scene: Scene, draft: StatusDraft) -> Outcome:
    """Count a vote in one of our polls; the new numbers go out a little later, for many votes at once."""
    status = await visible_status(scene, draft.in_reply_to_uri)
    if status is None or not (await author_of(scene, status)).is_local:
        return Outcome.UNRELATED
    poll = await poll_of(scene.unit, status)
    choice = choice_of(poll, draft.vote_name or "") if poll else None
    if poll is None or choice is None:
        return Outcome.INVALID
    try:
        is_new = await vote(scene.unit, scene.sender, poll, choice, uri=draft.uri)
    except VoteRefused:
        return Outcome.FORBIDDEN
    if is_new:
        await poll_changed(scene.unit, status)
    return Outcome.APPLIED if is_new else Outcome.DUPLICATE
