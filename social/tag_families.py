"""Hashtags that are read as one: a steward merges one into another, and may take that back.

`#calidad` merged into `#quality` keeps its name, its posts and its followers; its row only says which hashtag is the
canonical one. Whoever reads, follows or subscribes asks here for the *family* of a name: the canonical hashtag and all
that were merged into it. One level deep: what had been merged into a hashtag moves along when that one is merged.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, SQLColumnExpression, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models import UnitOfWork
from models.accounts import Account
from models.aliases import narrow_alias
from models.insertion import AnySelect
from models.questions import WORDS, Glance, Question, among, looked_up
from models.statuses import Status, StatusTag, Tag
from models.topics import TopicTotal
from social.moderation import audit

_named = aliased(Tag)


class MergeRefused(Exception):
    """The two can't be read as one; the message says why and may be shown."""


def root_of(tag: Any) -> ColumnElement[int]:
    """The id of the canonical hashtag of `Tag` or an alias of it."""
    return func.coalesce(tag.canonical_id, tag.id)


def is_of_family(tag: Any, root: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether a hashtag belongs to the family of the canonical one with this id; both ways use an index."""
    return or_(tag.id == root, tag.canonical_id == root)


def family_ids(names: Collection[str]) -> Any:
    """The ids of all hashtags of the families of these names (in normal form), also as a subquery for IN."""
    return _members(_named.name.in_(names))


def _members(condition: ColumnElement[bool]) -> Any:
    member = aliased(Tag)
    return select(member.id).join(_named, is_of_family(member, root_of(_named))).where(condition).distinct()


_FAMILIES: Final = Question(lambda: _members(among(_named.name, "names", WORDS)))


async def families_of(glance: Glance, names: Collection[str]) -> list[int]:
    """The ids of all hashtags of the families of these names (in normal form)."""
    return [tag_id for (tag_id,) in await glance.ask(_FAMILIES, {"names": list(names)})] if names else []


def carries(names: Collection[str]) -> ColumnElement[bool]:
    """Whether `Status` carries one of these hashtags or a synonym: a look at its hashtags for each that is asked."""
    tagged = narrow_alias(StatusTag, "status_id", "tag_id").c  # who asks may have joined the table itself (`under`)
    return exists().where(tagged.status_id == Status.id, tagged.tag_id.in_(family_ids(names)))


def carries_one_of(parameter: str) -> ColumnElement[bool]:
    """The same, with the ids of the hashtags in a parameter.

    Of EXISTS PostgreSQL makes a join, for which it reads all that carry a hashtag, believing that they are few. A value
    it looks up status by status.
    """
    tagged = narrow_alias(StatusTag, "status_id", "tag_id").c
    return looked_up(tagged.tag_id, tagged.status_id == Status.id, among(tagged.tag_id, parameter))


def carrying(names: Collection[str]) -> Any:
    """The ids of all statuses that carry one of these hashtags or a synonym, as a subquery for IN."""
    return _carrying(family_ids(names))


def _carrying(tag_ids: Any) -> Any:
    return select(StatusTag.status_id).where(StatusTag.tag_id.in_(tag_ids))


def under(statuses: AnySelect, tag_ids: Sequence[Any]) -> tuple[AnySelect, SQLColumnExpression[int]]:
    """Those of the statuses that carry one of these hashtags (ids, or a parameter), and the column by which to sort and
    page them.

    Of one hashtag, which is nearly every family, the index has the newest first, however many there are. Of several all
    are looked at to find the newest.
    """
    if len(tag_ids) == 1:
        query = statuses.join(StatusTag, StatusTag.status_id == Status.id)
        return query.where(StatusTag.tag_id == tag_ids[0]), StatusTag.status_id
    return statuses.where(Status.id.in_(_carrying(tag_ids))), Status.id


async def family_of(session: AsyncSession, name: str, *, is_known: ColumnElement[bool] | None = None) -> Sequence[Tag]:
    """The canonical hashtag first, then what was merged into it, by name; empty when nobody has used the name.

    With `is_known` (`policy.hashtags`) only those that exist for somebody.
    """
    query = select(Tag).where(Tag.id.in_(family_ids([name]))).order_by(Tag.canonical_id.is_not(None), Tag.name)
    if is_known is not None:
        query = query.where(is_known)
    return (await session.scalars(query)).all()


async def merge_tags(unit: UnitOfWork, steward: Account, tag: Tag, into: Tag) -> None:
    """Have `tag`, and all that were merged into it, read as one with `into`. Raises MergeRefused."""
    await unit.session.flush()
    root_id = into.canonical_id or into.id
    if root_id in (tag.id, tag.canonical_id):
        raise MergeRefused("They are read as one already.")
    await unit.session.execute(
        update(Tag)
        .where(or_(Tag.id == tag.id, Tag.canonical_id == tag.id))
        .values(canonical_id=root_id)
        .execution_options(synchronize_session="fetch")
    )
    await _forget_totals(unit, tag.id, root_id)
    audit(unit, steward, "merge", "Tag", tag.id, {"name": tag.name, "into": into.name})


async def unmerge_tag(unit: UnitOfWork, steward: Account, tag: Tag) -> None:
    """Let a hashtag be one of its own again. Raises MergeRefused when it is one."""
    if tag.canonical_id is None:
        raise MergeRefused("It isn't merged into another.")
    await _forget_totals(unit, tag.canonical_id)
    tag.canonical_id = None
    audit(unit, steward, "unmerge", "Tag", tag.id, {"name": tag.name})


async def _forget_totals(unit: UnitOfWork, *root_ids: int) -> None:
    """What was counted of a family isn't true of another one."""
    await unit.session.execute(delete(TopicTotal).where(TopicTotal.tag_id.in_(root_ids)))
