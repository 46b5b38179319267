"""Filters, version 2: named, with keywords and single statuses; only their owner knows of them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.entities.filter import filter_entity
from api.errors import NotFound, invalid
from api.schemas.filters import FilterArgs, FilterChangeArgs
from models import UnitOfWork
from models.filters import Filter, FilterKeyword, FilterStatus
from policy.limits import FILTERS
from social.filters import KeywordChange, change_keywords, create_filter, delete_filter, filter_changed


async def own_filter(call: Call, session: AsyncSession, filter_id: int) -> Filter:
    """A filter of the viewer's. Raises NotFound."""
    found = await session.get(Filter, filter_id)
    if found is None or found.account_id != call.me.id:
        raise NotFound
    return found


async def filter_entities(session: AsyncSession, filters: Sequence[Filter]) -> list[Json]:
    """Filters with everything in them: two queries whatever their number."""
    ids = [one.id for one in filters]
    keywords: dict[int, list[FilterKeyword]] = defaultdict(list)
    statuses: dict[int, list[FilterStatus]] = defaultdict(list)
    for keyword in await session.scalars(
        select(FilterKeyword).where(FilterKeyword.filter_id.in_(ids)).order_by(FilterKeyword.id)
    ):
        keywords[keyword.filter_id].append(keyword)
    for status in await session.scalars(
        select(FilterStatus).where(FilterStatus.filter_id.in_(ids)).order_by(FilterStatus.id)
    ):
        statuses[status.filter_id].append(status)
    return [filter_entity(one, keywords[one.id], statuses[one.id]) for one in filters]


async def get_filters(call: Call) -> list[Json]:
    """View all filters, expired ones too."""
    query = select(Filter).where(Filter.account_id == call.me.id).order_by(Filter.id).limit(FILTERS)
    async with call.database.reading() as session:
        return await filter_entities(session, (await session.scalars(query)).all())


async def get_filter(call: Call) -> Json:
    """View a specific filter."""
    async with call.database.reading() as session:
        return (await filter_entities(session, [await own_filter(call, session, call.id())]))[0]


async def post_filter(call: Call) -> Json:
    """Create a filter, with keywords if they are given (`keywords_attributes`)."""
    args = call.args
    async with call.database.unit_of_work() as unit:
        made = await create_filter(
            unit,
            call.me,
            title=_title(args["title"]),
            contexts=contexts_of(args["context"]),
            action=args.get("filter_action", "warn"),
            expires_at=end_of(unit, args.get("expires_in")),
            keywords=_changes(args),
        )
        return await _answer(unit, made)


async def put_filter(call: Call) -> Json:
    """Update a filter: what isn't given stays as it is; keywords are added, changed or removed (`_destroy`)."""
    args = call.args
    async with call.database.unit_of_work() as unit:
        owned = await own_filter(call, unit.session, call.id())
        if "title" in args:
            owned.title = _title(args["title"])
        if "context" in args:
            owned.contexts = contexts_of(args["context"])
        if "filter_action" in args:
            owned.action = args["filter_action"]
        if "expires_in" in args:
            owned.expires_at = end_of(unit, args["expires_in"])
        filter_changed(unit, owned)
        await change_keywords(unit, owned, _changes(args))
        return await _answer(unit, owned)


async def delete_own_filter(call: Call) -> Json:
    """Delete a filter."""
    async with call.database.unit_of_work() as unit:
        await delete_filter(unit, await own_filter(call, unit.session, call.id()))
    return {}


async def _answer(unit: UnitOfWork, owned: Filter) -> Json:
    await unit.session.flush()
    return (await filter_entities(unit.session, [owned]))[0]


def end_of(unit: UnitOfWork, seconds: int | None) -> datetime | None:
    """When a filter ends that lasts so many seconds from now on."""
    return None if seconds is None else unit.now + timedelta(seconds=seconds)


def contexts_of(given: Sequence[str]) -> list[str]:
    """The contexts, each once. Raises Unprocessable where there is none."""
    if not given:
        raise invalid("context", "can't be blank", code="ERR_BLANK")
    return list(dict.fromkeys(given))


def keyword_text(text: str) -> str:
    """A keyword as it is kept. Raises Unprocessable for one without anything to look for."""
    if not text.strip():
        raise invalid("keyword", "can't be blank", code="ERR_BLANK")
    return text.strip()


def _title(text: str) -> str:
    if not text.strip():
        raise invalid("title", "can't be blank", code="ERR_BLANK")
    return text.strip()


def _changes(args: dict[str, Any]) -> list[KeywordChange]:
    return [_change(one) for one in args.get("keywords_attributes", ())]


def _change(one: dict[str, Any]) -> KeywordChange:
    keyword = keyword_text(one["keyword"]) if "keyword" in one else None
    if "id" in one:
        return KeywordChange(one["id"], keyword, one.get("whole_word"), one["destroy"])
    if keyword is None and not one["destroy"]:
        raise invalid("keywords_attributes", "has a keyword that is blank", code="ERR_BLANK")
    return KeywordChange(None, keyword, one.get("whole_word", True), one["destroy"])


ENDPOINTS = (
    Endpoint("GET", "/api/v2/filters", get_filters, scope="read:filters", returns=many("FilterEntity")),
    Endpoint("POST", "/api/v2/filters", post_filter, scope="write:filters", args=FilterArgs, returns="FilterEntity"),
    Endpoint("GET", "/api/v2/filters/{id}", get_filter, scope="read:filters", returns="FilterEntity"),
    Endpoint("PUT", "/api/v2/filters/{id}", put_filter, scope="write:filters", args=FilterChangeArgs,
             returns="FilterEntity"),
    Endpoint("DELETE", "/api/v2/filters/{id}", delete_own_filter, scope="write:filters"),
)  # fmt: skip
