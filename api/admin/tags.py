"""Hashtags as stewards see them: found, merged into others, taken apart again, and kept for the office."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.errors import NotFound, invalid
from api.pagination import Keyset, Page, page
from api.schemas.topics import AdminTagsArgs, MergeArgs
from api.tags.pages import begins_with, tag_entities
from content.hashtags import normalise_hashtag
from models import UnitOfWork
from models.postgresql import planned_for_its_values
from models.statuses import Tag
from outbox.stewards import keep, merge, unmerge
from social.tag_families import MergeRefused

_REVIEWED = {"trendable": True, "usable": True, "requires_review": False, "listable": True}


async def get_tags(call: Call) -> Page:
    """List hashtags, the newest first."""
    keyset = Keyset.of(call)
    query = select(Tag.id, Tag)
    async with call.database.reading() as session:
        if call.args.get("q"):
            query = query.where(begins_with(session, normalise_hashtag(call.args["q"])))
        async with planned_for_its_values(session):
            rows = keyset.arrange((await session.execute(keyset.apply(query, Tag.id))).all())
        items = await _entities(call, session, [tag for _, tag in rows])
    return page(call, items, [number for number, _ in rows])


async def get_tag(call: Call) -> Json:
    """View one hashtag."""
    async with call.database.reading() as session:
        tag = await session.get(Tag, call.id())
        if tag is None:
            raise NotFound
        return (await _entities(call, session, [tag]))[0]


async def post_merge(call: Call) -> Json:
    """Merge a hashtag into another: both are read as one from now on."""
    async with call.database.unit_of_work() as unit:
        tag, name = await _tag(call, unit), normalise_hashtag(call.args["into"])
        into = (await unit.session.scalars(select(Tag).where(Tag.name == name))).first()
        if into is None:
            raise invalid("into", "is no hashtag that anybody has used")
        try:
            await merge(unit, call.me, tag, into)
        except MergeRefused as refused:
            raise invalid("into", f"can't be: {refused}") from refused
        return await _changed(call, unit, tag)


async def post_unmerge(call: Call) -> Json:
    """Take a hashtag apart from the one that it was merged into."""
    async with call.database.unit_of_work() as unit:
        tag = await _tag(call, unit)
        if tag.canonical_id is not None:
            await unmerge(unit, call.me, tag)
        return await _changed(call, unit, tag)


async def post_subscribe(call: Call) -> Json:
    """Keep the archives of all offices, whether somebody here follows the hashtag or not."""
    return await _kept(call, is_kept=True)


async def post_unsubscribe(call: Call) -> Json:
    """Keep the archives for as long as somebody here follows the hashtag."""
    return await _kept(call, is_kept=False)


async def _kept(call: Call, *, is_kept: bool) -> Json:
    async with call.database.unit_of_work() as unit:
        tag = await _tag(call, unit)
        await keep(unit, call.me, tag, is_kept=is_kept)
        return await _changed(call, unit, tag)


async def _tag(call: Call, unit: UnitOfWork) -> Tag:
    tag = await unit.session.get(Tag, call.id())
    if tag is None:
        raise NotFound
    return tag


async def _changed(call: Call, unit: UnitOfWork, tag: Tag) -> Json:
    await unit.session.flush()
    return (await _entities(call, unit.session, [tag]))[0]


async def _entities(call: Call, session: AsyncSession, tags: Sequence[Tag]) -> list[Json]:
    wanted = [tag.canonical_id for tag in tags if tag.canonical_id is not None]
    query = select(Tag.id, Tag.display_name).where(Tag.id.in_(wanted))
    canonical = dict((await session.execute(query)).all()) if wanted else {}
    entities = await tag_entities(call, session, tags)
    return [
        {**entity, **_REVIEWED, "canonical": canonical.get(tag.canonical_id or 0), "kept": tag.kept_since is not None}
        for entity, tag in zip(entities, tags, strict=True)
    ]


_PATH = "/api/v1/admin/tags"
_WRITE = "admin:write"
ENDPOINTS = (
    Endpoint("GET", _PATH, get_tags, Access.MODERATOR, "admin:read", AdminTagsArgs, many("StewardedTagEntity")),
    Endpoint("GET", f"{_PATH}/{{id}}", get_tag, Access.MODERATOR, "admin:read", returns="StewardedTagEntity"),
    Endpoint("POST", f"{_PATH}/{{id}}/merge", post_merge, Access.MODERATOR, _WRITE, MergeArgs, "StewardedTagEntity"),
    Endpoint("POST", f"{_PATH}/{{id}}/unmerge", post_unmerge, Access.MODERATOR, _WRITE, returns="StewardedTagEntity"),
    Endpoint("POST", f"{_PATH}/{{id}}/subscribe", post_subscribe, Access.MODERATOR, _WRITE,
             returns="StewardedTagEntity"),
    Endpoint("POST", f"{_PATH}/{{id}}/unsubscribe", post_unsubscribe, Access.MODERATOR, _WRITE,
             returns="StewardedTagEntity"),
)  # fmt: skip
