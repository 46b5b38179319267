"""The archive of a topic: what our own people said to everybody under a hashtag, and nothing else.

`is_archived` is the one condition that every reader of an archive shares: the outbox of the topic, its announcements,
the recipients of edits and deletions, and the digests that find out what a peer lacks. A status is in an archive or it
isn't, whoever asks: only what nobody could be refused.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account
from models.statuses import Status, StatusTag, Tag
from models.visibility import Visibility
from policy.peers import PeerPolicy, receivable
from policy.visibility import visible_to
from social.tag_families import family_ids


def is_archived() -> ColumnElement[bool]:
    """The condition on `Status`: public, of a person of ours, no boost, not of the office alone or a closed group."""
    is_ours = select(Account.id).where(Account.id == Status.account_id, Account.domain.is_(None)).exists()
    return and_(
        Status.visibility == Visibility.PUBLIC.value,
        Status.boost_of_id.is_(None),
        Status.is_local_only.is_(False),
        is_ours,
        visible_to(None),
    )


def archive_ids(name: str, *, with_synonyms: bool, policy: PeerPolicy | None = None) -> Any:
    """The ids of the archive of a hashtag, unordered, as a SELECT to be narrowed down; perhaps of its family;
    only what a peer with a policy may have."""
    wanted = family_ids([name]) if with_synonyms else select(Tag.id).where(Tag.name == name)
    carried = select(StatusTag.status_id).where(StatusTag.tag_id.in_(wanted))
    found = select(Status.id).where(Status.id.in_(carried), is_archived())
    return found if policy is None else found.where(receivable(policy))


async def archive_page(
    session: AsyncSession, name: str, *, before: int, limit: int, with_synonyms: bool, policy: PeerPolicy | None = None
) -> Sequence[Status]:
    """At most `limit` statuses of the archive with ids below `before`, newest first."""
    ids = archive_ids(name, with_synonyms=with_synonyms, policy=policy).where(Status.id < before)
    query = select(Status).where(Status.id.in_(ids)).order_by(Status.id.desc()).limit(limit)
    return (await session.scalars(query)).all()


async def archive_size(
    session: AsyncSession, name: str, *, with_synonyms: bool, policy: PeerPolicy | None = None
) -> int:
    """How many statuses are in it."""
    found = archive_ids(name, with_synonyms=with_synonyms, policy=policy).subquery()
    return await session.scalar(select(func.count()).select_from(found)) or 0
