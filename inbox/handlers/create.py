"""Create: a peer's account wrote something (ActivityPub §7.2). Votes come the same way (Mastodon's convention)."""

from federation.cards import request_card
from federation.documents import reject_post_activity
from federation.parse import visibility_of
from inbox.communities import lock_as_told, placement
from inbox.handlers.vote import apply_vote
from inbox.incoming import Handler, Incoming, MissingReference, Outcome, References, Scene
from inbox.quote_stamps import request_stamp_check
from inbox.relevance import concerns_us
from models.accounts import Account
from models.statuses import Status
from models.visibility import Visibility
from outbox.communities import publish_in_community
from outbox.forward import forward_to_followers
from outbox.publish import activity_uri, send_to
from social.drafts import StatusDraft
from social.statuses import create_status, reach_silently, status_by_uri


def status_references(incoming: Incoming) -> References:
    """Parent and quoted status are fetched; so is who is mentioned; addressees are only looked up."""
    draft = incoming.draft
    if draft is None:
        # Only the id was sent: the object is fetched from its own server.
        return References(statuses=incoming.activity.object_ids[:1])
    wanted = [uri for uri in (draft.in_reply_to_uri, draft.quote.uri if draft.quote else None) if uri]
    return References(
        accounts=tuple(mention.href for mention in draft.mentions),
        statuses=tuple(wanted),
        known_accounts=tuple(uri for uri in (*draft.to, *draft.cc, *draft.audience) if not uri.endswith("#Public")),
        known_statuses=(draft.uri,) if draft.uri else (),
    )


async def apply_create(scene: Scene) -> Outcome:
    """Store the status. The author must be the sender: nobody posts for somebody else (O01–O05)."""
    draft = scene.incoming.draft
    if draft is None:
        return await _apply_by_id(scene)
    if draft.attributed_to != scene.sender.uri or draft.uri is None:
        return Outcome.FORBIDDEN
    if draft.is_vote:
        return await apply_vote(scene, draft)
    known = await status_by_uri(scene.unit, draft.uri)
    if known is not None:
        return await _deliver_again(scene, draft, known)
    return await store_status(scene, draft)


async def store_status(scene: Scene, draft: StatusDraft) -> Outcome:
    """Make the status, for a Create or for an Update that came first."""
    if scene.is_buried(draft.uri):
        return Outcome.SUPERSEDED
    visibility = visibility_of(draft.to, (*draft.cc, *draft.audience), scene.sender.followers_url)
    if not concerns_us(scene, draft, visibility):
        return Outcome.UNRELATED
    delivered_to = _delivered_to(scene, draft, visibility)
    if delivered_to and visibility is Visibility.DIRECT:
        visibility = Visibility.LIMITED
    found = await placement(scene.unit, scene.sender, draft, visibility, brought_by=scene.incoming.group_uri)
    group, visibility = found.group, found.visibility
    if found.refused_by is not None:
        await _say_why_not(scene, found.refused_by, draft, found.reason)
        if not visibility.is_public:
            return Outcome.NOT_FOR_THEM
    status = await create_status(
        scene.unit, scene.sender, draft, visibility=visibility, delivered_to=delivered_to, group=group
    )
    if group is not None:
        await lock_as_told(scene.unit, status, draft)
        await publish_in_community(scene.services, scene.unit, group, status, scene.sender, said=scene.said)
    await request_card(scene.services, scene.unit, status)
    await request_stamp_check(scene.unit, status)
    await forward_to_followers(scene.services, scene.unit, scene.activity, draft)
    return Outcome.APPLIED


async def _say_why_not(scene: Scene, group: Account, draft: StatusDraft, reason: str) -> None:
    """The community answers the author's server, which then doesn't show the post as one in it (FEP-1b12)."""
    if scene.activity.id is None or scene.activity.type != "Create" or scene.incoming.group_uri is not None:
        return
    document = reject_post_activity(
        activity_uri(scene.unit), group=group, create_uri=scene.activity.id, author_uri=scene.sender.uri,
        status_uri=draft.uri or "", reason=reason,
    )  # fmt: skip
    await send_to(scene.services, scene.unit, group, document, scene.sender, ordering_key=scene.activity.id)


async def _deliver_again(scene: Scene, draft: StatusDraft, status: Status) -> Outcome:
    """What came to another inbox before is now also for the owner of this one (a blind copy); nothing else changes."""
    visibility = visibility_of(draft.to, (*draft.cc, *draft.audience), scene.sender.followers_url)
    is_new = status.account_id == scene.sender.id and [
        owner for owner in _delivered_to(scene, draft, visibility) if await reach_silently(scene.unit, status, owner)
    ]
    return Outcome.APPLIED if is_new else Outcome.DUPLICATE


def _delivered_to(scene: Scene, draft: StatusDraft, visibility: Visibility) -> tuple[Account, ...]:
    """The owner of the inbox, when nothing in the addressing says why it came (O50)."""
    owner = scene.owner
    if owner is None or visibility.is_public or owner.uri in (*draft.to, *draft.cc):
        return ()
    is_follower_post = visibility is Visibility.PRIVATE and scene.sender.id in scene.followed_here
    return () if is_follower_post else (owner,)


async def _apply_by_id(scene: Scene) -> Outcome:
    """`object` was an id, or of a type that isn't a status."""
    if scene.activity.object is not None or scene.activity.object_id is None:
        return Outcome.UNSUPPORTED
    if scene.unit.statuses.get(scene.activity.object_id) is not None:
        return Outcome.APPLIED
    if scene.activity.object_id in scene.incoming.absent or scene.unit.addresses.is_local(scene.activity.object_id):
        return Outcome.UNRELATED
    raise MissingReference(scene.activity.object_id)


HANDLER = Handler(apply_create, "A status, a poll, an event, an article, or a vote", status_references)
