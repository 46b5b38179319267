"""Undo (ActivityPub §6.10) of a Follow, Like, EmojiReact, Announce or Block of the owner's own.

What is undone is found by its id, or by what the embedded copy says; only the owner's own counts, and what isn't there
is answered so.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy import select

from federation.activity import id_of
from models.accounts import Account
from models.relations import Block, Favourite
from models.statuses import Status
from outbox.c2s.intent import Intent
from outbox.c2s.lookup import Lookup
from outbox.c2s.refusals import forbidden, malformed, unknown
from outbox.c2s.scene import Apply, Scene
from outbox.follows import publish_unblock, publish_unfollow
from outbox.interactions import publish_unfavourite
from outbox.statuses import publish_unboost
from social.accounts import account_by_uri
from social.follows import follow_by_uri
from social.interactions import find_boost
from social.statuses import status_by_uri


async def undo(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Take back an activity of the owner's."""
    embedded = intent.object
    if embedded is not None and id_of(embedded.get("actor")) not in (None, owner.uri):
        raise forbidden("You can undo your own activities only.")
    if embedded is not None and embedded.get("type") not in UNDOABLE:
        raise malformed(f"{', '.join(UNDOABLE)} can be undone; to take back a post, delete it.")
    if embedded is None and not intent.object_ids:
        raise malformed("An Undo names the activity that is undone.")
    return partial(_undo, intent)


async def _undo(intent: Intent, scene: Scene) -> str:
    uri = intent.object_ids[0] if intent.object_ids else None
    embedded = intent.object or {}
    about, content = id_of(embedded.get("object")), str(embedded.get("content", ""))
    for kind in [embedded["type"]] if embedded else list(UNDOABLE):
        undone = await UNDOABLE[kind](scene, uri, about, content)
        if undone is not None:
            return await scene.sent("Undo", undone)
    raise unknown("What you undo")


async def _undo_follow(scene: Scene, uri: str | None, about: str | None, content: str) -> str | None:
    follow = await follow_by_uri(scene.unit, uri) if uri else None
    if follow is not None and follow.follower_id == scene.owner.id:
        followee: Account | None = await scene.unit.session.get_one(Account, follow.followee_id)
    else:
        followee = await account_by_uri(scene.unit, about) if about else None
    if followee is None or not await publish_unfollow(scene.services, scene.unit, scene.owner, followee):
        return None
    return followee.uri if follow is None else follow.uri


async def _undo_like(scene: Scene, uri: str | None, about: str | None, content: str) -> str | None:
    own = select(Favourite).where(Favourite.uri == uri, Favourite.account_id == scene.owner.id)
    found = (await scene.unit.session.scalars(own)).first() if uri else None
    if found is not None:
        status = await scene.unit.session.get(Status, found.status_id)
        content = found.content
    else:
        status = await status_by_uri(scene.unit, about) if about else None
    if status is None:
        return None
    removed = await publish_unfavourite(scene.services, scene.unit, scene.owner, status, content=content)
    return (uri or status.uri) if removed else None


async def _undo_announce(scene: Scene, uri: str | None, about: str | None, content: str) -> str | None:
    shared = await status_by_uri(scene.unit, uri) if uri else None
    if shared is None or not shared.is_boost:
        status = await status_by_uri(scene.unit, about) if about else None
        shared = await find_boost(scene.unit, scene.owner, status) if status is not None else None
    if shared is None or shared.account_id != scene.owner.id:
        return None
    boosted = await scene.unit.session.get_one(Status, shared.boost_of_id)
    shared_uri = shared.uri
    await publish_unboost(scene.services, scene.unit, scene.owner, boosted)
    return shared_uri


async def _undo_block(scene: Scene, uri: str | None, about: str | None, content: str) -> str | None:
    own = select(Block.target_id).where(Block.uri == uri, Block.account_id == scene.owner.id)
    target_id = await scene.unit.session.scalar(own) if uri else None
    target = await scene.unit.session.get(Account, target_id) if target_id else None
    if target is None and about:
        target = await account_by_uri(scene.unit, about)
    if target is None or not await publish_unblock(scene.services, scene.unit, scene.owner, target):
        return None
    return uri or target.uri


Undone = Callable[[Scene, str | None, str | None, str], Awaitable[str | None]]

UNDOABLE: dict[str, Undone] = {
    "Follow": _undo_follow,
    "Like": _undo_like,
    "EmojiReact": _undo_like,
    "Announce": _undo_announce,
    "Block": _undo_block,
}
"""Take back one kind, found by its id or by its object (and content); returns what was undone, or None."""
