"""Follow, Accept, Reject and Block (ActivityPub §6.5, §6.9, §7.6, §7.7): whom the owner follows, admits, shuts out."""

from functools import partial

from sqlalchemy import select

from federation.activity import id_of
from federation.documents import follow_activity
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.relations import Block, Follow
from outbox.c2s.intent import Intent
from outbox.c2s.lookup import Lookup
from outbox.c2s.notes import require_found
from outbox.c2s.refusals import forbidden, unknown
from outbox.c2s.scene import Apply, Scene
from outbox.follows import publish_accept, publish_block, publish_follow, publish_reject
from social.accounts import account_by_uri
from social.follows import find_follow, follow_by_uri


async def follow(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Follow somebody; a locked or a remote account answers later."""
    found = require_found(intent.object_id, await lookup.actor(intent.object_id))
    return partial(_follow, found.uri)


async def _follow(uri: str, scene: Scene) -> str:
    followee = await scene.account(uri)
    if followee.id == INSTANCE_ACTOR_ID:
        raise forbidden("The office itself can't be followed.")
    return (await publish_follow(scene.services, scene.unit, scene.owner, followee)).uri


async def block(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Block somebody."""
    found = require_found(intent.object_id, await lookup.actor(intent.object_id))
    return partial(_block, found.uri)


async def _block(uri: str, scene: Scene) -> str:
    target = await scene.account(uri)
    if target.id in (scene.owner.id, INSTANCE_ACTOR_ID):
        raise forbidden("You can block others, not yourself and not the office.")
    await publish_block(scene.services, scene.unit, scene.owner, target)
    await scene.unit.session.flush()
    query = select(Block.uri).where(Block.account_id == scene.owner.id, Block.target_id == target.id)
    return await scene.sent("Block", target.uri, uri=await scene.unit.session.scalar(query), to=target.uri)


async def accept(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Accept a request to follow the owner."""
    return partial(_accept, intent)


async def _accept(intent: Intent, scene: Scene) -> str:
    request, follower = await _request(intent, scene)
    await publish_accept(scene.services, scene.unit, request, follower, scene.owner)
    return await scene.sent("Accept", _document(request, follower, scene.owner), to=follower.uri)


async def reject(intent: Intent, lookup: Lookup, owner: Account) -> Apply:
    """Reject a request to follow the owner, or remove a follower."""
    return partial(_reject, intent)


async def _reject(intent: Intent, scene: Scene) -> str:
    request, follower = await _request(intent, scene)
    document = _document(request, follower, scene.owner)
    await publish_reject(scene.services, scene.unit, scene.owner, follower, follow_uri=request.uri, follow=request)
    return await scene.sent("Reject", document, to=follower.uri)


def _document(request: Follow, follower: Account, followee: Account) -> dict[str, object]:
    return follow_activity(request.uri, actor_uri=follower.uri, target_uri=followee.uri)


async def _request(intent: Intent, scene: Scene) -> tuple[Follow, Account]:
    """The follow of the owner that `object` names by its id, or in full. Raises ClientRefused."""
    request = await follow_by_uri(scene.unit, intent.object_ids[0]) if intent.object_ids else None
    if request is None and intent.object is not None and intent.object.get("type") == "Follow":
        follower_uri = id_of(intent.object.get("actor"))
        known = await account_by_uri(scene.unit, follower_uri) if follower_uri else None
        request = await find_follow(scene.unit, known, scene.owner) if known is not None else None
    if request is None or request.followee_id != scene.owner.id:
        raise unknown("This request to follow you")
    return request, await scene.unit.session.get_one(Account, request.follower_id)
