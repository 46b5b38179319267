"""The archive of a topic: what our own people said to everybody under a hashtag, and nothing else.

`is_archived` is the one condition that every reader of an archive shares: the outbox of the topic, its announcements,
the recipients of edits and deletions, and the digests that find out what a peer lacks. A status is in an archive or it
isn't, whoever asks: only what nobody could be refused.
"""

from collections.abc import Sequence

from sqlalchemy import BindParameter, ColumnElement, SQLColumnExpression, and_, select
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


async def archive_page(
    session: AsyncSession, name: str, *, before: int, limit: int, with_synonyms: bool, policy: PeerPolicy | None = None
) -> Sequence[Status]:
    """At most `limit` statuses of the archive with ids below `before`, newest first; perhaps of its family, and only
    what a peer with a policy may have.

    One SELECT, and one for each synonym: an index has what is archived under a hashtag in its order.
    """
    found: dict[int, Status] = {}
    for tag_id in await tag_ids_of(session, name, with_synonyms=with_synonyms):
        page = (
            select(Status)
            .join(StatusTag, StatusTag.status_id == Status.id)
            .where(*marked(tag_id), StatusTag.status_id < before, is_archived(), receivable(policy))
            .order_by(StatusTag.status_id.desc())
            .limit(limit)
        )
        found |= {status.id: status for status in await session.scalars(page)}
    return [found[number] for number in sorted(found, reverse=True)[:limit]]


async def is_in_use(session: AsyncSession, name: str) -> bool:
    """Whether anything is in the archive of a hashtag or of a synonym."""
    return bool(await archive_page(session, name, before=2**63 - 1, limit=1, with_synonyms=True))


async def tag_ids_of(session: AsyncSession, name: str, *, with_synonyms: bool) -> Sequence[int]:
    """The ids of a hashtag, perhaps with its family; empty when nobody has used it."""
    wanted = family_ids([name]) if with_synonyms else select(Tag.id).where(Tag.name == name)
    return (await session.scalars(wanted)).all()


def marked(tag_id: int | BindParameter[int]) -> tuple[SQLColumnExpression[bool], ...]:
    """The condition on `StatusTag` of which the index of archives is made; `is_archived` says the rest."""
    return StatusTag.tag_id == tag_id, StatusTag.is_archived
