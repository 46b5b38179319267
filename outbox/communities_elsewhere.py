"""What our people do in communities that other servers host, as it is said to these.

A moderator's act goes to the community, whose host passes it on to the others (FEP-1b12); here it is done already. To
who reads common terms alone nothing is said of roles that are ours.
"""

from collections.abc import Sequence

from communities.changes import Action, Change
from communities.groups import COMMUNITIES
from communities.membership import leave
from communities.standings import place_of
from federation.documents import invite_activity, reject_activity, report_activity, resolve_activity, undo_act
from federation.services import Services
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.communities import State
from models.relations import Report
from models.statuses import Status
from outbox.moderation_documents import documents_of
from outbox.passing_on import speaks_publicly
from outbox.publish import Document, activity_uri, send_to
from outbox.readers import Shape


async def say_to_host(services: Services, unit: UnitOfWork, change: Change) -> Change:
    """Send what a moderator of ours did in a community of another server to it, and give it back."""
    group = change.group
    if not change.is_new:
        return change
    reads = Shape.PEERS if COMMUNITIES in group.implements else Shape.SOFTWARE
    made = documents_of(unit, change, is_public=await speaks_publicly(unit, group))
    key = change.status.uri if change.status is not None else group.uri
    # Whoever is invited hears of it from the community alone: it decides whether that is so.
    for document, shape in made:
        if reads in shape:
            await send_to(services, unit, change.actor, document, group, ordering_key=key)
    return change


async def community_elsewhere(unit: UnitOfWork, status: Status) -> Account | None:
    """The community of another server that a status was posted in: its host counts likes, and passes them on."""
    group = await unit.session.get(Account, status.group_id) if status.group_id is not None else None
    return group if group is not None and not group.is_local and status.removed_at is None else None


def heard_by(document: Document, group: Account | None) -> Document:
    """The document as it is said to a community (FEP-1b12), too."""
    return document if group is None else {**document, "audience": [group.uri]}


async def flag_to_host(
    services: Services, unit: UnitOfWork, change: Change, uri: str, statuses: Sequence[Status]
) -> None:
    """Send a report of ours, under this id, to the moderators of a community of another server."""
    if not change.is_new or change.target is None:
        return
    instance = await unit.session.get_one(Account, INSTANCE_ACTOR_ID)
    document = report_activity(
        uri, actor_uri=instance.uri, group=change.group, target_uri=change.target.uri,
        status_uris=[status.uri for status in statuses], reason=change.reason,
    )  # fmt: skip
    await send_to(services, unit, instance, document, change.group)


async def resolve_at_host(services: Services, unit: UnitOfWork, change: Change) -> Change:
    """Tell a community of another server that a moderator of ours has dealt with a report to it, or hasn't yet."""
    report = await unit.session.get(Report, change.report_id or 0)
    if change.is_new and report is not None and report.uri is not None:
        document = resolve_activity(
            activity_uri(unit), actor_uri=change.actor.uri, group=change.group, report_uri=report.uri,
            to=[change.group.uri],
        )  # fmt: skip
        if change.action is Action.REOPEN:
            document = undo_act(activity_uri(unit), document)
        await send_to(services, unit, change.actor, document, change.group, ordering_key=report.uri)
    return change


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
