"""Editing and deleting statuses. An edit keeps what was there; a deletion leaves a tombstone and nothing else."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import delete, select, update

from models import UnitOfWork
from models.accounts import Account
from models.statuses import Attachment, Mention, Poll, PollVote, Status, StatusEdit
from social.conversations import last_status_is_gone
from social.counters import count
from social.digests import digest_changed
from social.drafts import AttachmentDraft, PollDraft, StatusDraft
from social.notifications import retract
from social.quotes import attach_quote, drop_quote, keep_consent, quoted_is_gone
from social.search.index import index_later
from social.statuses import attach_mentions, attach_uploads, attachment_rows, content_columns, option_title, poll_row
from social.streams import tell_deleted, tell_edited
from social.tags import replace_tags
from social.tombstones import bury
from social.uploads import forget_files_of
from social.watchers import tell_of_edit, watch_poll

MediaChanges = Mapping[int, Mapping[str, Any]]

NO_CHANGES: Final[MediaChanges] = MappingProxyType({})
# What may change without the status reading differently: no history, no mark, nobody is told.
_QUIET: Final = frozenset({"interaction_policy", "quote_authorization_uri"})
# What the history remembers of a file.
_REMEMBERED: Final = (
    "id", "media_type", "kind", "state", "remote_url", "remote_preview_url", "storage_key", "preview_key", "meta",
    "description", "blurhash", "width", "height", "focal_point",
)  # fmt: skip


async def edit_status(
    unit: UnitOfWork,
    author: Account,
    status: Status,
    draft: StatusDraft,
    *,
    uploads: Sequence[Attachment] | None = None,
    media_changes: MediaChanges = NO_CHANGES,
) -> bool:
    """Bring `status` to what `draft` says; False when the draft is older than what we have, or says nothing new.

    New numbers of a poll are no edit, nor is a word on who may quote: they are taken over without history. Text,
    attachments or options that differ are: the former state goes to the history and people who boosted it are told.
    `uploads` are the files that a local author wants on it from now on; None leaves them as they are. `media_changes`
    are new values for columns of attachments, by their id.
    """
    edited_at = draft.updated_at or (unit.now if author.is_local else None)
    if edited_at is not None and status.edited_at is not None and edited_at < status.edited_at:
        return False
    attachments = await _attachments(unit, status)
    poll = (await unit.session.scalars(select(Poll).where(Poll.status_id == status.id))).first()
    columns = content_columns(author, draft)
    keep_consent(status, columns)
    changed = {name for name, value in columns.items() if getattr(status, name) != value}
    is_text_edit = bool(changed - _QUIET) or _differ(attachments, draft.attachments) or _is_other_poll(poll, draft.poll)
    is_text_edit = is_text_edit or _other_uploads(attachments, uploads) or _described(attachments, media_changes)
    if author.is_local and draft.poll is not None:
        await watch_poll(unit, status.id, draft.poll.closes_at)
    if not is_text_edit:
        for name in changed:
            setattr(status, name, columns[name])
        return _take_over(poll, draft.poll, author) or bool(changed)
    _keep_history(unit, status, attachments, poll)
    old_quote = status.quote_uri
    if old_quote is not None and columns["quote_uri"] != old_quote:
        drop_quote(unit, status)
    for name, value in columns.items():
        setattr(status, name, value)
    status.object_type = draft.type if author.is_local else status.object_type
    status.edited_at = min(edited_at or unit.now, unit.now)
    await _replace_parts(unit, status, author, draft, poll)
    if uploads is not None:
        await _replace_uploads(unit, status, attachments, uploads)
    for row in [*attachments, *(uploads or ())]:
        for name, value in media_changes.get(row.id, {}).items():
            setattr(row, name, value)
    if draft.quote is not None and draft.quote.uri != old_quote:
        await attach_quote(unit, status, author, draft.quote)
    await unit.session.flush()
    index_later(unit, status.id)
    if author.is_local or status.group_id is not None:
        digest_changed(unit, status.id)
    await tell_of_edit(unit, status)
    tell_edited(unit, status)
    return True


async def _attachments(unit: UnitOfWork, status: Status) -> Sequence[Attachment]:
    query = select(Attachment).where(Attachment.status_id == status.id).order_by(Attachment.position)
    return (await unit.session.scalars(query)).all()


def _differ(rows: Sequence[Attachment], drafts: Sequence[AttachmentDraft]) -> bool:
    if any(row.storage_key for row in rows):
        return False  # local files are changed by their own requests
    files = [(draft.url, draft.description, list(draft.focus or ())) for draft in drafts if draft.kind != "link"]
    return [(row.remote_url, row.description, list(row.focal_point or ())) for row in rows] != files


def _other_uploads(rows: Sequence[Attachment], uploads: Sequence[Attachment] | None) -> bool:
    return uploads is not None and [row.id for row in rows] != [upload.id for upload in uploads]


def _described(rows: Sequence[Attachment], changes: MediaChanges) -> bool:
    return any(getattr(row, name) != value for row in rows for name, value in changes.get(row.id, {}).items())


async def _replace_uploads(
    unit: UnitOfWork, status: Status, rows: Sequence[Attachment], uploads: Sequence[Attachment]
) -> None:
    """What is taken off is forgotten with its files when nobody attaches it again in time (`social.uploads`)."""
    kept = {upload.id for upload in uploads}
    for row in rows:
        if row.id not in kept:
            row.status_id, row.created_at = None, unit.now
    attach_uploads(status, uploads)
    await unit.session.flush()


def _is_other_poll(poll: Poll | None, draft: PollDraft | None) -> bool:
    """Whether votes in the one mean nothing in the other."""
    if poll is None or draft is None:
        return (poll is None) != (draft is None)
    titles = [option["title"] for option in poll.options]
    return titles != [option_title(title) for title, _ in draft.options] or poll.is_multiple != draft.is_multiple


def _take_over(poll: Poll | None, draft: PollDraft | None, author: Account) -> bool:
    """The same poll as its author has it now: of a peer the numbers, of ours how long it goes on and what it shows."""
    if poll is None or draft is None:
        return False
    if author.is_local:
        wanted = (draft.closes_at, draft.closed_at, draft.hides_totals)
        is_new = wanted != (poll.closes_at, poll.closed_at, poll.hides_totals)
        poll.closes_at, poll.closed_at, poll.hides_totals = wanted
        return is_new
    poll.options = [
        {"title": option["title"], "votes": max(0, votes)}
        for option, (_, votes) in zip(poll.options, draft.options, strict=True)
    ]
    poll.voters_count = draft.voters_count if draft.voters_count is not None else poll.voters_count
    poll.closed_at = draft.closed_at or poll.closed_at
    poll.closes_at = draft.closes_at or poll.closes_at
    return True


def _keep_history(unit: UnitOfWork, status: Status, attachments: Sequence[Attachment], poll: Poll | None) -> None:
    kept: list[dict[str, Any]] = [{name: getattr(row, name) for name in _REMEMBERED} for row in attachments]
    unit.session.add(
        StatusEdit(
            id=unit.new_id(),
            status_id=status.id,
            title=status.title,
            content_html=status.content_html,
            summary=status.summary,
            is_sensitive=status.is_sensitive,
            attachments=kept,
            poll_options=[option["title"] for option in poll.options] if poll else None,
            created_at=status.edited_at or status.published_at,
        )
    )


async def _replace_parts(
    unit: UnitOfWork, status: Status, author: Account, draft: StatusDraft, poll: Poll | None
) -> None:
    await _replace_mentions(unit, status, author, draft)
    await replace_tags(unit, status, draft.tags)
    if not author.is_local or draft.attachments:
        await unit.session.execute(
            delete(Attachment).where(Attachment.status_id == status.id, Attachment.storage_key.is_(None))
        )
        unit.session.add_all(attachment_rows(unit, status, draft.attachments))
    if not _is_other_poll(poll, draft.poll):
        _take_over(poll, draft.poll, author)
        return
    if poll is not None:
        await unit.session.execute(delete(PollVote).where(PollVote.poll_id == poll.id))
    if poll is not None and draft.poll is not None:
        _start_again(poll, poll_row(unit, status, draft))
    elif poll is not None:
        await unit.session.delete(poll)
    elif draft.poll is not None:
        unit.session.add(poll_row(unit, status, draft))
    await unit.session.flush()


def _start_again(poll: Poll, new: Poll) -> None:
    """Another question under the same id, by which clients know the poll."""
    poll.options, poll.is_multiple, poll.hides_totals = new.options, new.is_multiple, new.hides_totals
    poll.closes_at, poll.closed_at, poll.voters_count = new.closes_at, new.closed_at, new.voters_count


async def _replace_mentions(unit: UnitOfWork, status: Status, author: Account, draft: StatusDraft) -> None:
    """Who was silently in stays in; who was named before isn't told again."""
    mentioned = await unit.session.execute(
        select(Account, Mention.is_silent)
        .join(Mention, Mention.account_id == Account.id)
        .where(Mention.status_id == status.id)
    )
    silent: list[Account] = []
    named: set[int] = set()
    for account, is_silent in mentioned:
        if is_silent:
            silent.append(account)
        else:
            named.add(account.id)
    await unit.session.execute(delete(Mention).where(Mention.status_id == status.id))
    await attach_mentions(unit, status, author, draft, silent, told_before=named)


async def delete_status(unit: UnitOfWork, status: Status, *, owner_uri: str) -> None:
    """Remove a status with its boosts and everything that hangs on it, files included; replies stay, without a parent.

    Who wants to keep the files for another post takes them off before (`social.uploads.detach_uploads`).
    """
    await unit.session.flush()
    unit.deleted.add(status.id)
    await tell_deleted(unit, status)
    await unit.session.execute(
        update(Status)
        .where(Status.in_reply_to_id == status.id)
        .values(in_reply_to_id=None)
        .execution_options(synchronize_session=False)
    )
    await quoted_is_gone(unit, status.id)
    drop_quote(unit, status)
    await _uncount(unit, status)
    if status.in_reply_to_id is not None:
        count(unit, Status, "replies_count", status.in_reply_to_id, -1)
    if status.boost_of_id is not None:
        count(unit, Status, "boosts_count", status.boost_of_id, -1)
        retract(unit, "reblog", status.account_id, status_id=status.boost_of_id)
    await _outdate_digests(unit, status)
    await bury(unit, status.uri, kind=status.object_type, owner_uri=owner_uri)
    if status.boost_of_id is None and unit.addresses.is_local(status.uri):
        await forget_files_of(unit, Attachment.status_id == status.id)
    await unit.session.execute(
        delete(Status).where(Status.id == status.id).execution_options(synchronize_session=False)
    )
    unit.session.expunge(status)
    await last_status_is_gone(unit, status)
    unit.statuses[status.uri] = None
    unit.boosts.clear()  # those of this status went with it


async def _uncount(unit: UnitOfWork, status: Status) -> None:
    """Boosts aren't counted, except by a community of ours, which loses that of a thread with it."""
    if status.boost_of_id is not None:
        return
    count(unit, Account, "statuses_count", status.account_id, -1)
    if status.group_id is not None and status.in_reply_to_uri is None and status.removed_at is None:
        group = await unit.session.get(Account, status.group_id)
        if group is not None and group.is_local:
            count(unit, Account, "statuses_count", group.id, -1)


async def _outdate_digests(unit: UnitOfWork, status: Status) -> None:
    """Of ours, of what is in communities, and of the boosts by ours that go with it."""
    if unit.addresses.is_local(status.uri) or status.group_id is not None:
        digest_changed(unit, status.id)
    if status.boosts_count:
        boosts = select(Status.id).join(Account, Account.id == Status.account_id)
        for boost_id in await unit.session.scalars(
            boosts.where(Status.boost_of_id == status.id, Account.domain.is_(None))
        ):
            digest_changed(unit, boost_id)
