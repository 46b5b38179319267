"""Filters, version 1, for apps that know no other: each keyword is a filter of its own there."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.entities.filter import filter_v1_entity
from api.errors import NotFound, Unprocessable
from api.filters.v2 import contexts_of, end_of, keyword_text, own_filter
from api.schemas.filters import FilterV1Args, FilterV1ChangeArgs
from models.filters import Filter, FilterKeyword, FilterStatus
from policy.limits import FILTER_KEYWORDS, FILTERS
from social.filters import KeywordChange, change_keywords, create_filter, delete_filter, filter_changed, remove_part


async def get_filters(call: Call) -> list[Json]:
    """View your filters."""
    query = (
        select(Filter, FilterKeyword)
        .join(FilterKeyword, FilterKeyword.filter_id == Filter.id)
        .where(Filter.account_id == call.me.id)
        .order_by(FilterKeyword.id)
        .limit(FILTERS * FILTER_KEYWORDS)
    )
    async with call.database.reading() as session:
        return [filter_v1_entity(owned, keyword) for owned, keyword in await session.execute(query)]


async def get_filter(call: Call) -> Json:
    """View a single filter."""
    async with call.database.reading() as session:
        return filter_v1_entity(*await _own(call, session))


async def post_filter(call: Call) -> Json:
    """Create a filter of one phrase; `irreversible` hides what it finds."""
    args = call.args
    phrase = keyword_text(args["phrase"])
    async with call.database.unit_of_work() as unit:
        made = await create_filter(
            unit,
            call.me,
            title=phrase,
            contexts=contexts_of(args["context"]),
            action="hide" if args.get("irreversible") else "warn",
            expires_at=end_of(unit, args.get("expires_in")),
        )
        change = KeywordChange(None, phrase, args.get("whole_word", True))
        return filter_v1_entity(made, (await change_keywords(unit, made, [change]))[0])


async def put_filter(call: Call) -> Json:
    """Update a filter; what concerns the other keywords of the same filter has to be changed in version 2."""
    args = call.args
    async with call.database.unit_of_work() as unit:
        owned, keyword = await _own(call, unit.session)
        before = (list(owned.contexts), owned.action, owned.expires_at)
        if "context" in args:
            owned.contexts = contexts_of(args["context"])
        if "irreversible" in args:
            owned.action = "hide" if args["irreversible"] else "warn"
        if "expires_in" in args:
            owned.expires_at = end_of(unit, args["expires_in"])
        others = await _others(unit.session, keyword)
        if others and before != (list(owned.contexts), owned.action, owned.expires_at):
            raise Unprocessable("Validation failed: this filter has several keywords; change it with a newer app")
        phrase = keyword_text(args["phrase"]) if "phrase" in args else None
        filter_changed(unit, owned)
        await change_keywords(unit, owned, [KeywordChange(keyword.id, phrase, args.get("whole_word"))])
        return filter_v1_entity(owned, keyword)


async def delete_own_filter(call: Call) -> Json:
    """Remove a filter."""
    async with call.database.unit_of_work() as unit:
        owned, keyword = await _own(call, unit.session)
        if await _others(unit.session, keyword):
            await remove_part(unit, owned, keyword)
        else:
            await delete_filter(unit, owned)
    return {}


async def _own(call: Call, session: AsyncSession) -> tuple[Filter, FilterKeyword]:
    keyword = await session.get(FilterKeyword, call.id())
    if keyword is None:
        raise NotFound
    return await own_filter(call, session, keyword.filter_id), keyword


async def _others(session: AsyncSession, keyword: FilterKeyword) -> int:
    """How much else the keyword's filter looks for."""
    keywords = select(func.count()).select_from(FilterKeyword).where(FilterKeyword.filter_id == keyword.filter_id)
    statuses = select(func.count()).select_from(FilterStatus).where(FilterStatus.filter_id == keyword.filter_id)
    return (await session.scalar(keywords) or 0) - 1 + (await session.scalar(statuses) or 0)


ENDPOINTS = (
    Endpoint("GET", "/api/v1/filters", get_filters, scope="read:filters", returns=many("FilterV1Entity")),
    Endpoint("POST", "/api/v1/filters", post_filter, scope="write:filters", args=FilterV1Args,
             returns="FilterV1Entity"),
    Endpoint("GET", "/api/v1/filters/{id}", get_filter, scope="read:filters", returns="FilterV1Entity"),
    Endpoint("PUT", "/api/v1/filters/{id}", put_filter, scope="write:filters", args=FilterV1ChangeArgs,
             returns="FilterV1Entity"),
    Endpoint("DELETE", "/api/v1/filters/{id}", delete_own_filter, scope="write:filters"),
)  # fmt: skip
