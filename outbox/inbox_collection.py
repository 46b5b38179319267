"""The owner's inbox as a collection (ActivityPub §5.2): what was received for them, newest first, as it was received.

Three streams make it: what came to their own inbox; what came to the shared inbox and is in their home feed or concerns
them (a mention, a like, a new follower, an answer to a request of theirs); and what colleagues here published that is
in their feed or names them, for between two local accounts nothing crosses the network. Activities that were refused,
that changed nothing, or that one doesn't tell (Block, Flag) are left out.

Promises a page in three queries whatever its size. Journal and outbox are walked by id, and a page looks at a bounded
stretch of them only, so it may be short, even empty, and still have a `next`: follow it until there is none.
"""

from typing import Final

import orjson
from sqlalchemy import ColumnElement, and_, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from federation.services import Services
from federation.serving import collection_pages as pages
from federation.serving.answers import Answer, document_answer
from federation.serving.collection_pages import Cursor
from models.accounts import Account
from models.activities import SHARED_INBOX, InboundActivity, OutboundActivity
from models.feeds import FeedEntry, Notification
from models.insertion import AnySelect
from models.relations import Follow
from models.statuses import Mention, Status
from policy.visibility import blocked_between

PER_PAGE: Final = 40
LOOKED_AT: Final = 2_000
_UNTOLD: Final = ("Block", "Flag")


async def inbox_answer(services: Services, owner: Account, cursor: Cursor) -> Answer:
    """The inbox of `owner`, who has proven to be it, or a page of it."""
    uri = owner.inbox_url
    if not cursor.is_page:
        return document_answer(pages.collection(uri), is_for_everybody=False)
    async with services.database.reading() as session:
        floor = await _floor(session, cursor)
        query = union_all(_received(owner, cursor, floor), _published_here(owner, cursor, floor)).subquery()
        rows = (await session.execute(select(query).order_by(query.c.id.desc()).limit(PER_PAGE + 1))).all()
    items, has_more = pages.cut(rows, PER_PAGE)
    following = items[-1].id if has_more else floor + 1 if floor else None
    document = pages.page(
        uri,
        [orjson.Fragment(row.body) for row in items],
        this=pages.newest_first(cursor),
        following=None if following is None else f"page=true&max_id={following}",
    )
    return document_answer(document, is_for_everybody=False)


async def _floor(session: AsyncSession, cursor: Cursor) -> int:
    """The id down to which this page looks; 0 when that is everything."""
    found = [
        await session.scalar(query.limit(1).offset(LOOKED_AT))
        for query in (
            select(InboundActivity.id)
            .where(InboundActivity.inbox_id == SHARED_INBOX, InboundActivity.id < cursor.max_id)
            .order_by(InboundActivity.id.desc()),
            select(OutboundActivity.id).where(OutboundActivity.id < cursor.max_id).order_by(OutboundActivity.id.desc()),
        )
    ]
    return max(number or 0 for number in found)


def _received(owner: Account, cursor: Cursor, floor: int) -> AnySelect:
    received = InboundActivity
    concerns = or_(
        received.object_uri == owner.uri,
        _is_answer_to(owner),
        _is_about_status(owner, or_(Status.uri == received.object_uri, Status.uri == received.dedup_key)),
    )
    return select(received.id.label("id"), received.body.label("body")).where(
        received.inbox_id.in_((SHARED_INBOX, owner.id)),
        received.id < cursor.max_id,
        received.id > floor,
        received.state == "done",
        received.outcome == "applied",
        received.activity_type.not_in(_UNTOLD),
        or_(received.inbox_id == owner.id, and_(concerns, ~_came_to_own_inbox(owner))),
    )


def _came_to_own_inbox(owner: Account) -> ColumnElement[bool]:
    """Whether the same activity came to the owner's own inbox, too: it is shown once."""
    copy = aliased(InboundActivity)
    return (
        select(copy.id)
        .where(copy.dedup_key == InboundActivity.dedup_key, copy.inbox_id == owner.id, copy.outcome == "applied")
        .correlate(InboundActivity)
        .exists()
    )


def _is_answer_to(owner: Account) -> ColumnElement[bool]:
    """Accept or Reject of a follow of the owner's."""
    return select(Follow.id).where(Follow.uri == InboundActivity.object_uri, Follow.follower_id == owner.id).exists()


def _is_about_status(owner: Account, is_it: ColumnElement[bool]) -> ColumnElement[bool]:
    """About a status in the owner's feed, that names the owner, or by which the sender made them a notification."""
    sender = aliased(Account)
    in_feed = select(FeedEntry.status_id).where(FeedEntry.account_id == owner.id, FeedEntry.status_id == Status.id)
    names = select(Mention.status_id).where(Mention.account_id == owner.id, Mention.status_id == Status.id)
    tells = (
        select(Notification.id)
        .join(sender, sender.id == Notification.from_account_id)
        .where(
            Notification.account_id == owner.id,
            Notification.status_id == Status.id,
            sender.uri == InboundActivity.actor_uri,
        )
    )
    return (
        select(Status.id)
        .where(is_it, or_(in_feed.exists(), names.exists(), tells.exists()))
        .correlate(InboundActivity)
        .exists()
    )


def _published_here(owner: Account, cursor: Cursor, floor: int) -> AnySelect:
    published = OutboundActivity
    in_feed = select(FeedEntry.status_id).where(
        FeedEntry.account_id == owner.id, FeedEntry.status_id == published.status_id
    )
    names = select(Mention.status_id).where(Mention.account_id == owner.id, Mention.status_id == published.status_id)
    is_own = select(Status.id).where(Status.uri == published.object_uri, Status.account_id == owner.id)
    by_local = select(Account.id).where(Account.id == published.account_id, Account.domain.is_(None))
    return select(published.id.label("id"), published.body.label("body")).where(
        published.id < cursor.max_id,
        published.id > floor,
        published.account_id != owner.id,
        published.activity_type.not_in(_UNTOLD),
        by_local.exists(),
        ~blocked_between(owner.id, published.account_id),
        or_(
            in_feed.exists(),
            names.exists(),
            published.object_uri == owner.uri,
            and_(published.activity_type.in_(("Like", "EmojiReact", "Announce")), is_own.exists()),
        ),
    )
