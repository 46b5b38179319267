"""Undo: the sender takes back a Follow, Like, EmojiReact, Announce or Block of its own (ActivityPub §7.8–7.10)."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import select

from federation.activity import id_of
from federation.trust.origins import same_origin
from inbox.communities_elsewhere import taken_out
from inbox.communities_here import act_here
from inbox.handlers.like import pass_on_reaction, reaction
from inbox.handlers.resolve import reopened
from inbox.incoming import Handler, Outcome, Scene
from inbox.invitations import uninvited
from models.accounts import Account
from models.relations import Favourite
from models.statuses import Status
from social.accounts import account_by_uri
from social.blocks import block_by_uri, unblock
from social.edits import delete_status
from social.follows import end_follow, find_follow, follow_by_uri
from social.interactions import find_boost, unfavourite
from social.statuses import status_by_uri
from social.tombstones import bury

Undo = Callable[[Scene, dict[str, Any]], Awaitable[bool]]


async def apply_undo(scene: Scene) -> Outcome:
    """Find what is undone by its id, or by what the embedded copy says; only the sender's own counts (O10).

    What isn't here yet is remembered, so that it has no effect when it comes.
    """
    embedded = scene.activity.object or {}
    if embedded and id_of(embedded.get("actor")) not in (None, scene.sender.uri):
        return Outcome.FORBIDDEN
    done = await act_here(scene)
    if done is not None:
        return done
    kinds = [embedded["type"]] if embedded.get("type") in UNDOABLE else list(UNDOABLE)
    for kind in kinds:
        if await UNDOABLE[kind](scene, embedded):
            return Outcome.APPLIED
    uri = scene.activity.object_id
    if uri is None or not same_origin(uri, scene.sender.uri):
        return Outcome.INVALID
    await bury(scene.unit, uri, kind="Undo", owner_uri=scene.sender.uri)
    return Outcome.APPLIED


async def _undo_follow(scene: Scene, embedded: dict[str, Any]) -> bool:
    follow = await follow_by_uri(scene.unit, scene.activity.object_id) if scene.activity.object_id else None
    target = id_of(embedded.get("object"))
    followee = await account_by_uri(scene.unit, target) if target else None
    if follow is None and followee is not None:
        follow = await find_follow(scene.unit, scene.sender, followee)
    if follow is None or follow.follower_id != scene.sender.id:
        return False
    if followee is None or followee.id != follow.followee_id:
        followee = await scene.unit.session.get_one(type(scene.sender), follow.followee_id)
    await end_follow(scene.unit, follow, scene.sender, followee)
    return True


async def _undo_like(scene: Scene, embedded: dict[str, Any]) -> bool:
    uri = scene.activity.object_id
    status = await _liked(scene, uri) if uri is not None else None
    if status is not None and await unfavourite(scene.unit, scene.sender, uri=uri):
        await pass_on_reaction(scene, status)
        return True
    status = await _status(scene, embedded)
    content = reaction(embedded.get("content"))
    if status is None or not await unfavourite(scene.unit, scene.sender, status=status, content=content):
        return False
    await pass_on_reaction(scene, status)
    return True


async def _liked(scene: Scene, uri: str) -> Status | None:
    await scene.unit.session.flush()
    query = (
        select(Status)
        .join(Favourite, Favourite.status_id == Status.id)
        .where(Favourite.uri == uri, Favourite.account_id == scene.sender.id)
    )
    return (await scene.unit.session.scalars(query)).first()


async def _undo_announce(scene: Scene, embedded: dict[str, Any]) -> bool:
    uri = scene.activity.object_id
    shared = await status_by_uri(scene.unit, uri) if uri else None
    if shared is None or not shared.is_boost:
        status = await _status(scene, embedded)
        shared = await find_boost(scene.unit, scene.sender, status) if status else None
    if shared is None or shared.account_id != scene.sender.id:
        return False
    boosted = await scene.unit.session.get(Status, shared.boost_of_id) if scene.sender.is_group else None
    if boosted is not None and await taken_out(scene, boosted.uri) is Outcome.APPLIED:
        return True  # a community that doesn't share its own post any more has removed it
    await delete_status(scene.unit, shared, owner_uri=scene.sender.uri)
    return True


async def _undo_block(scene: Scene, embedded: dict[str, Any]) -> bool:
    uri, target = scene.activity.object_id, id_of(embedded.get("object"))
    found = await block_by_uri(scene.unit, uri) if uri else None
    if found is not None and found.account_id == scene.sender.id:
        account: Account | None = await scene.unit.session.get_one(Account, found.target_id)
    else:
        account = await account_by_uri(scene.unit, target) if target else None
    return account is not None and await unblock(scene.unit, scene.sender, account)


async def _status(scene: Scene, embedded: dict[str, Any]) -> Status | None:
    uri = id_of(embedded.get("object"))
    return await status_by_uri(scene.unit, uri) if uri else None


UNDOABLE: dict[str, Undo] = {
    "Follow": _undo_follow,
    "Like": _undo_like,
    "EmojiReact": _undo_like,
    "Announce": _undo_announce,
    "Block": _undo_block,
    "Invite": uninvited,
    "Resolve": reopened,
}

HANDLER = Handler(
    apply_undo, "Of Follow, Like, EmojiReact, Announce, Block, Invite and Resolve; also before they arrived"
)
