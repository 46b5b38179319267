"""Hashtags of statuses: the tag is made when it is first used, and who follows it gets what is public."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from models import UnitOfWork
from models.insertion import insert_missing
from models.statuses import Status, StatusTag, Tag
from models.visibility import Visibility
from social.drafts import TagDraft
from social.tag_follows import fan_out_to_tag_followers

_TAG_IDS = select(Tag.name, Tag.id).where(Tag.name.in_(bindparam("names", expanding=True)))


async def attach_tags(unit: UnitOfWork, status: Status, drafts: Sequence[TagDraft]) -> None:
    """Have `status` carry these tags."""
    by_name = {draft.name: draft for draft in drafts}
    if by_name:
        unit.defer(_attach, (status.id, by_name))
        if status.visibility == Visibility.PUBLIC.value:
            unit.defer(fan_out_to_tag_followers, status.id)  # after the tags: deferred work runs in its order


async def _attach(unit: UnitOfWork, items: list[tuple[int, dict[str, TagDraft]]]) -> None:
    wanted = {name: draft for _, drafts in items for name, draft in drafts.items()}
    ids = await _tag_ids(unit, list(wanted))
    missing = [
        {"id": unit.new_id(), "name": name, "display_name": draft.display, "created_at": unit.now}
        for name, draft in sorted(wanted.items())
        if name not in ids
    ]
    if missing:
        await insert_missing(unit.session, Tag, missing)
        ids = await _tag_ids(unit, list(wanted))
    rows = [{"status_id": status_id, "tag_id": ids[name]} for status_id, drafts in items for name in drafts]
    await insert_missing(unit.session, StatusTag, rows)


async def _tag_ids(unit: UnitOfWork, names: list[str]) -> dict[str, int]:
    rows = await unit.session.execute(_TAG_IDS, {"names": names})
    return dict(rows.all())


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
