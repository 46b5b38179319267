"""Hashtags of statuses: the tag is made when it is first used, its ways of being written are counted, and who follows
it gets what is public.

All of it is deferred and set-based: the number of statements doesn't depend on the number of statuses in the unit.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import cast

from sqlalchemy import Table, bindparam, delete, func, select, update

from models import UnitOfWork
from models.base import BigInt
from models.bulk import Bulk
from models.insertion import insert_missing, insert_of
from models.questions import WORDS, Question, among
from models.statuses import Status, StatusTag, Tag, TagForm
from models.visibility import Visibility
from social.drafts import TagDraft
from social.tag_follows import fan_out_to_tag_followers

MAX_FORM_CHARACTERS = 100
_TAG_IDS = Question(select(Tag.name, Tag.id).where(among(Tag.name, "names", WORDS)))
_NAMES_OF = select(Tag.name, Tag.id).join(StatusTag).where(StatusTag.status_id == bindparam("status_id", type_=BigInt))
_MOST_USED = (
    select(TagForm.form)
    .where(TagForm.tag_id == Tag.id)
    .order_by(TagForm.uses.desc(), TagForm.form)
    .limit(1)
    .scalar_subquery()
)
_MOST_USES = select(func.max(TagForm.uses)).where(TagForm.tag_id == Tag.id).scalar_subquery()
_USES_OF_SHOWN = (
    select(TagForm.uses).where(TagForm.tag_id == Tag.id, TagForm.form == Tag.display_name).scalar_subquery()
)
# Of two forms that are used as much the one that is shown stays.
_SHOW_MOST_USED = Bulk(
    update(cast(Table, Tag.__table__))
    .where(among(Tag.id, "ids"))
    .where(func.coalesce(_USES_OF_SHOWN, 0) < _MOST_USES)
    .values(display_name=_MOST_USED),
    ("ids",),
)


async def attach_tags(unit: UnitOfWork, status: Status, drafts: Sequence[TagDraft]) -> None:
    """Have `status` carry these tags."""
    by_name = {draft.name: draft for draft in drafts}
    if by_name:
        unit.defer(_attach, (status, by_name, None))
        if status.visibility == Visibility.PUBLIC.value:
            unit.defer(fan_out_to_tag_followers, status.id)  # after the tags: deferred work runs in its order


async def replace_tags(unit: UnitOfWork, status: Status, drafts: Sequence[TagDraft]) -> None:
    """Have `status` carry these tags and no others; what it carried before isn't counted a second time."""
    await unit.session.flush()
    known = dict((await unit.session.execute(_NAMES_OF, {"status_id": status.id})).all())
    wanted = {draft.name for draft in drafts}
    gone = [tag_id for name, tag_id in known.items() if name not in wanted]
    if gone:
        await unit.session.execute(
            delete(StatusTag).where(StatusTag.status_id == status.id, StatusTag.tag_id.in_(gone))
        )
    # What the same unit is only about to attach is replaced, too: a post and its edit may come in one batch.
    unit.defer(_attach, (status, {}, frozenset(wanted)))
    await attach_tags(unit, status, [draft for draft in drafts if draft.name not in known])


async def _attach(unit: UnitOfWork, given: list[tuple[Status, dict[str, TagDraft], frozenset[str] | None]]) -> None:
    """Items are a status, what it gets, and (of an edit) which names of the items before it keeps."""
    pending: dict[int, dict[str, TagDraft]] = {}
    archived: set[int] = set()
    for status, drafts, kept in given:
        before = pending.get(status.id, {})
        pending[status.id] = {name: one for name, one in before.items() if kept is None or name in kept} | drafts
        if _is_archived(status):
            archived.add(status.id)
    items = [(status_id, drafts) for status_id, drafts in pending.items() if drafts and status_id not in unit.deleted]
    if not items:
        return
    wanted = {name: draft for _, drafts in items for name, draft in drafts.items()}
    ids = await _tag_ids(unit, wanted)
    missing = [
        {"id": unit.new_id(), "name": name, "display_name": _form(draft), "created_at": unit.now}
        for name, draft in sorted(wanted.items())
        if name not in ids
    ]
    if missing:
        await insert_missing(unit.session, Tag, missing)
        ids = await _tag_ids(unit, wanted)
    rows = [
        {"status_id": status_id, "tag_id": ids[name], "is_archived": status_id in archived}
        for status_id, drafts in items
        for name in drafts
    ]
    await insert_missing(unit.session, StatusTag, rows)
    await _count_forms(unit, Counter((ids[name], _form(one)) for _, drafts in items for name, one in drafts.items()))


def _is_archived(status: Status) -> bool:
    """Whether the topics of what it carries have it in their archives: none of this changes while it is there."""
    return status.is_local and not status.is_local_only and status.visibility == Visibility.PUBLIC.value


async def _count_forms(unit: UnitOfWork, uses: Counter[tuple[int, str]]) -> None:
    """Two statements; always in the same order, so that two units can't wait for each other."""
    rows = [{"tag_id": tag_id, "form": form, "uses": count} for (tag_id, form), count in sorted(uses.items())]
    is_sqlite = unit.session.get_bind().dialect.name == "sqlite"
    await _add_uses(is_sqlite).write(unit.session, rows)
    await _SHOW_MOST_USED.write(unit.session, [{"ids": sorted({tag_id for tag_id, _ in uses})}])


@cache
def _add_uses(is_sqlite: bool) -> Bulk:
    table = cast(Table, TagForm.__table__)
    insert = insert_of(is_sqlite)(table)
    total = table.c.uses + insert.excluded.uses
    adding = insert.on_conflict_do_update(index_elements=["tag_id", "form"], set_={"uses": total})
    return Bulk(adding, ("tag_id", "form", "uses"))


def _form(draft: TagDraft) -> str:
    return draft.display[:MAX_FORM_CHARACTERS] or draft.name


async def _tag_ids(unit: UnitOfWork, names: Iterable[str]) -> dict[str, int]:
    """Those that are there, as the unit remembers them."""
    wanted = [name for name in names if name not in unit.tag_ids]
    if wanted:
        unit.tag_ids.update(await unit.session.ask(_TAG_IDS, {"names": wanted}))
    return unit.tag_ids


async def find_or_create_tag(unit: UnitOfWork, name: str, display_name: str) -> Tag:
    """The hashtag with this normal form (`content.hashtags`); made when nobody has used it yet."""
    await unit.session.flush()
    query = select(Tag).where(Tag.name == name)
    found = (await unit.session.scalars(query)).first()
    if found is None:
        row = {"id": unit.new_id(), "name": name, "display_name": display_name, "created_at": unit.now}
        await insert_missing(unit.session, Tag, [row])
        found = (await unit.session.scalars(query)).one()
    return found
