"""The keywords and statuses of filters, one by one (version 2)."""

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import visible_status
from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.entities.filter import filter_status_entity, keyword_entity
from api.errors import NotFound, invalid
from api.filters.v2 import keyword_text, own_filter
from api.schemas.filters import FilterStatusArgs, KeywordArgs
from models.filters import Filter, FilterKeyword, FilterStatus
from policy.limits import FILTER_KEYWORDS, FILTER_STATUSES
from social.filters import KeywordChange, add_status, change_keywords, remove_part

Part = TypeVar("Part", FilterKeyword, FilterStatus)


async def own_part(call: Call, session: AsyncSession, table: type[Part]) -> tuple[Filter, Part]:
    """The keyword or status that the path names, with its filter, if it is the viewer's. Raises NotFound."""
    part = await session.get(table, call.id())
    if part is None:
        raise NotFound
    return await own_filter(call, session, part.filter_id), part


async def get_keywords(call: Call) -> list[Json]:
    """View keywords added to a filter."""
    async with call.database.reading() as session:
        owned = await own_filter(call, session, call.id("filter_id"))
        query = select(FilterKeyword).where(FilterKeyword.filter_id == owned.id).order_by(FilterKeyword.id)
        return [keyword_entity(row) for row in await session.scalars(query.limit(FILTER_KEYWORDS))]


async def post_keyword(call: Call) -> Json:
    """Add a keyword to a filter."""
    args = call.args
    if "keyword" not in args:
        raise invalid("keyword", "can't be blank", code="ERR_BLANK")
    change = KeywordChange(None, keyword_text(args["keyword"]), args.get("whole_word", True))
    async with call.database.unit_of_work() as unit:
        owned = await own_filter(call, unit.session, call.id("filter_id"))
        return keyword_entity((await change_keywords(unit, owned, [change]))[0])


async def get_keyword(call: Call) -> Json:
    """View a single keyword."""
    async with call.database.reading() as session:
        _, keyword = await own_part(call, session, FilterKeyword)
        return keyword_entity(keyword)


async def put_keyword(call: Call) -> Json:
    """Edit a keyword within a filter."""
    args = call.args
    text = keyword_text(args["keyword"]) if "keyword" in args else None
    async with call.database.unit_of_work() as unit:
        owned, keyword = await own_part(call, unit.session, FilterKeyword)
        change = KeywordChange(keyword.id, text, args.get("whole_word"))
        return keyword_entity((await change_keywords(unit, owned, [change]))[0])


async def delete_keyword(call: Call) -> Json:
    """Remove keywords from a filter."""
    async with call.database.unit_of_work() as unit:
        await remove_part(unit, *await own_part(call, unit.session, FilterKeyword))
    return {}


async def get_statuses(call: Call) -> list[Json]:
    """View all status filters of a filter."""
    async with call.database.reading() as session:
        owned = await own_filter(call, session, call.id("filter_id"))
        query = select(FilterStatus).where(FilterStatus.filter_id == owned.id).order_by(FilterStatus.id)
        return [filter_status_entity(row) for row in await session.scalars(query.limit(FILTER_STATUSES))]


async def post_status(call: Call) -> Json:
    """Add a status to a filter group."""
    async with call.database.unit_of_work() as unit:
        owned = await own_filter(call, unit.session, call.id("filter_id"))
        try:
            status = await visible_status(call, unit.session, call.args["status_id"])
        except NotFound as error:
            raise invalid("status_id", "is invalid") from error
        return filter_status_entity(await add_status(unit, owned, status.id))


async def get_status(call: Call) -> Json:
    """View a single status filter."""
    async with call.database.reading() as session:
        _, status = await own_part(call, session, FilterStatus)
        return filter_status_entity(status)


async def delete_status(call: Call) -> Json:
    """Remove a status from a filter group."""
    async with call.database.unit_of_work() as unit:
        await remove_part(unit, *await own_part(call, unit.session, FilterStatus))
    return {}


ENDPOINTS = (
    Endpoint("GET", "/api/v2/filters/{filter_id}/keywords", get_keywords, scope="read:filters",
             returns=many("FilterKeywordEntity")),
    Endpoint("POST", "/api/v2/filters/{filter_id}/keywords", post_keyword, scope="write:filters", args=KeywordArgs,
             returns="FilterKeywordEntity"),
    Endpoint("GET", "/api/v2/filters/keywords/{id}", get_keyword, scope="read:filters", returns="FilterKeywordEntity"),
    Endpoint("PUT", "/api/v2/filters/keywords/{id}", put_keyword, scope="write:filters", args=KeywordArgs,
             returns="FilterKeywordEntity"),
    Endpoint("DELETE", "/api/v2/filters/keywords/{id}", delete_keyword, scope="write:filters"),
    Endpoint("GET", "/api/v2/filters/{filter_id}/statuses", get_statuses, scope="read:filters",
             returns=many("FilterStatusEntity")),
    Endpoint("POST", "/api/v2/filters/{filter_id}/statuses", post_status, scope="write:filters",
             args=FilterStatusArgs, returns="FilterStatusEntity"),
    Endpoint("GET", "/api/v2/filters/statuses/{id}", get_status, scope="read:filters", returns="FilterStatusEntity"),
    Endpoint("DELETE", "/api/v2/filters/statuses/{id}", delete_status, scope="write:filters"),
)  # fmt: skip
