"""What the server of somebody who wants to follow is answered: Accept or Reject (ActivityPub §7.6, §7.7).

Only the word; what it says has been done by who calls this. Local followers need none.
"""

from federation.documents import accept_activity, follow_activity, reject_activity
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from outbox.publish import activity_uri, send_to


async def send_accept(
    services: Services, unit: UnitOfWork, followee: Account, follower: Account, *, follow_uri: str
) -> None:
    """Say that the follow with this id holds."""
    accepted = follow_activity(follow_uri, actor_uri=follower.uri, target_uri=followee.uri)
    document = accept_activity(activity_uri(unit), actor_uri=followee.uri, accepted=accepted)
    await send_to(services, unit, followee, document, follower, ordering_key=follower.uri, gathers=True)


async def send_reject(
    services: Services, unit: UnitOfWork, followee: Account, follower: Account, *, follow_uri: str
) -> None:
    """Say that the follow with this id doesn't hold, or not any more."""
    rejected = follow_activity(follow_uri, actor_uri=follower.uri, target_uri=followee.uri)
    document = reject_activity(activity_uri(unit), actor_uri=followee.uri, rejected=rejected)
    await send_to(services, unit, followee, document, follower, ordering_key=follower.uri)
