"""Doing again what our own accounts did before this database was replaced by an older one.

The table says what comes back: posts, edits and deletions, boosts and likes, follows and the answers to them, blocks,
pins, profiles. Each comes back under the URI that it had, without sending anything and without telling anybody anew.

Promises: what is known is left alone, newer words are never overwritten by older ones, and what its owner has taken
back stays away, in whatever order the peers tell of it. Accounts that this database doesn't know can't be restored.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from content.html import plain_text, sanitize, sanitize_field
from content.names import sanitize_name
from federation.activity import id_of
from federation.json_ld import DocumentRefused, parse_document
from federation.json_ld.dates import parse_time
from federation.parse import actor_draft, visibility_of
from federation.services import Services
from inbox.communities import placed
from inbox.handlers.like import reaction
from inbox.incoming import Incoming
from keys.integrity_proofs import proofs_of
from models import UnitOfWork
from models.accounts import Account
from models.activities import OutboundActivity
from models.insertion import insert_missing
from models.statuses import Attachment, Status
from models.values import dataclass
from models.visibility import Visibility
from social.accounts import account_by_uri, remove_account
from social.blocks import block, unblock
from social.drafts import StatusDraft
from social.edits import delete_status, edit_status
from social.follows import FollowRefused, accept_follow, end_follow, find_follow, request_follow
from social.interactions import boost, favourite, unfavourite
from social.polls import VoteRefused, choice_of, poll_of, vote
from social.statuses import attachment_rows, create_status, status_by_uri
from social.tombstones import buried, bury

_NUMBER: Final = re.compile(r"/statuses/([0-9]{1,19})(?:/activity)?")


@dataclass(frozen=True, slots=True)
class Replay:
    """One activity of one of our accounts; `said_at` is the time of its proof."""

    services: Services
    unit: UnitOfWork
    account: Account
    incoming: Incoming
    said_at: datetime

    @property
    def object_uri(self) -> str | None:
        return self.incoming.activity.object_id

    def number_of(self, uri: str) -> int | None:
        """The number in the URI of a status or boost of this account."""
        found = _NUMBER.fullmatch(uri.removeprefix(self.account.uri))
        number = int(found[1]) if found is not None and uri.startswith(self.account.uri) else None
        return number if number is not None and number < 2**63 else None


async def replay(services: Services, unit: UnitOfWork, incoming: Incoming) -> bool:
    """Do one activity again; False when there was nothing to do."""
    activity = incoming.activity
    account = await account_by_uri(unit, activity.actor)
    restore = REPLAYS.get(activity.type)
    if restore is None or account is None or not account.is_local or not account.is_active or activity.id is None:
        return False
    known = select(OutboundActivity.id).where(OutboundActivity.uri == activity.id)
    is_known = await unit.session.scalar(known) is not None
    if is_known or (activity.id, account.uri) in await buried(unit, [activity.id]):
        return False
    said_at = _said_at(activity.raw) or unit.now
    doing = Replay(services, unit, account, incoming, said_at)
    status = await restore(doing)
    await unit.session.flush()
    await _keep(doing, status)
    return True


async def _keep(doing: Replay, status: Status | None) -> None:
    """The activity itself, for the outbox and so that it is known from now on."""
    activity = doing.incoming.activity
    row = {
        "id": doing.unit.new_id(doing.said_at),
        "uri": activity.id,
        "account_id": doing.account.id,
        "activity_type": activity.type[:32],
        "object_uri": activity.object_id,
        "status_id": None if status is None else status.id,
        "visibility": "direct" if status is None else status.visibility,
        "body": activity.raw,
        "digest": hashlib.sha256(activity.raw).digest(),
        "spread": None,
        "created_at": min(doing.said_at, doing.unit.now),
    }
    await insert_missing(doing.unit.session, OutboundActivity, [row])


def _said_at(raw: bytes) -> datetime | None:
    times = [parse_time(proof.get("created")) for proof in proofs_of(parse_document(raw))]
    return max((time for time in times if time is not None), default=None)


# Posts


async def _create(doing: Replay) -> Status | None:
    draft = doing.incoming.draft
    if draft is None or draft.attributed_to != doing.account.uri or draft.uri is None:
        return None
    if draft.is_vote:
        await _vote(doing, draft)
        return None
    known = await status_by_uri(doing.unit, draft.uri)
    return known if known is not None else await _make(doing, draft)


async def _make(doing: Replay, draft: StatusDraft) -> Status | None:
    unit, account = doing.unit, doing.account
    number = doing.number_of(draft.uri or "")
    if number is None or (draft.uri, account.uri) in await buried(unit, [draft.uri or ""]):
        return None
    visibility = visibility_of(draft.to, (*draft.cc, *draft.audience), account.followers_url)
    group, visibility = await placed(unit, account, draft, visibility)
    status = await create_status(
        unit,
        account,
        replace(draft, attachments=()),
        visibility=visibility,
        group=group,
        status_id=number,
    )
    unit.session.add_all(await _files(unit, status, draft))
    return status


async def _files(unit: UnitOfWork, status: Status, draft: StatusDraft) -> list[Attachment]:
    """Attachments under the keys that they had: an upload that is still here, or a row for a file that may be."""
    rows = attachment_rows(unit, status, draft.attachments)
    keys = {row.remote_url: unit.addresses.media_key(row.remote_url) for row in rows}
    query = select(Attachment).where(Attachment.storage_key.in_([key for key in keys.values() if key]))
    uploads = {upload.storage_key: upload for upload in await unit.session.scalars(query)}
    made = []
    for row in rows:
        key = keys[row.remote_url]
        upload = uploads.get(key)
        if upload is not None and upload.account_id == status.account_id and upload.status_id is None:
            upload.status_id, upload.position = status.id, row.position
            continue
        row.storage_key, row.preview_key = key, unit.addresses.media_key(row.remote_preview_url)
        row.remote_url, row.remote_preview_url = (None, None) if key else (row.remote_url, row.remote_preview_url)
        made.append(row)
    return made


async def _update(doing: Replay) -> Status | None:
    draft = doing.incoming.draft
    if draft is None:
        await _describe(doing)
        return None
    if draft.attributed_to != doing.account.uri or draft.uri is None or draft.is_vote:
        return None
    status = await status_by_uri(doing.unit, draft.uri)
    if status is None:
        status = await _make(doing, draft)
        if status is not None:
            status.edited_at = draft.updated_at
        return status
    if status.account_id == doing.account.id and draft.updated_at is not None:
        await edit_status(doing.unit, doing.account, status, replace(draft, poll=None) if draft.poll else draft)
    return status


async def _describe(doing: Replay) -> None:
    """A profile as it was said to be, unless something was changed here later."""
    account, document = doing.account, doing.incoming.activity.object
    if doing.object_uri != account.uri or document is None or doing.said_at <= account.updated_at:
        return
    try:
        draft = actor_draft(document)
    except DocumentRefused:
        return
    account.display_name = sanitize_name(draft.name or "")
    account.note_html = sanitize(draft.summary_html)
    account.note_source = plain_text(account.note_html)
    account.fields = [
        {"name": sanitize_name(field.name, 255), "value": sanitize_field(field.value_html)} for field in draft.fields
    ]
    account.is_locked, account.is_bot = draft.is_locked, draft.is_bot
    account.is_discoverable, account.is_indexable = bool(draft.discoverable), bool(draft.indexable)
    account.updated_at = doing.said_at


async def _delete(doing: Replay) -> Status | None:
    for uri in doing.incoming.activity.object_ids:
        if uri == doing.account.uri:
            await remove_account(doing.unit, doing.account)
            continue
        status = await status_by_uri(doing.unit, uri)
        if status is None:
            await bury(doing.unit, uri, kind="Note", owner_uri=doing.account.uri)
        elif status.account_id == doing.account.id:
            await delete_status(doing.unit, status, owner_uri=doing.account.uri)
    return None


async def _vote(doing: Replay, draft: StatusDraft) -> None:
    status = await status_by_uri(doing.unit, draft.in_reply_to_uri) if draft.in_reply_to_uri else None
    poll = None if status is None else await poll_of(doing.unit, status)
    choice = None if poll is None or draft.title is None else choice_of(poll, draft.title)
    if poll is not None and choice is not None:
        try:
            await vote(doing.unit, doing.account, poll, choice, uri=draft.uri)
        except VoteRefused:
            return


# Reactions and relations


async def _announce(doing: Replay) -> Status | None:
    activity = doing.incoming.activity
    status = await status_by_uri(doing.unit, activity.object_id or "")
    number = doing.number_of(activity.id or "")
    if status is None or status.is_boost or number is None:
        return None
    author = await doing.unit.session.get_one(Account, status.account_id)
    visibility = Visibility.PUBLIC if activity.is_public else Visibility.PRIVATE
    shared, _ = await boost(
        doing.unit, doing.account, status, author, uri=activity.id, visibility=visibility,
        published_at=activity.published, boost_id=number,
    )  # fmt: skip
    return shared


async def _like(doing: Replay) -> None:
    activity = doing.incoming.activity
    status = await status_by_uri(doing.unit, activity.object_id or "")
    if status is not None:
        author = await doing.unit.session.get_one(Account, status.account_id)
        content = reaction(activity.content)
        await favourite(doing.unit, doing.account, status, author, uri=activity.id, content=content)


async def _follow(doing: Replay) -> None:
    followee = await account_by_uri(doing.unit, doing.object_uri or "")
    if followee is not None and not followee.is_local:
        try:
            await request_follow(doing.unit, doing.account, followee, uri=doing.incoming.activity.id)
        except FollowRefused:
            return


async def _accept(doing: Replay) -> None:
    """Our people let somebody follow them: the peer's Follow, which comes after this, finds it so."""
    embedded = doing.incoming.activity.object or {}
    follower = await account_by_uri(doing.unit, id_of(embedded.get("actor")) or "")
    is_theirs = embedded.get("type") == "Follow" and id_of(embedded.get("object")) == doing.account.uri
    if follower is None or follower.is_local or not is_theirs:
        return
    try:
        follow = await request_follow(doing.unit, follower, doing.account, uri=id_of(embedded))
    except FollowRefused:
        return
    await accept_follow(doing.unit, follow, follower, doing.account)


async def _reject(doing: Replay) -> None:
    embedded = doing.incoming.activity.object or {}
    follower = await account_by_uri(doing.unit, id_of(embedded.get("actor")) or "")
    if embedded.get("type") != "Follow" or follower is None or follower.is_local:
        return
    follow = await find_follow(doing.unit, follower, doing.account)
    if follow is not None:
        await end_follow(doing.unit, follow, follower, doing.account)
    if uri := id_of(embedded):
        await bury(doing.unit, uri, kind="Follow", owner_uri=follower.uri)


async def _block(doing: Replay) -> None:
    target = await account_by_uri(doing.unit, doing.object_uri or "")
    if target is not None and target.id != doing.account.id:
        await block(doing.unit, doing.account, target, uri=doing.incoming.activity.id)


async def _pin(doing: Replay) -> None:
    activity = doing.incoming.activity
    status = await status_by_uri(doing.unit, activity.object_id or "")
    if (
        status is not None
        and status.account_id == doing.account.id
        and activity.target_id == doing.account.featured_url
    ):
        status.pinned_at = doing.said_at if activity.type == "Add" else None


async def _undo(doing: Replay) -> None:
    unit, account = doing.unit, doing.account
    embedded: dict[str, Any] = doing.incoming.activity.object or {}
    uri, target = doing.object_uri, id_of(embedded.get("object"))
    other = await account_by_uri(unit, target) if target and embedded.get("type") in ("Follow", "Block") else None
    match embedded.get("type"):
        case "Follow" if other is not None:
            follow = await find_follow(unit, account, other)
            if follow is not None:
                await end_follow(unit, follow, account, other)
        case "Block" if other is not None:
            await unblock(unit, account, other)
        case "Like" | "EmojiReact" if uri is not None:
            await unfavourite(unit, account, uri=uri)
        case "Announce" if uri is not None:
            shared = await status_by_uri(unit, uri)
            if shared is not None and shared.account_id == account.id:
                await delete_status(unit, shared, owner_uri=account.uri)
    if uri is not None:
        await bury(unit, uri, kind="Undo", owner_uri=account.uri)


Restore = Callable[[Replay], Awaitable[Status | None]]

REPLAYS: Final[dict[str, Restore]] = {
    "Accept": _accept,
    "Add": _pin,
    "Announce": _announce,
    "Block": _block,
    "Create": _create,
    "Delete": _delete,
    "EmojiReact": _like,
    "Follow": _follow,
    "Like": _like,
    "Reject": _reject,
    "Remove": _pin,
    "Undo": _undo,
    "Update": _update,
}
