"""Add and Remove: the sender pins a status of its own to its profile, or features a hashtag there.

Mastodon names `featured` as the target of both, because it knows no address of the collection of hashtags; what the
object is tells them apart. `featuredTags` is taken as well.
"""

from federation.parse.tags import hashtags_of
from federation.serving.communities import ROLE_COLLECTIONS
from inbox.communities_here import act_here
from inbox.incoming import Handler, Incoming, Outcome, References, Scene
from policy.limits import PINNED_STATUSES
from social.drafts import TagDraft
from social.featured_tags import feature_tag, unfeature_tag
from social.quotas import QuotaReached
from social.statuses import status_by_uri
from social.tags import find_or_create_tag


def pinned_reference(incoming: Incoming) -> References:
    """What is pinned may be older than what we have; a hashtag needs nothing, and who gets a role is known or isn't."""
    if (incoming.activity.target_id or "").rpartition("/collections/")[2] in ROLE_COLLECTIONS:
        return References(known_accounts=incoming.activity.object_ids)
    return References() if _hashtags(incoming) else References(statuses=incoming.activity.object_ids[:1])


async def apply_add(scene: Scene) -> Outcome:
    """Only to the sender's own collections, only the sender's own status (O15)."""
    return await _set_pinned(scene, is_pinned=True)


async def apply_remove(scene: Scene) -> Outcome:
    """The reverse."""
    return await _set_pinned(scene, is_pinned=False)


async def _set_pinned(scene: Scene, *, is_pinned: bool) -> Outcome:
    done = await act_here(scene)
    if done is not None:
        return done
    if tags := _hashtags(scene.incoming):
        return await _set_featured(scene, tags, is_featured=is_pinned)
    target, uri = scene.activity.target_id, scene.activity.object_id
    if target is None or uri is None:
        return Outcome.INVALID
    if target != scene.sender.featured_url:
        return Outcome.UNSUPPORTED
    status = await status_by_uri(scene.unit, uri)
    if status is None:
        return Outcome.UNRELATED
    if status.account_id != scene.sender.id and not (scene.sender.is_group and status.group_id == scene.sender.id):
        return Outcome.FORBIDDEN
    column = "pinned_at" if status.account_id == scene.sender.id else "featured_at"
    if (getattr(status, column) is not None) == is_pinned:
        return Outcome.DUPLICATE
    setattr(status, column, scene.unit.now if is_pinned else None)
    return Outcome.APPLIED


def _hashtags(incoming: Incoming) -> tuple[TagDraft, ...]:
    found = incoming.activity.object
    return hashtags_of([found]) if found is not None and found.get("type") == "Hashtag" else ()


async def _set_featured(scene: Scene, tags: tuple[TagDraft, ...], *, is_featured: bool) -> Outcome:
    target = scene.activity.target_id
    if target is None or target not in (scene.sender.featured_url, scene.sender.featured_tags_url):
        return Outcome.UNSUPPORTED
    tag = await find_or_create_tag(scene.unit, tags[0].name, tags[0].display)
    try:
        change = feature_tag(scene.unit, scene.sender, tag) if is_featured else None
        is_new = await (change or unfeature_tag(scene.unit, scene.sender, tag.id))
    except QuotaReached:
        return Outcome.FORBIDDEN
    return Outcome.APPLIED if is_new else Outcome.DUPLICATE


ADD = Handler(
    apply_add,
    f"A pinned status (`featured`), up to {PINNED_STATUSES} are shown; a featured hashtag; a role or a pinned post in "
    "a community of ours",
    pinned_reference,
)
REMOVE = Handler(
    apply_remove, "A status is no longer pinned, a hashtag no longer featured, a role or a place in a community taken"
)
