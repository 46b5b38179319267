"""What other servers hear of a community that this office hosts, a function for each kind of `Change`.

A post that opens a thread goes to the community's followers elsewhere as a boost by it, which every software reads; the
boost of a removed post is undone. Who asked to join is answered. Posts of private communities stay here: their members
elsewhere couldn't fetch them. Activities inside an Announce (FEP-1b12), and moderation, aren't sent.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from communities.changes import Action, Change
from federation.documents import StatusBundle, announce_activity, undo_activity
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.statuses import Status
from models.visibility import Visibility
from outbox.follow_answers import send_accept, send_reject
from outbox.publish import Document, activity_uri, send
from outbox.recipients import status_inboxes

Teller = Callable[[Services, UnitOfWork, Change], Awaitable[None]]


async def tell_of_post(services: Services, unit: UnitOfWork, change: Change) -> None:
    """The community passes a post on, or takes it in again."""
    if (bundle := await _public_boost(unit, change)) is not None:
        await _send(services, unit, bundle, announce_activity(bundle, unit.addresses))


async def tell_of_removal(services: Services, unit: UnitOfWork, change: Change) -> None:
    """The community doesn't pass a post on any more."""
    if (bundle := await _public_boost(unit, change)) is not None:
        announced = announce_activity(bundle, unit.addresses)
        await _send(services, unit, bundle, undo_activity(activity_uri(unit), announced))


async def tell_of_approval(services: Services, unit: UnitOfWork, change: Change) -> None:
    """Somebody who asked is in."""
    if change.follow is not None and change.target is not None:
        await send_accept(services, unit, change.group, change.target, follow_uri=change.follow.uri)


async def tell_of_refusal(services: Services, unit: UnitOfWork, change: Change) -> None:
    """Somebody who asked isn't in, or somebody who was in isn't any more."""
    if change.follow is not None and change.target is not None:
        await send_reject(services, unit, change.group, change.target, follow_uri=change.follow.uri)


async def _public_boost(unit: UnitOfWork, change: Change) -> StatusBundle | None:
    """The community's boost with what it boosts; None for what stays here. The row may be gone already."""
    shared, status = change.shared, change.status
    if shared is None or status is None or not _leaves(shared):
        return None
    author = await unit.session.get_one(Account, status.account_id)
    return StatusBundle(status=shared, author=change.group, boosted=status, boosted_author=author)


def _leaves(shared: Status) -> bool:
    return Visibility(shared.visibility).is_public and not shared.is_local_only


async def _send(services: Services, unit: UnitOfWork, bundle: StatusBundle, document: Document) -> None:
    # Ordered by the boost's own URI: undoing it must not overtake it.
    await send(
        services,
        unit,
        bundle.author,
        document,
        inbox_urls=status_inboxes(bundle),
        to_followers=True,
        ordering_key=bundle.status.uri,
        status_id=bundle.status.id,
        visibility=bundle.status.visibility,
    )


TELLERS: Final[Mapping[Action, Teller]] = MappingProxyType(
    {
        Action.ANNOUNCE: tell_of_post,
        Action.RESTORE: tell_of_post,
        Action.REMOVE: tell_of_removal,
        Action.APPROVE: tell_of_approval,
        Action.REJECT: tell_of_refusal,
        Action.BAN: tell_of_refusal,
    }
)
