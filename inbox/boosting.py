"""A boost by the sender of an activity: of what the activity names, or of what a community announces inside it."""

from inbox.access import author_of, visible_status
from inbox.incoming import Outcome, Scene
from models.visibility import Visibility
from policy.authority import may_boost
from social.interactions import boost
from social.statuses import status_by_uri


async def boost_by_sender(scene: Scene, uri: str) -> Outcome:
    """Show the status with this URI to the sender's followers, once. It widens no audience (O18, O19)."""
    status = await visible_status(scene, uri)
    if status is None or not may_boost(scene.sender, status):
        return Outcome.FORBIDDEN
    author = await author_of(scene, status)
    if not author.is_active:
        return Outcome.FORBIDDEN
    activity = scene.activity
    visibility = Visibility.PUBLIC if activity.is_public else Visibility.PRIVATE
    boost_uri = activity.id if not scene.incoming.inner else None
    if boost_uri is not None and await status_by_uri(scene.unit, boost_uri) is not None:
        return Outcome.DUPLICATE
    _, is_new = await boost(
        scene.unit,
        scene.sender,
        status,
        author,
        uri=boost_uri or f"{activity.dedup_key}#{status.id}",
        visibility=visibility,
        published_at=activity.published,
    )
    return Outcome.APPLIED if is_new else Outcome.DUPLICATE
