"""How many posts are under a hashtag: counted when asked up to a bound, and kept of those that very many carry.

A hashtag with at most `MOST_COUNTED` posts is counted each time. Those with more than `KEPT_FROM` housekeeping counts
once a day (`keep_totals`), in portions that nobody waits for; what has come since is counted when asked, and added. So
such a total is behind by what was deleted, hidden or read back from archives since, for a day at most. Of many that
aren't kept yet, which is so for an hour after an upgrade or a merger, the newest `MOST_COUNTED` are counted.

Posts of several synonyms are counted once.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Final

from sqlalchemy import Integer, SQLColumnExpression, bindparam, case, delete, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from communities.archive import is_archived, marked, tag_ids_of
from models import Database
from models.accounts import Account
from models.aliases import narrow_alias
from models.base import BigInt
from models.insertion import AnySelect, updating
from models.questions import among
from models.statuses import Status, StatusTag, Tag
from models.topics import TopicTotal
from models.values import dataclass
from models.visibility import Visibility
from policy.peers import PeerPolicy, receivable
from social.tag_families import is_of_family, root_of

MOST_COUNTED: Final = 10_000
KEPT_FROM: Final = 1_000
KEPT_FOR: Final = timedelta(days=1)
PORTION: Final = 1_000
TAGS_AT_ONCE: Final = 200
BREATH_SECONDS: Final = 0.02
OURS: Final = ""
_BELOW_ALL: Final = -1
_ABOVE_ALL: Final = 2**63 - 1
_TAG: Final = bindparam("tag", type_=BigInt)
Reading = Callable[[], AbstractAsyncContextManager[AsyncSession]]


def _uses(*conditions: SQLColumnExpression[bool]) -> AnySelect:
    """The next ids of one hashtag, newest first."""
    status_id = StatusTag.status_id
    bounds = status_id > bindparam("above", type_=BigInt), status_id < bindparam("below", type_=BigInt)
    query = select(status_id).where(*conditions, *bounds).order_by(status_id.desc())
    return query.limit(bindparam("most", type_=Integer))


_CARRIED: Final = _uses(StatusTag.tag_id == _TAG)
_MARKED: Final = _uses(*marked(_TAG))


@cache
def _next_tags() -> AnySelect:
    """Hashtags in the order of their ids, the canonical one of each, and whether more than `least` posts carry it."""
    is_large = (
        select(StatusTag.status_id)
        .where(StatusTag.tag_id == Tag.id)
        .order_by(StatusTag.status_id.desc())
        .limit(1)
        .offset(bindparam("least", type_=Integer))
        .scalar_subquery()
        .is_not(None)
    )
    query = select(Tag.id, root_of(Tag), is_large).where(Tag.id > bindparam("after", type_=BigInt))
    return query.order_by(Tag.id).limit(TAGS_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Totals:
    """Public posts by office (`OURS` is this one), and those in the archive of this office.

    `looked_at` are the posts that were counted now, `up_to` the newest of them; `is_whole` unless there were more.
    """

    posts: Counter[str]
    archived: int
    looked_at: int = 0
    up_to: int = _BELOW_ALL
    is_whole: bool = True


async def totals_of(session: AsyncSession, name: str) -> Totals:
    """Of a hashtag and its synonyms."""
    tag_ids = await tag_ids_of(session, name, with_synonyms=True)
    return await _with_kept(session, name, tag_ids, _CARRIED)


async def archive_size(
    session: AsyncSession, name: str, *, with_synonyms: bool, policy: PeerPolicy | None = None
) -> int | None:
    """How many posts the archive has, perhaps with those of synonyms; only what a peer with a policy may have.

    None where they are too many to be counted: the total is kept of the family as a whole, and of all posts.
    """
    family = await tag_ids_of(session, name, with_synonyms=True)
    wanted = family if with_synonyms else await tag_ids_of(session, name, with_synonyms=False)
    if len(wanted) == len(family) and (policy is None or not policy.restricts):
        found = await _with_kept(session, name, family, _MARKED)
    else:
        found = await _count(lambda: nullcontext(session), wanted, uses=_MARKED, policy=policy)
    return found.archived if found.is_whole else None


async def _with_kept(session: AsyncSession, name: str, family: Sequence[int], uses: AnySelect) -> Totals:
    """What is kept of a family and what has come since; without anything kept, its newest."""
    query = select(TopicTotal).join(Tag, root_of(Tag) == TopicTotal.tag_id).where(Tag.name == name)
    kept = (await session.scalars(query)).first()
    above = kept.up_to if kept is not None else _BELOW_ALL
    found = await _count(lambda: nullcontext(session), family, above=above, uses=uses)
    if kept is None:
        return found
    posts = Counter({domain: int(count) for domain, count in kept.posts.items()})
    return replace(found, posts=posts + found.posts, archived=kept.archived + found.archived)


async def _count(
    reading: Reading, tag_ids: Sequence[int], *, uses: AnySelect, above: int = _BELOW_ALL, most: int = MOST_COUNTED,
    policy: PeerPolicy | None = None, breath_seconds: float = 0,
) -> Totals:  # fmt: skip
    """The newest posts above an id that carry one of the hashtags, in portions.

    Their ids first: PostgreSQL would join a portion of a size that it doesn't know with all statuses.
    """
    found, below = Totals(Counter(), 0), _ABOVE_ALL
    while True:
        async with reading() as session:
            ids = await _portion(session, tag_ids, uses, above, below)
            if not ids:
                return found
            if found.looked_at >= most:
                return replace(found, is_whole=False)
            rows = (await session.execute(_counts(policy), {"ids": ids})).all()
        found = replace(
            found,
            posts=found.posts + Counter({domain or OURS: count for domain, count, _ in rows}),
            archived=found.archived + sum(archived for *_, archived in rows),
            looked_at=found.looked_at + len(ids),
            up_to=max(found.up_to, ids[0]),
        )
        below = ids[-1]
        await asyncio.sleep(breath_seconds)


async def _portion(session: AsyncSession, tag_ids: Sequence[int], uses: AnySelect, above: int, below: int) -> list[int]:
    """The next ids of several hashtags, newest first and each once: one SELECT a hashtag."""
    bounds = {"above": above, "below": below, "most": PORTION}
    ids = {number for tag_id in tag_ids for number in await session.scalars(uses, {"tag": tag_id, **bounds})}
    return sorted(ids, reverse=True)[:PORTION]


def _counts(policy: PeerPolicy | None) -> AnySelect:
    author = narrow_alias(Account, "id", "domain")
    return (
        select(author.c.domain, func.count(), func.sum(case((is_archived(), 1), else_=0)))
        .select_from(Status)
        .join(author, author.c.id == Status.account_id)
        .where(among(Status.id, "ids"), Status.visibility == Visibility.PUBLIC.value, receivable(policy))
        .group_by(author.c.domain)
    )


async def keep_totals(database: Database) -> int:
    """Count the hashtags that many carry, where it is due; returns how many were. Two at a time do no harm."""
    return sum([await _keep(database, root) for root in sorted(await _large(database))])


async def _large(database: Database) -> set[int]:
    """The canonical hashtags of which many posts carry one, and those of which a total is kept."""
    async with database.reading() as session:
        found = set(await session.scalars(select(TopicTotal.tag_id)))
    after = 0
    while True:
        async with database.reading() as session:
            rows = (await session.execute(_next_tags(), {"after": after, "least": KEPT_FROM})).all()
        found |= {root for _, root, is_large in rows if is_large}
        if len(rows) < TAGS_AT_ONCE:
            return found
        after = rows[-1][0]
        await asyncio.sleep(BREATH_SECONDS)


async def _keep(database: Database, root: int) -> bool:
    async with database.reading() as session:
        family = await _family(session, root)
        kept = await session.get(TopicTotal, root)
        if kept is not None and database.clock() - kept.counted_at < KEPT_FOR:
            newer = await _portion(session, family, _CARRIED, kept.up_to, _ABOVE_ALL)
            if len(newer) < PORTION:
                return False
    found = await _count(database.reading, family, uses=_CARRIED, most=_ABOVE_ALL, breath_seconds=BREATH_SECONDS)
    is_large = found.looked_at > KEPT_FROM
    async with database.unit_of_work() as unit:
        if not is_large or await _family(unit.session, root) != family:  # somebody has merged it meanwhile
            await unit.session.execute(delete(TopicTotal).where(TopicTotal.tag_id == root))
            return False
        row = {"tag_id": root, "posts": dict(found.posts), "archived": found.archived, "up_to": found.up_to,
               "counted_at": unit.now}  # fmt: skip
        columns = ("posts", "archived", "up_to", "counted_at")
        await unit.session.execute(updating(database.is_sqlite, TopicTotal, ("tag_id",), columns), [row])
    return True


async def _family(session: AsyncSession, root: int) -> Sequence[int]:
    return (
        await session.scalars(select(Tag.id).where(is_of_family(Tag, literal(root, BigInt))).order_by(Tag.id))
    ).all()
