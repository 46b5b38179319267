"""What our people do in communities that other servers host, as it is said to these."""

from communities.membership import leave
from communities.standings import place_of
from federation.documents import invite_activity, reject_activity
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.communities import State
from outbox.publish import activity_uri, send_to


async def decline(services: Services, unit: UnitOfWork, group: Account, account: Account) -> bool:
    """Turn an invitation down, and say so to the community and to who invited; False when there is none."""
    place = await place_of(unit.session, group, account, now=unit.now)
    if place.standing.state is not State.INVITED or place.membership is None or place.follow is not None:
        return False
    inviter = await unit.session.get(Account, place.membership.invited_by_id or 0)
    await leave(unit, group, account)
    if inviter is not None:
        # Its own id isn't known any more: the ends say which one it was.
        invitation = invite_activity(
            f"{inviter.uri}#invites-{account.uri}", actor_uri=inviter.uri, group=group, person_uri=account.uri
        )
        document = reject_activity(activity_uri(unit), actor_uri=account.uri, rejected=invitation)
        document["object"].pop("id")
        await send_to(services, unit, account, document, group, inviter, ordering_key=group.uri)
    return True
