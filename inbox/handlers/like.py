"""Like and EmojiReact: the sender likes a status, or reacts with an emoji (ActivityPub §7.10, FEP-c0e0)."""

from content.names import sanitize_name
from inbox.access import author_of, visible_status
from inbox.communities import is_banned
from inbox.incoming import Handler, Outcome, Scene
from models.statuses import Status
from outbox.passing_on import pass_on_by_status
from social.interactions import MAX_REACTION_CHARACTERS, favourite


async def apply_like(scene: Scene) -> Outcome:
    """Record it. A status that the sender can't see is answered like one that doesn't exist."""
    status = await visible_status(scene, scene.activity.object_id)
    if status is None:
        return Outcome.UNRELATED
    author = await author_of(scene, status)
    content = reaction(scene.activity.content)
    is_new = await favourite(scene.unit, scene.sender, status, author, uri=scene.activity.id, content=content)
    if is_new:
        await pass_on_reaction(scene, status)
    return Outcome.APPLIED if is_new else Outcome.DUPLICATE


async def pass_on_reaction(scene: Scene, status: Status) -> None:
    """Let the community of ours in which a status was posted tell of it, unless the sender is banned there."""
    said = scene.said
    if (
        said is not None
        and status.group_id is not None
        and not await is_banned(scene.unit, status.group_id, scene.sender)
    ):
        await pass_on_by_status(scene.services, scene.unit, status, said)


def reaction(content: object) -> str:
    """The emoji of a reaction as it is kept: one short line of text without markup; empty for a plain like."""
    return sanitize_name(content, MAX_REACTION_CHARACTERS) if isinstance(content, str) else ""


LIKE = Handler(apply_like, "A favourite; with `content` a reaction")
EMOJI_REACT = Handler(apply_like, "A reaction with an emoji")
