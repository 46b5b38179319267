"""What concerns an account as a whole: its profile and keys, its pinned statuses, moving away, and its end."""

from collections.abc import Callable

from sqlalchemy import select

from federation.documents import (
    add_activity,
    delete_actor_activity,
    hashtag_object,
    move_activity,
    remove_activity,
    update_actor_activity,
)
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.relations import Follow
from models.statuses import Status, Tag
from outbox.moves import take_followers_along
from outbox.publish import Document, activity_uri, send
from outbox.statuses import NotAllowed
from policy.limits import PINNED_STATUSES
from social.accounts import remove_account
from social.featured_tags import feature_tag, unfeature_tag


async def publish_account_update(services: Services, unit: UnitOfWork, account: Account) -> None:
    """Tell the followers what the profile (or the keys in it) is now."""
    account.updated_at = unit.now
    await unit.session.flush()
    keypairs = await services.keyring.public_keys(unit.session, account.id)
    document = update_actor_activity(activity_uri(unit), account, keypairs, unit.addresses, at=unit.now)
    await send(services, unit, account, document, to_followers=True, inbox_urls=await _followed_inboxes(unit, account))


async def publish_account_deletion(services: Services, unit: UnitOfWork, account: Account) -> None:
    """Delete an account here, and tell every server that may know it. Its keys stay: deliveries need them."""
    document = delete_actor_activity(activity_uri(unit), account)
    await send(services, unit, account, document, to_followers=True, inbox_urls=await _followed_inboxes(unit, account))
    await remove_account(unit, account)


async def publish_move(services: Services, unit: UnitOfWork, account: Account, target: Account) -> None:
    """Move to another account that lists this one in `alsoKnownAs`; all followers go along. Raises NotAllowed."""
    if account.uri not in target.also_known_as:
        raise NotAllowed("The other account doesn't name this one as an alias yet.")
    document = move_activity(activity_uri(unit), account, target.uri, unit.addresses)
    account.moved_to_uri, account.moved_at = target.uri, unit.now
    await send(services, unit, account, document, to_followers=True)
    await publish_account_update(services, unit, account)
    await take_followers_along(services, unit, account, target)


async def publish_pin(services: Services, unit: UnitOfWork, account: Account, status: Status) -> None:
    """Pin a status of one's own to the profile. Raises NotAllowed."""
    if status.account_id != account.id or status.is_boost or status.visibility == "direct":
        raise NotAllowed("Only your own public posts can be pinned.")
    pinned = await unit.session.scalars(
        select(Status.id).where(Status.account_id == account.id, Status.pinned_at.is_not(None))
    )
    if len(pinned.all()) >= PINNED_STATUSES:
        raise NotAllowed(f"No more than {PINNED_STATUSES} posts can be pinned.")
    status.pinned_at = unit.now
    if not status.is_local_only:
        document = add_activity(activity_uri(unit), account, status.uri, account.featured_url or "", unit.addresses)
        await send(services, unit, account, document, to_followers=True)


async def publish_unpin(services: Services, unit: UnitOfWork, account: Account, status: Status) -> bool:
    """Unpin; False when it wasn't pinned."""
    if status.account_id != account.id or status.pinned_at is None:
        return False
    status.pinned_at = None
    if not status.is_local_only:
        document = remove_activity(activity_uri(unit), account, status.uri, account.featured_url or "", unit.addresses)
        await send(services, unit, account, document, to_followers=True)
    return True


async def publish_featured_tag(services: Services, unit: UnitOfWork, account: Account, tag: Tag) -> bool:
    """Show a hashtag on the profile; False when it was there before. Raises QuotaReached."""
    if not await feature_tag(unit, account, tag):
        return False
    await _tell_of_tag(services, unit, account, tag, add_activity)
    return True


async def publish_unfeatured_tag(services: Services, unit: UnitOfWork, account: Account, tag: Tag) -> bool:
    """Take a hashtag off the profile; False when it wasn't there."""
    if not await unfeature_tag(unit, account, tag.id):
        return False
    await _tell_of_tag(services, unit, account, tag, remove_activity)
    return True


async def _tell_of_tag(
    services: Services, unit: UnitOfWork, account: Account, tag: Tag, build: Callable[..., Document]
) -> None:
    # Mastodon takes hashtags at the address of the pinned statuses only (ActivityPub::Activity::Add, 4.5).
    target = account.featured_url or unit.addresses.part(account.uri, "collections/featured")
    document = build(activity_uri(unit), account, hashtag_object(tag, unit.addresses), target, unit.addresses)
    await send(services, unit, account, document, to_followers=True, ordering_key=f"{account.uri}#{tag.name}")


async def _followed_inboxes(unit: UnitOfWork, account: Account) -> list[str]:
    """Servers of accounts that this one follows: they hold its profile too."""
    rows = await unit.session.scalars(
        select(Account)
        .join(Follow, Follow.followee_id == Account.id)
        .where(Follow.follower_id == account.id, Account.domain.is_not(None))
    )
    return list(dict.fromkeys(row.delivery_url for row in rows if row.is_active))
