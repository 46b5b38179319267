"""Trends: hashtags, posts and links that people here talk about; counted once a minute, shown as each viewer may see.

Lists are paged by `limit` and `offset`. Mutes, blocks and filters of the viewer hold here as in every timeline.
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.entities.card import card_entity
from api.entities.tag import history_entity, tag_entity
from api.loading import status_entities
from api.pagination import Page, offset_page
from api.schemas.fields import Args, Whole
from models.base import BigInt
from models.relations import FeaturedTag, TagFollow
from models.statuses import PreviewCard, Status, Tag
from policy.timelines import not_limited_for, wanted_by
from policy.visibility import visible_to
from social.trends import MOST, Uses, network_tags, trending_links, trending_statuses

KEPT: Final = timedelta(minutes=1)
_IDS = bindparam("ids", expanding=True, type_=BigInt)
_TAGS = select(Tag).where(Tag.id.in_(_IDS))
_CARDS = select(PreviewCard).where(PreviewCard.id.in_(_IDS))


class TagTrendsArgs(Args):
    """10 hashtags by default, 20 at most."""

    limit = Whole(1, 20, load_default=10)
    offset = Whole(0, MOST, load_default=0)


class StatusTrendsArgs(Args):
    """20 posts by default, 40 at most."""

    limit = Whole(1, 40, load_default=20)
    offset = Whole(0, MOST, load_default=0)


async def get_trending_tags(call: Call) -> Page:
    """The hashtags that most people used in the last week."""
    async with call.database.reading() as session:
        found = await _tags(call, session, await kept_uses(call, session, "tags"))
    return offset_page(call, found, call.args["offset"], call.args["limit"])


async def get_trending_statuses(call: Call) -> Page:
    """The posts of the last days that were boosted and favourited most."""
    offset, limit = call.args["offset"], call.args["limit"]
    async with call.database.reading() as session:
        ids = await visible_trends(call, session)
        found = await status_entities(call.api, session, ids[offset : offset + limit], call.viewer, context="public")
    return offset_page(call, found, offset, limit)


async def get_trending_links(call: Call) -> Page:
    """The links that most people shared in the last week."""
    async with call.database.reading() as session:
        uses = _slice(call, await kept_uses(call, session, "links"))
        rows = {card.id: card for card in await session.scalars(_CARDS, {"ids": list(uses)})} if uses else {}
    today = call.services.clock().date()
    found = [link_entity(call, rows[number], uses[number], today) for number in uses if number in rows]
    return offset_page(call, found, call.args["offset"], call.args["limit"])


def link_entity(call: Call, card: PreviewCard, uses: Uses, today: date) -> Json:
    """Trends::Link: a card with its use in the last week."""
    return {**card_entity(card, call.api), "history": history_entity(today, uses.by_day)}


async def kept_uses(call: Call, session: AsyncSession, kind: str) -> dict[int, Uses]:
    """The use of all trending `tags` or `links`, at most a minute old."""
    kept, now = call.api.kept, call.services.clock()
    found = kept.get(f"trends {kind}", now)
    if found is None:
        if kind == "tags":
            uses = await network_tags(session, now, call.services.peers.active(is_full=True))
        else:
            uses = await trending_links(session, now)
        found = _packed(uses)
        kept.put(f"trends {kind}", found, now, KEPT)
    return _unpacked(found)


async def visible_trends(call: Call, session: AsyncSession) -> list[int]:
    """The ids of the trending posts that the viewer may see and wants to, the most liked first."""
    kept, now = call.api.kept, call.services.clock()
    found = kept.get("trends statuses", now)
    if found is None:
        found = orjson.dumps(await trending_statuses(session, now))
        kept.put("trends statuses", found, now, KEPT)
    ids: list[int] = orjson.loads(found)
    if not ids:
        return []
    viewer_id = call.viewer.id if call.viewer is not None else None
    query = select(Status.id).where(Status.id.in_(_IDS), visible_to(viewer_id), not_limited_for(viewer_id))
    if viewer_id is not None:
        query = query.where(wanted_by(viewer_id, now=now))
    visible = set(await session.scalars(query, {"ids": ids}))
    return [number for number in ids if number in visible]


async def _tags(call: Call, session: AsyncSession, uses: dict[int, Uses]) -> list[Json]:
    page = _slice(call, uses)
    if not page:
        return []
    rows = {tag.id: tag for tag in await session.scalars(_TAGS, {"ids": list(page)})}
    followed: set[int] | None = None
    featured: set[int] | None = None
    if call.viewer is not None:
        followed, featured = [
            set(
                await session.scalars(
                    select(table.tag_id).where(table.account_id == call.viewer.id, table.tag_id.in_(list(page)))
                )
            )
            for table in (TagFollow, FeaturedTag)
        ]
    today = call.services.clock().date()
    return [
        tag_entity(
            rows[number],
            call.api,
            history=history_entity(today, used.by_day),
            following=None if followed is None else number in followed,
            featuring=None if featured is None else number in featured,
        )
        for number, used in page.items()
        if number in rows
    ]


def _slice(call: Call, uses: dict[int, Uses]) -> dict[int, Uses]:
    offset = call.args["offset"]
    return dict(list(uses.items())[offset : offset + call.args["limit"]])


def _packed(uses: dict[int, Uses]) -> bytes:
    rows: list[Any] = [[number, [[day, *counts] for day, counts in one.by_day.items()]] for number, one in uses.items()]
    return orjson.dumps(rows)


def _unpacked(data: bytes) -> dict[int, Uses]:
    return {
        number: Uses({datetime.fromisoformat(day).date(): (uses, accounts) for day, uses, accounts in days})
        for number, days in orjson.loads(data)
    }


ENDPOINTS = (
    Endpoint("GET", "/api/v1/trends", get_trending_tags, Access.READER, "", TagTrendsArgs, many("TrendTagEntity")),
    Endpoint("GET", "/api/v1/trends/tags", get_trending_tags, Access.READER, "", TagTrendsArgs, many("TrendTagEntity")),
    Endpoint("GET", "/api/v1/trends/statuses", get_trending_statuses, Access.READER, "read:statuses",
             StatusTrendsArgs, many("StatusEntity")),
    Endpoint("GET", "/api/v1/trends/links", get_trending_links, Access.READER, "", TagTrendsArgs,
             many("TrendLinkEntity")),
)  # fmt: skip
