"""Delete: a status, or the sender itself, is gone (ActivityPub §7.4). What is gone can't come back."""

from sqlalchemy import select
from sqlalchemy.orm import aliased

from federation.trust.origins import same_origin
from inbox.communities_elsewhere import taken_out
from inbox.communities_here import act_here
from inbox.incoming import Handler, Outcome, Scene
from models.events import Event, Kind
from models.statuses import Status
from outbox.forward import forward_to_followers
from outbox.passing_on import pass_on_change
from policy.authority import may_delete
from social.accounts import account_by_uri, remove_account
from social.edits import delete_status
from social.quotes import refuse_quote
from social.statuses import status_by_uri
from social.tombstones import bury


async def apply_delete(scene: Scene) -> Outcome:
    """Delete each object that is the sender's; the others are passed over (O09)."""
    done = await act_here(scene)
    if done is not None:
        return done
    outcomes = [await _delete_one(scene, uri) for uri in scene.activity.object_ids]
    if not outcomes:
        return Outcome.INVALID
    return Outcome.APPLIED if Outcome.APPLIED in outcomes else outcomes[0]


async def _delete_one(scene: Scene, uri: str) -> Outcome:
    if uri == scene.sender.uri:
        return await _delete_sender(scene)
    status = await status_by_uri(scene.unit, uri)
    if status is not None:
        if not may_delete(scene.sender, status):
            return Outcome.FORBIDDEN
        if status.account_id != scene.sender.id:
            return await taken_out(scene, uri)
        await forward_to_followers(scene.services, scene.unit, scene.activity, None, about=status)
        if (said := scene.said) is not None:
            await pass_on_change(scene.services, scene.unit, status, scene.sender, said)
        await delete_status(scene.unit, status, owner_uri=scene.sender.uri)
        return Outcome.APPLIED
    if await _revoked_quote(scene, uri):
        return Outcome.APPLIED
    if not same_origin(uri, scene.sender.uri) or await account_by_uri(scene.unit, uri) is not None:
        return Outcome.FORBIDDEN
    if scene.is_buried(uri):
        return Outcome.DUPLICATE
    # It may still be on its way: when it comes, it finds its own author's word that it is gone.
    await bury(scene.unit, uri, kind="Note", owner_uri=scene.sender.uri)
    return Outcome.APPLIED


async def _revoked_quote(scene: Scene, uri: str) -> bool:
    """Whether `uri` was the sender's consent to a quote (FEP-044f): the quote isn't shown any more then."""
    quoted = aliased(Status)
    query = (
        select(Status)
        .join(quoted, quoted.id == Status.quote_of_id)
        .where(quoted.account_id == scene.sender.id, quoted.quotes_count > 0, Status.quote_authorization_uri == uri)
    )
    quote = (await scene.unit.session.scalars(query)).first()
    if quote is not None:
        refuse_quote(scene.unit, quote, "revoked")
    return quote is not None


async def _delete_sender(scene: Scene) -> Outcome:
    if scene.sender.gone_at is not None:
        return Outcome.DUPLICATE
    await remove_account(scene.unit, scene.sender)
    known_keys, uri = scene.services.peers.memory.keys, scene.sender.uri
    scene.unit.after_commit(lambda: known_keys.forget_actor(uri))
    scene.unit.emit(Event(Kind.KEYS_CHANGED, account_id=scene.sender.id))
    return Outcome.APPLIED


HANDLER = Handler(
    apply_delete,
    "A status or an account is gone, also before it arrived; or a moderator removes a post from a community of ours",
)
