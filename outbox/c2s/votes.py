"""A vote: a Note with a name and a parent, and without content (Mastodon's convention)."""

from federation.documents.wire_time import wire_time
from outbox.c2s.refusals import malformed
from outbox.c2s.scene import Scene
from outbox.interactions import publish_votes
from social.drafts import StatusDraft
from social.polls import choice_of, poll_of


async def cast_vote(draft: StatusDraft, scene: Scene) -> str:
    """Vote for the option that the draft names. Raises ClientRefused and VoteRefused."""
    status = await scene.visible_status(draft.in_reply_to_uri or "")
    poll = await poll_of(scene.unit, status)
    choice = choice_of(poll, draft.vote_name or "") if poll is not None else None
    if poll is None or choice is None:
        raise malformed("A note with a name and without content is a vote, and there is no such option.")
    author = await scene.author_of(status)
    await publish_votes(scene.services, scene.unit, scene.owner, status, poll, [choice])
    vote = {
        "type": "Note",
        "attributedTo": scene.owner.uri,
        "name": draft.vote_name,
        "inReplyTo": status.uri,
        "published": wire_time(scene.unit.now),
    }
    return await scene.sent("Create", vote, to=author.uri)
