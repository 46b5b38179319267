"""Trends as moderators see them: the same counts as everybody's; nothing waits for a review here."""

from sqlalchemy import bindparam, select

from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.entities.tag import history_entity, tag_entity
from api.loading import status_entities
from api.office.trends import StatusTrendsArgs, TagTrendsArgs, kept_uses, link_entity, visible_trends
from api.pagination import Page, offset_page
from models.base import BigInt
from models.statuses import PreviewCard, Tag

_IDS = bindparam("ids", expanding=True, type_=BigInt)
_TAGS = select(Tag).where(Tag.id.in_(_IDS))
_CARDS = select(PreviewCard).where(PreviewCard.id.in_(_IDS))


async def get_admin_tags(call: Call) -> Page:
    """Trending hashtags."""
    offset, limit = call.args["offset"], call.args["limit"]
    async with call.database.reading() as session:
        uses = dict(list((await kept_uses(call, session, "tags")).items())[offset : offset + limit])
        rows = {tag.id: tag for tag in await session.scalars(_TAGS, {"ids": list(uses)})} if uses else {}
    today = call.services.clock().date()
    found = [
        _reviewed(tag_entity(rows[number], call.api, history=history_entity(today, used.by_day)))
        for number, used in uses.items()
        if number in rows
    ]
    return offset_page(call, found, offset, limit)


async def get_admin_links(call: Call) -> Page:
    """Trending links."""
    offset, limit = call.args["offset"], call.args["limit"]
    async with call.database.reading() as session:
        uses = dict(list((await kept_uses(call, session, "links")).items())[offset : offset + limit])
        rows = {card.id: card for card in await session.scalars(_CARDS, {"ids": list(uses)})} if uses else {}
    today = call.services.clock().date()
    found = [
        {**link_entity(call, rows[number], used, today), "id": str(number), "requires_review": False}
        for number, used in uses.items()
        if number in rows
    ]
    return offset_page(call, found, offset, limit)


async def get_admin_statuses(call: Call) -> Page:
    """Trending posts."""
    offset, limit = call.args["offset"], call.args["limit"]
    async with call.database.reading() as session:
        ids = await visible_trends(call, session)
        found = await status_entities(call.api, session, ids[offset : offset + limit], call.viewer)
    return offset_page(call, [{**entity, "requires_review": False} for entity in found], offset, limit)


def _reviewed(entity: Json) -> Json:
    return {**entity, "trendable": True, "usable": True, "requires_review": False, "listable": True}


ENDPOINTS = (
    Endpoint("GET", "/api/v1/admin/trends/tags", get_admin_tags, Access.MODERATOR, "admin:read", TagTrendsArgs,
             many("AdminTagEntity")),
    Endpoint("GET", "/api/v1/admin/trends/statuses", get_admin_statuses, Access.MODERATOR, "admin:read",
             StatusTrendsArgs, many("AdminStatusEntity")),
    Endpoint("GET", "/api/v1/admin/trends/links", get_admin_links, Access.MODERATOR, "admin:read", TagTrendsArgs,
             many("AdminLinkEntity")),
)  # fmt: skip
