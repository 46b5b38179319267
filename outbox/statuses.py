"""Publishing statuses: write it, edit it, delete it, boost it. Each is one transaction with everything that follows."""

from collections.abc import Sequence

import orjson
from sqlalchemy import select

from federation.cards import request_card
from federation.documents import (
    StatusBundle,
    announce_activity,
    bundle_of_new,
    create_activity,
    delete_status_activity,
    load_bundles,
    undo_activity,
    update_status_activity,
)
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.activities import OutboundActivity
from models.statuses import Attachment, Status
from models.values import dataclass
from models.visibility import Visibility
from outbox.communities import place_for, publish_in_community
from outbox.passing_on import pass_on_change
from outbox.publish import activity_uri, send
from outbox.quotes import ask_to_quote, settle_quote
from outbox.recipients import goes_to_followers, status_inboxes
from outbox.topics import announce_by_topics, topic_inboxes
from policy.authority import may_boost, may_delete, may_edit
from social.drafts import StatusDraft
from social.edits import NO_CHANGES, MediaChanges, delete_status, edit_status
from social.interactions import boost, find_boost
from social.statuses import addressees, create_status, status_by_uri


class NotAllowed(Exception):
    """The account may not do this; the message says why and may be shown."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Where a status goes, worked out before it may be gone."""

    inbox_urls: list[str]
    to_followers: bool


def audience_of(bundle: StatusBundle) -> Audience:
    return Audience(status_inboxes(bundle), goes_to_followers(bundle))


async def publish_status(
    services: Services,
    unit: UnitOfWork,
    author: Account,
    draft: StatusDraft,
    *,
    group: Account | None = None,
    is_local_only: bool = False,
    reached_silently: Sequence[Account] = (),
    uploads: Sequence[Attachment] = (),
    application_id: int | None = None,
) -> StatusBundle:
    """Write a status and send its Create. The draft's HTML is composed by us (`content.compose`), or sanitised.

    What comes back is the status with all that belongs to it.
    `group` is the community to post in; without one, an answer stays where its thread is, and naming a community posts
    in it (`outbox.communities.place_for`). Raises CommunityRefused, with a sentence for the author.
    `reached_silently` get it without being named (`bto`, `bcc`); `uploads` are files of the author's own;
    `application_id` is the app that it was written with.
    """
    parent = await status_by_uri(unit, draft.in_reply_to_uri) if draft.in_reply_to_uri else None
    place = await place_for(
        unit, author, draft, parent, group, visibility=draft.visibility, is_local_only=is_local_only
    )
    is_local_only = place.is_local_only
    status = await create_status(
        unit,
        author,
        draft,
        visibility=place.visibility,
        delivered_to=reached_silently,
        group=place.group,
        is_local_only=is_local_only,
        uploads=uploads,
        application_id=application_id,
    )
    must_ask = await settle_quote(unit, author, status)
    await request_card(services, unit, status)
    bundle = await _bundle_of_new(unit, status, author, draft, uploads, reached_silently)
    if status.is_local_only:
        await publish_in_community(services, unit, place.group, status, author)
        return bundle
    document = create_activity(bundle, unit.addresses)
    await _send(services, unit, bundle, document, audience_of(bundle), gathers=place.group is None)
    await publish_in_community(services, unit, place.group, status, author)  # the Create as it was signed
    await announce_by_topics(services, unit, bundle)
    if must_ask:
        await ask_to_quote(services, unit, bundle)
    return bundle


async def publish_edit(
    services: Services,
    unit: UnitOfWork,
    author: Account,
    status: Status,
    draft: StatusDraft,
    *,
    uploads: Sequence[Attachment] | None = None,
    media_changes: MediaChanges = NO_CHANGES,
) -> bool:
    """Edit a status and send its Update; False when nothing changed. Raises NotAllowed.

    `uploads` are the files that it has from now on; None leaves them as they are. `media_changes` are new descriptions
    and the like, by the id of the attachment.
    """
    if not may_edit(author, status):
        raise NotAllowed("Only the author can edit this.")
    before = await _bundle(unit, status)
    readers = await topic_inboxes(services, unit, status) if before.tags else []
    if not await edit_status(unit, author, status, draft, uploads=uploads, media_changes=media_changes):
        return False
    await request_card(services, unit, status)
    await publish_update(services, unit, status, also=[*audience_of(before).inbox_urls, *readers])
    if not status.is_local_only:
        await announce_by_topics(services, unit, await _bundle(unit, status), is_edit=True)
    return True


async def publish_update(
    services: Services, unit: UnitOfWork, status: Status, *, also: list[str] | None = None
) -> None:
    """Send the present state of a status: after an edit, or when a poll's numbers changed."""
    if status.is_local_only:
        return
    bundle = await _bundle(unit, status)
    document = update_status_activity(activity_uri(unit), bundle, unit.addresses, at=unit.now)
    audience = audience_of(bundle)
    readers = await topic_inboxes(services, unit, status) if bundle.tags else []
    urls = list(dict.fromkeys([*audience.inbox_urls, *(also or []), *readers]))
    sent = await _send(services, unit, bundle, document, Audience(urls, audience.to_followers))
    await pass_on_change(services, unit, status, bundle.author, orjson.loads(sent.body))


async def publish_deletion(services: Services, unit: UnitOfWork, actor: Account, status: Status) -> None:
    """Delete a status everywhere; a boost is undone instead. Raises NotAllowed."""
    if not may_delete(actor, status):
        raise NotAllowed("Only the author can delete this.")
    if status.is_boost:
        await _undo_boost(services, unit, status)
        return
    bundle = await _bundle(unit, status)
    document = delete_status_activity(activity_uri(unit), bundle, unit.addresses, at=unit.now)
    audience = audience_of(bundle)
    boosters = await _booster_inboxes(unit, status)
    if not status.is_local_only:
        readers = await topic_inboxes(services, unit, status) if bundle.tags else []
        urls = list(dict.fromkeys([*audience.inbox_urls, *boosters, *readers]))
        sent = await _send(services, unit, bundle, document, Audience(urls, audience.to_followers))
        await pass_on_change(services, unit, status, bundle.author, orjson.loads(sent.body))
    await delete_status(unit, status, owner_uri=bundle.author.uri)


async def publish_boost(
    services: Services,
    unit: UnitOfWork,
    account: Account,
    status: Status,
    *,
    visibility: Visibility = Visibility.PUBLIC,
) -> Status:
    """Boost a status that the account can see and send the Announce. Raises NotAllowed."""
    if not may_boost(account, status):
        raise NotAllowed("This can't be boosted: it isn't public.")
    author = await unit.session.get_one(Account, status.account_id)
    if status.visibility == Visibility.PRIVATE:
        visibility = Visibility.PRIVATE
    shared, is_new = await boost(unit, account, status, author, visibility=visibility)
    if is_new and not shared.is_local_only:
        bundle = await _bundle(unit, shared)
        await _send(services, unit, bundle, announce_activity(bundle, unit.addresses), audience_of(bundle))
    return shared


async def publish_unboost(services: Services, unit: UnitOfWork, account: Account, status: Status) -> bool:
    """Take a boost back; False when there was none."""
    shared = await find_boost(unit, account, status)
    if shared is None:
        return False
    await _undo_boost(services, unit, shared)
    return True


async def _undo_boost(services: Services, unit: UnitOfWork, shared: Status) -> None:
    bundle = await _bundle(unit, shared)
    if not shared.is_local_only:
        document = undo_activity(activity_uri(unit), announce_activity(bundle, unit.addresses))
        await _send(services, unit, bundle, document, audience_of(bundle))
    await delete_status(unit, shared, owner_uri=bundle.author.uri)


async def _bundle_of_new(
    unit: UnitOfWork,
    status: Status,
    author: Account,
    draft: StatusDraft,
    uploads: Sequence[Attachment],
    reached_silently: Sequence[Account],
) -> StatusBundle:
    has = {
        "names": bool(reached_silently or addressees(author, draft)),
        "tags": bool(draft.tags),
        "attachments": bool(draft.attachments),
    }
    if draft.poll is not None or any(has.values()):
        await unit.settle()  # what it has is written before the commit otherwise
    return await bundle_of_new(unit.session, status, author, uploads, **has)


async def _bundle(unit: UnitOfWork, status: Status) -> StatusBundle:
    await unit.settle()
    return (await load_bundles(unit.session, [status]))[status.id]


async def _send(
    services: Services, unit: UnitOfWork, bundle: StatusBundle, document: dict[str, object], audience: Audience, *,
    gathers: bool = False,
) -> OutboundActivity:  # fmt: skip
    # A boost is ordered with what it boosts by its own URI: undoing it must not overtake it.
    return await send(
        services,
        unit,
        bundle.author,
        document,
        inbox_urls=audience.inbox_urls,
        to_followers=audience.to_followers,
        ordering_key=bundle.status.uri,
        status_id=bundle.status.id,
        visibility=bundle.status.visibility,
        gathers=gathers,
    )


async def _booster_inboxes(unit: UnitOfWork, status: Status) -> list[str]:
    """Servers that may hold a copy because somebody there boosted or answered it."""
    rows = await unit.session.scalars(
        select(Account)
        .join(Status, Status.account_id == Account.id)
        .where((Status.boost_of_id == status.id) | (Status.in_reply_to_id == status.id), Account.domain.is_not(None))
    )
    return [account.delivery_url for account in rows if account.is_active]
