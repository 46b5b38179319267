"""Accept and Reject: the answer to a Follow (ActivityPub §7.6, §7.7) or to a QuoteRequest (FEP-044f) of ours."""

from sqlalchemy import select

from communities.remote import let_in, turned_away
from federation.trust.origins import same_origin
from inbox.communities_elsewhere import act_refused, post_refused
from inbox.incoming import Handler, Outcome, Scene
from models.accounts import Account
from models.relations import Follow
from models.statuses import Status
from models.topics import TopicSubscription
from outbox.statuses import publish_update
from outbox.subscriptions import ACCEPTED, REJECTED, REQUESTED, backfill_later
from social.accounts import account_by_uri
from social.follows import accept_follow, end_follow, find_follow, follow_by_uri
from social.quotes import accept_quote, refuse_quote


async def apply_accept(scene: Scene) -> Outcome:
    """Only the one who was asked can agree (O14)."""
    if _is_quote_request(scene):
        return await _answer_to_quote(scene, is_accepted=True)
    subscription = await _our_subscription(scene)
    if subscription is not None:
        return await _subscribed(scene, subscription)
    follow, follower = await _our_follow(scene)
    if follow is None or follower is None:
        return Outcome.UNRELATED
    accept = let_in(scene.unit, scene.sender, follower, follow) if scene.sender.is_group else None
    is_new = await (accept or accept_follow(scene.unit, follow, follower, scene.sender))
    scene.followed_here.add(scene.sender.id)
    return Outcome.APPLIED if is_new else Outcome.DUPLICATE


async def apply_reject(scene: Scene) -> Outcome:
    """A refusal, also of what had been accepted: the follow ends."""
    if _is_quote_request(scene):
        return await _answer_to_quote(scene, is_accepted=False)
    if (scene.activity.object or {}).get("type") == "Create":
        return await post_refused(scene)
    if (done := await act_refused(scene)) is not None:
        return done
    subscription = await _our_subscription(scene)
    if subscription is not None:
        subscription.state, subscription.updated_at = REJECTED, scene.unit.now
        return Outcome.APPLIED
    follow, follower = await _our_follow(scene)
    if follow is None or follower is None:
        return Outcome.UNRELATED
    if scene.sender.is_group and scene.sender.is_active:
        await turned_away(scene.unit, scene.sender, follower, follow)
    else:
        await end_follow(scene.unit, follow, follower, scene.sender)
    return Outcome.APPLIED


async def _our_subscription(scene: Scene) -> TopicSubscription | None:
    """The subscription whose Follow is answered, if the topic itself answers."""
    if scene.activity.object_id is None or not scene.sender.is_topic:
        return None
    query = select(TopicSubscription).where(
        TopicSubscription.follow_uri == scene.activity.object_id, TopicSubscription.topic_uri == scene.sender.uri
    )
    return (await scene.unit.session.scalars(query)).first()


async def _subscribed(scene: Scene, subscription: TopicSubscription) -> Outcome:
    """From now on the topic announces what is new; what was before is read back from its archive."""
    if subscription.state != REQUESTED:
        return Outcome.DUPLICATE
    subscription.state = ACCEPTED
    subscription.accepted_at = subscription.updated_at = scene.unit.now
    subscription.last_error = None
    await backfill_later(scene.unit, subscription)
    return Outcome.APPLIED


async def _our_follow(scene: Scene) -> tuple[Follow | None, Account | None]:
    """The follow of a local account that `object` names, by its id or, embedded, by its two ends."""
    embedded = scene.activity.object or {}
    follow = await follow_by_uri(scene.unit, scene.activity.object_id) if scene.activity.object_id else None
    if follow is None and embedded.get("type") == "Follow" and isinstance(embedded.get("actor"), str):
        follower = await account_by_uri(scene.unit, embedded["actor"])
        follow = await find_follow(scene.unit, follower, scene.sender) if follower else None
    if follow is None or follow.followee_id != scene.sender.id:
        return None, None
    follower = await scene.unit.session.get_one(Account, follow.follower_id)
    return (follow, follower) if follower.is_local else (None, None)


def _is_quote_request(scene: Scene) -> bool:
    embedded = scene.activity.object
    return embedded is not None and embedded.get("type") == "QuoteRequest"


async def _answer_to_quote(scene: Scene, *, is_accepted: bool) -> Outcome:
    instrument = (scene.activity.object or {}).get("instrument")
    quote_uri = instrument.get("id") if isinstance(instrument, dict) else instrument
    query = select(Status).where(Status.uri == str(quote_uri), Status.quote_of_id.is_not(None))
    status = (await scene.unit.session.scalars(query)).first()
    quoted = await scene.unit.session.get(Status, status.quote_of_id) if status else None
    if status is None or quoted is None or quoted.account_id != scene.sender.id:
        return Outcome.UNRELATED
    stamp = scene.activity.result
    if not is_accepted or stamp is None or not same_origin(stamp, scene.sender.uri):
        refuse_quote(scene.unit, status)
        return Outcome.APPLIED
    if not accept_quote(scene.unit, status, stamp):
        return Outcome.DUPLICATE
    author = await scene.unit.session.get_one(Account, status.account_id)
    if author.is_local:
        await publish_update(scene.services, scene.unit, status)
    return Outcome.APPLIED


ACCEPT = Handler(apply_accept, "Of a Follow or QuoteRequest of ours")
REJECT = Handler(
    apply_reject,
    "Of a Follow or QuoteRequest of ours, also after it was accepted; of what one of ours did in a community",
)
