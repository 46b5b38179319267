"""Making statuses: one function for what a peer wrote and for what our people write.

`create_status` promises that a draft becomes one row with its mentions, tags, attachments and poll, that HTML is
sanitised, that counts, feeds and notifications follow in the same transaction, and that replies which arrived before
their parent find it. It fetches nothing: whoever is mentioned must have been resolved before.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import literal, select, update

from content.html import sanitize
from content.measures import stream_measures
from content.names import sanitize_name
from models import UnitOfWork
from models.accounts import Account
from models.insertion import insert_ignoring
from models.new_rows import new_row, rows_where
from models.questions import WORDS, among
from models.statuses import Attachment, Mention, Poll, Status
from models.visibility import Visibility
from policy.communities import belongs_to
from policy.visibility import is_for_members
from social.accounts import preload_accounts
from social.conversations import add_to_conversations, conversation_is_joined
from social.counters import count
from social.digests import digest_changed
from social.drafts import AttachmentDraft, StatusDraft
from social.notifications import notify
from social.quotes import attach_quote
from social.search.index import index_later, index_new
from social.spreading import spread
from social.tags import attach_tags
from social.watchers import watch_poll

MAX_TITLE_CHARACTERS = 500
MAX_OPTION_CHARACTERS = 200
# Made once: building a statement costs more than SQLite needs for running it.
_BY_URI = rows_where(Status, among(Status.uri, "uris", WORDS))
_ORPHANS = rows_where(
    Status,
    among(Status.in_reply_to_uri, "uris", WORDS),
    Status.in_reply_to_uri.is_not(None),  # said of the partial index: a list might be empty
    Status.in_reply_to_id.is_(None),
)


async def preload_statuses(unit: UnitOfWork, uris: Iterable[str]) -> None:
    """Look up many statuses with one query; the missing ones are remembered as missing."""
    wanted = [uri for uri in dict.fromkeys(uris) if uri not in unit.statuses]
    if not wanted:
        return
    unit.statuses.update(dict.fromkeys(wanted))
    for status in await unit.session.find(Status, _BY_URI, {"uris": wanted}):
        unit.statuses[status.uri] = status


async def status_by_uri(unit: UnitOfWork, uri: str) -> Status | None:
    """The status with this URI, whoever may see it."""
    if uri not in unit.statuses:
        await preload_statuses(unit, [uri])
    return unit.statuses[uri]


async def create_status(
    unit: UnitOfWork,
    author: Account,
    draft: StatusDraft,
    *,
    visibility: Visibility | None = None,
    delivered_to: Sequence[Account] = (),
    group: Account | None = None,
    is_local_only: bool = False,
    uploads: Sequence[Attachment] = (),
    application_id: int | None = None,
    status_id: int | None = None,
) -> Status:
    """Store a new status of `author` and let everybody whom it concerns know.

    `visibility` overrides the draft's first reading. `delivered_to` are local accounts in whose own inbox it arrived
    though nothing addresses them: they may see it (as silently mentioned), and nobody else gains anything. `uploads`
    are files of a local author, in their order; `status_id` is the number in its URI where it had one before. What
    answers or quotes something that stays in the office stays there too. The caller has made sure that no status with
    this URI exists.
    """
    parent = await status_by_uri(unit, draft.in_reply_to_uri) if draft.in_reply_to_uri else None
    status = _new_row(
        unit, author, draft, visibility or draft.visibility, parent, status_id,
        group_id=group.id if group is not None else None,
        is_local_only=is_local_only or (author.is_local and parent is not None and parent.is_local_only),
        application_id=application_id,
    )  # fmt: skip
    unit.session.insert(status)
    unit.statuses[status.uri] = status
    await _attach(unit, status, author, draft, delivered_to)
    quoted = unit.statuses.get(draft.quote.uri) if draft.quote else None
    if quoted is not None and quoted.is_local_only and author.is_local:
        status.is_local_only = True
    attach_uploads(status, uploads)
    index_new(unit, status, draft, uploads)
    if author.is_local or (group is not None and group.is_local):
        digest_changed(unit, status.id)
    count(unit, Account, "statuses_count", author.id)
    if parent is not None:
        count(unit, Status, "replies_count", parent.id)
    if not author.is_local or status_id is not None or draft.uri is not None:
        unit.defer(_adopt_orphans, status)  # nobody has answered a URI that didn't exist before
    await spread(unit, status, author)
    add_to_conversations(unit, status, author)
    return status


def _new_row(
    unit: UnitOfWork,
    author: Account,
    draft: StatusDraft,
    visibility: Visibility,
    parent: Status | None,
    status_id: int | None,
    **more: Any,
) -> Status:
    published_at = min(draft.published_at or unit.now, unit.now)
    if status_id is None:
        status_id = unit.new_id() if author.is_local else unit.new_id(published_at)
    uri = draft.uri or unit.addresses.status(author.id, status_id)
    return new_row(
        Status,
        id=status_id,
        uri=uri,
        url=unit.addresses.status_page(author.username, status_id) if author.is_local else draft.url or uri,
        account_id=author.id,
        is_local=author.is_local,
        object_type=draft.type,
        visibility=visibility.value,
        in_reply_to_id=parent.id if parent else None,
        in_reply_to_uri=draft.in_reply_to_uri,
        in_reply_to_account_id=parent.account_id if parent else None,
        conversation_id=parent.conversation_id if parent else status_id,
        context_uri=draft.context_uri or (parent.context_uri if parent else None),
        published_at=published_at,
        created_at=unit.now,
        **content_columns(author, draft),
        **more,
    )


def content_columns(author: Account, draft: StatusDraft) -> dict[str, Any]:
    """The columns of a status that an edit may change, sanitised. Local HTML was composed by us from text."""
    is_ours = author.is_local
    return {
        "title": sanitize_name(draft.title, MAX_TITLE_CHARACTERS) if draft.title else None,
        "content_html": draft.content_html if is_ours else sanitize(draft.content_html),
        "source_text": draft.source_text if is_ours else None,
        "source_media_type": draft.source_media_type if is_ours else None,
        "summary": sanitize_name(draft.summary, MAX_TITLE_CHARACTERS) if draft.summary else "",
        # A moderator has decided that what this account posts isn't for everybody's eyes at once.
        "is_sensitive": draft.is_sensitive or author.sensitized_at is not None,
        "language": draft.language,
        "emojis": [{"shortcode": emoji.shortcode, "url": emoji.image_url} for emoji in draft.emojis],
        "event": _event(draft),
        "interaction_policy": _interaction_policy(draft),
        "quote_uri": draft.quote.uri if draft.quote else None,
        "quote_authorization_uri": draft.quote.authorization_uri if draft.quote else None,
    }


def _event(draft: StatusDraft) -> dict[str, Any] | None:
    if draft.event is None:
        return None
    values = {name: getattr(draft.event, name) for name in type(draft.event).__slots__}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
        if value is not None
    }


def _interaction_policy(draft: StatusDraft) -> dict[str, Any] | None:
    policy = draft.interaction_policy
    if policy is None or policy.can_quote is None:
        return None
    return {"automatic": list(policy.can_quote.automatic), "manual": list(policy.can_quote.manual)}


async def _attach(
    unit: UnitOfWork, status: Status, author: Account, draft: StatusDraft, delivered_to: Sequence[Account]
) -> None:
    await attach_mentions(unit, status, author, draft, delivered_to)
    await attach_tags(unit, status, draft.tags)
    unit.session.add_all(attachment_rows(unit, status, draft.attachments))
    if draft.poll is not None:
        unit.session.add(poll_row(unit, status, draft))
        if author.is_local:
            await watch_poll(unit, status.id, draft.poll.closes_at)
    if draft.quote is not None:
        await attach_quote(unit, status, author, draft.quote)


async def attach_mentions(
    unit: UnitOfWork,
    status: Status,
    author: Account,
    draft: StatusDraft,
    delivered_to: Sequence[Account] = (),
    told_before: Collection[int] = (),
) -> list[Account]:
    """Store who is mentioned (named and addressed), silently addressed, or was delivered to; tell the first kind.

    A mention that isn't addressed tells nobody (a spoof, or a courtesy): its `href` alone decides who is meant. Nor
    does an edit tell those whom the status named before: they may have read and dismissed it.
    """
    addressed = {*draft.to, *draft.cc}
    named = {mention.href for mention in draft.mentions}
    candidates = addressees(author, draft)
    await preload_accounts(unit, candidates)
    told = []
    silent = {account.id for account in delivered_to}
    members = await _members_among(unit, status, candidates)
    for uri in candidates:
        account = unit.accounts.get(uri)
        if account is None or account.id == author.id or account.is_group or account.is_topic:
            continue
        if members is not None and account.id not in members:
            continue  # nobody else learns of what is for the members
        if uri in addressed or Visibility(status.visibility).is_public:
            is_silent = uri not in named
            unit.session.insert(new_row(Mention, status_id=status.id, account_id=account.id, is_silent=is_silent))
            silent.discard(account.id)
            if not is_silent and uri in addressed:
                told.append(account)
                if account.id not in told_before:
                    notify(unit, account, "mention", author, status_id=status.id)
    silent.discard(author.id)
    unit.session.insert_all(
        new_row(Mention, status_id=status.id, account_id=account, is_silent=True) for account in sorted(silent)
    )
    return told


def addressees(author: Account, draft: StatusDraft) -> list[str]:
    """Who is named or addressed, by URI: not everybody, nor the followers. Some may be none of the accounts we know."""
    uris = dict.fromkeys((*(mention.href for mention in draft.mentions), *draft.to, *draft.cc))
    return [uri for uri in uris if not uri.endswith("#Public") and uri != author.followers_url]


async def _members_among(unit: UnitOfWork, status: Status, uris: Iterable[str]) -> frozenset[int] | None:
    """Of a status for the members of its community: who of these is one; None for every other."""
    if not is_for_members(status):
        return None
    ids = sorted(account.id for uri in uris if (account := unit.accounts.get(uri)) is not None)
    query = select(Account.id).where(Account.id.in_(ids), belongs_to(Account.id, literal(status.group_id)))
    return frozenset(await unit.session.scalars(query))


async def reach_silently(unit: UnitOfWork, status: Status, account: Account) -> bool:
    """Let a local account see a status that was delivered to it; False when it could before."""
    await unit.session.flush()
    index_later(unit, status.id)
    statement = insert_ignoring(unit.session, Mention).values(
        status_id=status.id, account_id=account.id, is_silent=True
    )
    return (await unit.session.scalar(statement.returning(Mention.account_id))) is not None


def attach_uploads(status: Status, uploads: Sequence[Attachment]) -> None:
    """Give files that were uploaded before to a status."""
    for position, upload in enumerate(uploads):
        upload.status_id, upload.position = status.id, position


def attachment_rows(unit: UnitOfWork, status: Status, drafts: Iterable[AttachmentDraft]) -> list[Attachment]:
    """Rows for what a peer attached; links aren't files."""
    return [
        Attachment(
            id=unit.new_id(),
            account_id=status.account_id,
            status_id=status.id,
            position=position,
            media_type=draft.media_type or f"{draft.kind}/*",
            kind=draft.kind,
            remote_url=draft.url,
            remote_preview_url=draft.preview_url,
            meta=_measures(draft),
            description=draft.description,
            blurhash=draft.blurhash,
            width=draft.width,
            height=draft.height,
            focal_point=list(draft.focus) if draft.focus else None,
            created_at=unit.now,
        )
        for position, draft in enumerate(drafts)
        if draft.kind != "link"
    ]


def _measures(draft: AttachmentDraft) -> dict[str, Any]:
    found = stream_measures(width=draft.width, height=draft.height, duration_seconds=draft.duration_seconds)
    return {"original": found} if found else {}


def poll_row(unit: UnitOfWork, status: Status, draft: StatusDraft) -> Poll:
    """The poll of a Question."""
    assert draft.poll is not None
    return Poll(
        id=unit.new_id(),
        status_id=status.id,
        options=[{"title": option_title(title), "votes": votes} for title, votes in draft.poll.options],
        is_multiple=draft.poll.is_multiple,
        closes_at=draft.poll.closes_at,
        closed_at=draft.poll.closed_at,
        voters_count=draft.poll.voters_count or 0,
        hides_totals=draft.poll.hides_totals,
    )


def option_title(title: str) -> str:
    """An option of a poll as it is kept."""
    return sanitize_name(title, MAX_OPTION_CHARACTERS)


async def _adopt_orphans(unit: UnitOfWork, parents: list[Status]) -> None:
    """Give replies that came before their parent its place in the conversation."""
    by_uri = {parent.uri: parent for parent in parents}
    for orphan in await unit.session.find(Status, _ORPHANS, {"uris": list(by_uri)}):
        parent = by_uri[orphan.in_reply_to_uri or ""]
        if orphan.id == parent.id:
            continue
        if orphan.visibility == Visibility.DIRECT.value:
            await conversation_is_joined(unit, orphan.conversation_id, parent.conversation_id)
        orphan.in_reply_to_id = parent.id
        orphan.in_reply_to_account_id = parent.account_id
        count(unit, Status, "replies_count", parent.id)
        await unit.session.execute(
            update(Status)
            .where(Status.conversation_id == orphan.conversation_id)
            .values(conversation_id=parent.conversation_id)
            .execution_options(synchronize_session=False)
        )
