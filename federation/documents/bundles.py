"""A status with everything that its document needs, loaded for a whole page at once.

`load_bundles` asks the database a fixed number of times whatever the number of statuses; the builders in
`status_document` and `activity_documents` then need nobody. Of a status that was just made (`bundle_of_new`) most is at
hand.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account
from models.base import BigInt
from models.statuses import Attachment, Mention, Poll, Status, StatusTag, Tag
from models.values import dataclass

Row = TypeVar("Row")

# Made once: building a statement costs more than SQLite needs for running it.
_IDS: Final = bindparam("ids", expanding=True, type_=BigInt)
_STATUSES: Final = select(Status).where(Status.id.in_(_IDS))
_ACCOUNTS: Final = select(Account).where(Account.id.in_(_IDS))
_MENTIONS: Final = (
    select(Mention.status_id, Account, Mention.is_silent)
    .join(Account, Account.id == Mention.account_id)
    .where(Mention.status_id.in_(_IDS))
    .order_by(Mention.status_id, Account.id)
)
_TAGS: Final = (
    select(StatusTag.status_id, Tag)
    .join(Tag, Tag.id == StatusTag.tag_id)
    .where(StatusTag.status_id.in_(_IDS))
    .order_by(StatusTag.status_id, Tag.id)
)
_ATTACHMENTS: Final = (
    select(Attachment)
    .where(Attachment.status_id.in_(_IDS))
    .order_by(Attachment.status_id, Attachment.position, Attachment.id)
)
_POLLS: Final = select(Poll).where(Poll.status_id.in_(_IDS))


@dataclass(frozen=True, slots=True)
class StatusBundle:
    """A status and its neighbours; `silent` are the accounts that it reaches (`bto`, `bcc`) and never names.

    `boosted` and `boosted_author` are set for a boost, `parent_author` for a reply whose parent is known, `group` for
    what was written to a community. `parent_uri` is the parent's id, known or not.
    """

    status: Status
    author: Account
    mentions: tuple[Account, ...] = ()
    silent: tuple[Account, ...] = ()
    tags: tuple[Tag, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    poll: Poll | None = None
    parent_uri: str | None = None
    parent_author: Account | None = None
    boosted: Status | None = None
    boosted_author: Account | None = None
    group: Account | None = None


async def load_bundles(session: AsyncSession, statuses: Iterable[Status]) -> dict[int, StatusBundle]:
    """The bundles of `statuses` by id, in their order; six queries at most, however many there are."""
    listed = {status.id: status for status in statuses}
    if not listed:
        return {}
    ids = list(listed)
    related = await _related(session, listed.values())
    accounts = await _accounts(session, [*listed.values(), *related.values()])
    mentions = await _mentions(session, ids)
    tags = await _tags(session, ids)
    attachments = await _attachments(session, ids)
    polls = await _polls(session, [status for status in listed.values() if status.object_type == "Question"])
    bundles: dict[int, StatusBundle] = {}
    for status in listed.values():
        boosted = related.get(status.boost_of_id or 0)
        parent = related.get(status.in_reply_to_id or 0)
        named = mentions.get(status.id, ())
        bundles[status.id] = StatusBundle(
            status=status,
            author=accounts[status.account_id],
            mentions=_loud(named),
            silent=_silent(named),
            tags=tuple(tags.get(status.id, ())),
            attachments=tuple(attachments.get(status.id, ())),
            poll=polls.get(status.id),
            parent_uri=status.in_reply_to_uri or (parent.uri if parent is not None else None),
            parent_author=accounts.get(status.in_reply_to_account_id or 0),
            boosted=boosted,
            boosted_author=accounts.get(boosted.account_id) if boosted is not None else None,
            group=accounts.get(status.group_id or 0),
        )
    return bundles


async def bundle_of_new(
    session: AsyncSession,
    status: Status,
    author: Account,
    uploads: Sequence[Attachment],
    *,
    names: bool,
    tags: bool,
    attachments: bool = False,
) -> StatusBundle:
    """The bundle of a status (no boost) that this session has made. Asked for is only what it may have besides.

    `names`: mentions, or who is silently addressed; `attachments`: others than `uploads`. All of it is written by now.
    """
    ids = [status.id]
    named = (await _mentions(session, ids)).get(status.id, []) if names else []
    hashtags = (await _tags(session, ids)).get(status.id, []) if tags else []
    files = (await _attachments(session, ids)).get(status.id, []) if attachments else uploads
    is_alone = status.in_reply_to_account_id is None and status.group_id is None
    accounts = {} if is_alone else await _accounts(session, [status])
    return StatusBundle(
        status=status,
        author=author,
        mentions=_loud(named),
        silent=_silent(named),
        tags=tuple(hashtags),
        attachments=tuple(files),
        poll=(await _polls(session, [status] if status.object_type == "Question" else [])).get(status.id),
        parent_uri=status.in_reply_to_uri,
        parent_author=accounts.get(status.in_reply_to_account_id or 0),
        group=accounts.get(status.group_id or 0),
    )


def _loud(named: Iterable[tuple[Account, bool]]) -> tuple[Account, ...]:
    return tuple(account for account, is_silent in named if not is_silent)


def _silent(named: Iterable[tuple[Account, bool]]) -> tuple[Account, ...]:
    return tuple(account for account, is_silent in named if is_silent)


async def _related(session: AsyncSession, statuses: Iterable[Status]) -> dict[int, Status]:
    """What is boosted, and parents whose URI the row doesn't carry."""
    wanted: set[int] = set()
    for status in statuses:
        if status.boost_of_id is not None:
            wanted.add(status.boost_of_id)
        if status.in_reply_to_id is not None and status.in_reply_to_uri is None:
            wanted.add(status.in_reply_to_id)
    if not wanted:
        return {}
    found = await session.scalars(_STATUSES, {"ids": sorted(wanted)})
    return {status.id: status for status in found}


async def _accounts(session: AsyncSession, statuses: Iterable[Status]) -> dict[int, Account]:
    wanted: set[int] = set()
    for status in statuses:
        wanted |= {status.account_id, status.in_reply_to_account_id or 0, status.group_id or 0}
    found = await session.scalars(_ACCOUNTS, {"ids": sorted(wanted - {0})})
    return {account.id: account for account in found}


async def _mentions(session: AsyncSession, ids: Sequence[int]) -> dict[int, list[tuple[Account, bool]]]:
    found = await session.execute(_MENTIONS, {"ids": ids})
    return _grouped((status_id, (account, is_silent)) for status_id, account, is_silent in found)


async def _tags(session: AsyncSession, ids: Sequence[int]) -> dict[int, list[Tag]]:
    found = await session.execute(_TAGS, {"ids": ids})
    return _grouped((status_id, tag) for status_id, tag in found)


async def _attachments(session: AsyncSession, ids: Sequence[int]) -> dict[int, list[Attachment]]:
    found = await session.scalars(_ATTACHMENTS, {"ids": ids})
    return _grouped((attachment.status_id or 0, attachment) for attachment in found)


async def _polls(session: AsyncSession, questions: Sequence[Status]) -> dict[int, Poll]:
    if not questions:
        return {}
    found = await session.scalars(_POLLS, {"ids": [status.id for status in questions]})
    return {poll.status_id: poll for poll in found}


def _grouped(pairs: Iterable[tuple[int, Row]]) -> dict[int, list[Row]]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for status_id, row in pairs:
        groups[status_id].append(row)
    return dict(groups)
