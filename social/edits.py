"""Editing and deleting statuses. An edit keeps what was there; a deletion leaves a tombstone and nothing else."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update

from models import UnitOfWork
from models.accounts import Account
from models.statuses import Attachment, Mention, Poll, PollVote, Status, StatusEdit, StatusTag
from social.counters import count
from social.drafts import AttachmentDraft, PollDraft, StatusDraft
from social.notifications import notify
from social.quotes import attach_quote, quoted_is_gone
from social.statuses import attach_mentions, attach_uploads, attachment_rows, content_columns, option_title, poll_row
from social.streams import tell_deleted, tell_edited
from social.tags import attach_tags
from social.tombstones import bury


async def edit_status(
    unit: UnitOfWork,
    author: Account,
    status: Status,
    draft: StatusDraft,
    *,
    uploads: Sequence[Attachment] | None = None,
) -> bool:
    """Bring `status` to what `draft` says; False when the draft is older than what we have, or says nothing new.

    New numbers of a poll are no edit: they are taken over without history. Text, attachments or options that differ
    are: the former state goes to the history and people who boosted it are told. `uploads` are the files that a local
    author wants on it from now on; None leaves them as they are.
    """
    edited_at = draft.updated_at or (unit.now if author.is_local else None)
    if edited_at is not None and status.edited_at is not None and edited_at < status.edited_at:
        return False
    attachments = await _attachments(unit, status)
    poll = (await unit.session.scalars(select(Poll).where(Poll.status_id == status.id))).first()
    columns = content_columns(author, draft)
    changed = {name for name, value in columns.items() if getattr(status, name) != value}
    is_text_edit = bool(changed) or _differ(attachments, draft.attachments) or _options_differ(poll, draft.poll)
    is_text_edit = is_text_edit or _other_uploads(attachments, uploads)
    if not is_text_edit:
        return _take_numbers(poll, draft.poll)
    _keep_history(unit, status, attachments, poll)
    old_quote = status.quote_uri
    for name, value in columns.items():
        setattr(status, name, value)
    status.edited_at = min(edited_at or unit.now, unit.now)
    await _replace_parts(unit, status, author, draft, poll)
    if uploads is not None:
        await _replace_uploads(unit, status, attachments, uploads)
    if draft.quote is not None and draft.quote.uri != old_quote:
        await attach_quote(unit, status, author, draft.quote)
    await _tell_boosters(unit, status, author)
    tell_edited(unit, status)
    return True


async def _attachments(unit: UnitOfWork, status: Status) -> Sequence[Attachment]:
    query = select(Attachment).where(Attachment.status_id == status.id).order_by(Attachment.position)
    return (await unit.session.scalars(query)).all()


def _differ(rows: Sequence[Attachment], drafts: Sequence[AttachmentDraft]) -> bool:
    if any(row.storage_key for row in rows):
        return False  # local files are changed by their own requests
    files = [(draft.url, draft.description) for draft in drafts if draft.kind != "link"]
    return [(row.remote_url, row.description) for row in rows] != files


def _other_uploads(rows: Sequence[Attachment], uploads: Sequence[Attachment] | None) -> bool:
    return uploads is not None and [row.id for row in rows] != [upload.id for upload in uploads]


async def _replace_uploads(
    unit: UnitOfWork, status: Status, rows: Sequence[Attachment], uploads: Sequence[Attachment]
) -> None:
    kept = {upload.id for upload in uploads}
    for row in rows:
        if row.id not in kept:
            await unit.session.delete(row)
    attach_uploads(status, uploads)
    await unit.session.flush()


def _options_differ(poll: Poll | None, draft: PollDraft | None) -> bool:
    titles = [option["title"] for option in poll.options] if poll else []
    return titles != ([option_title(title) for title, _ in draft.options] if draft else [])


def _take_numbers(poll: Poll | None, draft: PollDraft | None) -> bool:
    if poll is None or draft is None:
        return False
    poll.options = [
        {"title": option["title"], "votes": max(0, votes)}
        for option, (_, votes) in zip(poll.options, draft.options, strict=True)
    ]
    poll.voters_count = draft.voters_count if draft.voters_count is not None else poll.voters_count
    poll.closed_at = draft.closed_at or poll.closed_at
    poll.closes_at = draft.closes_at or poll.closes_at
    return True


def _keep_history(unit: UnitOfWork, status: Status, attachments: Sequence[Attachment], poll: Poll | None) -> None:
    kept: list[dict[str, Any]] = [
        {"media_type": row.media_type, "url": row.remote_url or row.storage_key, "description": row.description}
        for row in attachments
    ]
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
    await unit.session.execute(delete(StatusTag).where(StatusTag.status_id == status.id))
    await _replace_mentions(unit, status, author, draft)
    await attach_tags(unit, status, draft.tags)
    if not author.is_local or draft.attachments:
        await unit.session.execute(
            delete(Attachment).where(Attachment.status_id == status.id, Attachment.storage_key.is_(None))
        )
        unit.session.add_all(attachment_rows(unit, status, draft.attachments))
    if _options_differ(poll, draft.poll):
        if poll is not None:
            await unit.session.execute(delete(PollVote).where(PollVote.poll_id == poll.id))
            await unit.session.delete(poll)
            await unit.session.flush()
        if draft.poll is not None:
            unit.session.add(poll_row(unit, status, draft))
    else:
        _take_numbers(poll, draft.poll)


async def _replace_mentions(unit: UnitOfWork, status: Status, author: Account, draft: StatusDraft) -> None:
    """Who was silently in stays in; telling somebody a second time changes nothing."""
    silent = await unit.session.scalars(
        select(Account)
        .join(Mention, Mention.account_id == Account.id)
        .where(Mention.status_id == status.id, Mention.is_silent)
    )
    kept = silent.all()
    await unit.session.execute(delete(Mention).where(Mention.status_id == status.id))
    await attach_mentions(unit, status, author, draft, kept)


async def _tell_boosters(unit: UnitOfWork, status: Status, author: Account) -> None:
    boosters = await unit.session.scalars(
        select(Account)
        .join(Status, Status.account_id == Account.id)
        .where(Status.boost_of_id == status.id, Account.domain.is_(None))
    )
    for booster in boosters:
        notify(unit, booster, "update", author, status_id=status.id)


async def delete_status(unit: UnitOfWork, status: Status, *, owner_uri: str) -> None:
    """Remove a status with its boosts and everything that hangs on it; replies stay, without a parent."""
    await unit.session.flush()
    await tell_deleted(unit, status)
    await unit.session.execute(
        update(Status)
        .where(Status.in_reply_to_id == status.id)
        .values(in_reply_to_id=None)
        .execution_options(synchronize_session=False)
    )
    await quoted_is_gone(unit, status.id)
    count(unit, Account, "statuses_count", status.account_id, -1)
    if status.in_reply_to_id is not None:
        count(unit, Status, "replies_count", status.in_reply_to_id, -1)
    if status.boost_of_id is not None:
        count(unit, Status, "boosts_count", status.boost_of_id, -1)
    await bury(unit, status.uri, kind=status.object_type, owner_uri=owner_uri)
    await unit.session.execute(
        delete(Status).where(Status.id == status.id).execution_options(synchronize_session=False)
    )
    unit.session.expunge(status)
    unit.statuses[status.uri] = None
    unit.boosts.clear()  # those of this status went with it
