"""What people here are told of their communities, as notifications of kinds of our own.

| kind | to | from | subject |
|---|---|---|---|
| community.request | moderators | who asks | the community |
| community.invitation | who is invited | who invites | the community |
| community.approved, community.rejected | who asked | the community | the community |
| community.removed | the author | the community | the status |
| community.report | moderators | who reports | the report |

Clients of Mastodon don't know them and get them only when they ask for them by name.
"""

from communities.standings import Place, moderator_ids
from models import UnitOfWork
from models.accounts import Account
from models.communities import State
from policy.notifications import COMMUNITY_KINDS
from social.notifications import notify_each, retract

REQUESTED, INVITED, APPROVED, REJECTED, REMOVED, REPORTED = COMMUNITY_KINDS


async def tell_moderators(unit: UnitOfWork, group: Account, kind: str, sender: Account, *, subject_id: int) -> None:
    """Tell those moderators of a community who are of this office."""
    others = [number for number in await moderator_ids(unit.session, group) if number != sender.id]
    notify_each(unit, others, kind, sender.id, subject_id=subject_id)


async def was_answered(unit: UnitOfWork, place: Place) -> None:
    """Take back what was told of somebody's request or invitation."""
    match place.standing.state:
        case State.REQUESTED:
            for number in await moderator_ids(unit.session, place.group):
                retract(unit, REQUESTED, place.account.id, account_id=number, subject_id=place.group.id)
        case State.INVITED if place.membership is not None and place.membership.invited_by_id is not None:
            inviter, invited = place.membership.invited_by_id, place.account.id
            retract(unit, INVITED, inviter, account_id=invited, subject_id=place.group.id)
