"""The hashtags on profiles: one's own, those of others, and which one might add."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import known_account
from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.entities.featured_tag import featured_tag_entity
from api.errors import NotFound, invalid
from api.schemas.featured_tags import FeaturedTagArgs
from api.tags.pages import as_written, tag_entities
from content.hashtags import normalise_hashtag
from models.questions import among
from models.relations import FeaturedTag
from models.statuses import Status, StatusTag, Tag
from models.visibility import Visibility
from outbox.profile import publish_featured_tag, publish_unfeatured_tag
from policy.limits import FEATURED_TAGS
from social.featured_tags import find_featured_tag
from social.tags import find_or_create_tag

_OPEN = (Visibility.PUBLIC.value, Visibility.UNLISTED.value)
SUGGESTED = 10
LOOKED_AT = 1000
COUNTED = 2000
_TAG_ID = StatusTag.tag_id + literal_column("0")  # what no index is ordered by


async def featured_entities(call: Call, session: AsyncSession, account_id: int) -> list[Json]:
    """What an account features, the most used first, counted in its newest `COUNTED` statuses: four queries."""
    rows = (
        await session.execute(
            select(FeaturedTag, Tag)
            .join(Tag, Tag.id == FeaturedTag.tag_id)
            .where(FeaturedTag.account_id == account_id)
            .order_by(FeaturedTag.id)
            .limit(FEATURED_TAGS)
        )
    ).all()
    if not rows:
        return []
    used = await _counts(session, account_id, [tag.id for _, tag in rows])
    entities = []
    for featured, tag in sorted(rows, key=lambda row: -used.get(row[1].id, (0, None))[0]):
        count, last = used.get(tag.id, (0, None))
        entities.append(featured_tag_entity(featured, tag, call.api, statuses_count=count, last_status_at=last))
    return entities


async def _counts(session: AsyncSession, account_id: int, tag_ids: Sequence[int]) -> dict[int, tuple[int, datetime]]:
    """How often an account used these hashtags, and when last."""
    ids = (await session.scalars(_newest(account_id, COUNTED))).all()
    found = (await session.execute(_used().where(StatusTag.tag_id.in_(tag_ids)), {"ids": ids})).all()
    published = select(Status.id, Status.published_at).where(Status.id.in_([last for *_, last in found]))
    published_at = dict((await session.execute(published)).all())
    return {tag_id: (count, published_at[last]) for tag_id, count, last in found}


def _used() -> Any:
    """The hashtags of some statuses, how many carry each and which last.

    The statuses are given by their `ids` and looked up one by one: a join would read all that carry a hashtag, and so
    would SQLite, which prefers an index that has hashtags in the order of the groups.
    """
    query = select(_TAG_ID, func.count(), func.max(StatusTag.status_id))
    return query.where(among(StatusTag.status_id, "ids")).group_by(_TAG_ID)


def _newest(account_id: int, most: int) -> Select[int]:
    """The newest of what somebody wrote for everybody to read."""
    query: Select[int] = select(Status.id).where(
        Status.account_id == account_id, Status.visibility.in_(_OPEN), Status.boost_of_id.is_(None)
    )
    return query.order_by(Status.id.desc()).limit(most)


async def get_featured_tags(call: Call) -> list[Json]:
    """View your featured tags."""
    async with call.database.reading() as session:
        return await featured_entities(call, session, call.me.id)


async def get_featured_tags_of_account(call: Call) -> list[Json]:
    """Get account's featured tags."""
    async with call.database.reading() as session:
        account = await known_account(call, session, call.id())
        return await featured_entities(call, session, account.id) if account.is_active else []


async def post_featured_tag(call: Call) -> Json:
    """Feature a tag."""
    name = normalise_hashtag(call.args["name"])
    if not name:
        raise invalid("name", "is no hashtag")
    async with call.database.unit_of_work() as unit:
        tag = await find_or_create_tag(unit, name, as_written(call.args["name"]))
        await publish_featured_tag(call.services, unit, call.me, tag)
        featured = await find_featured_tag(unit, call.me, tag)
        wanted = str(featured.id) if featured is not None else ""
        found = await featured_entities(call, unit.session, call.me.id)
        return next(entity for entity in found if entity["id"] == wanted)


async def delete_featured_tag(call: Call) -> Json:
    """Unfeature a tag."""
    async with call.database.unit_of_work() as unit:
        featured = await unit.session.get(FeaturedTag, call.id())
        if featured is None or featured.account_id != call.me.id:
            raise NotFound
        tag = await unit.session.get_one(Tag, featured.tag_id)
        await publish_unfeatured_tag(call.services, unit, call.me, tag)
    return {}


async def get_suggestions(call: Call) -> list[Json]:
    """View suggested tags to feature: the ten that you use most, of those that you don't feature yet."""
    async with call.database.reading() as session:
        ids = (await session.scalars(_newest(call.me.id, LOOKED_AT))).all()
        featured = select(FeaturedTag.tag_id).where(FeaturedTag.account_id == call.me.id)
        most_used = (
            _used().where(StatusTag.tag_id.not_in(featured)).order_by(func.count().desc(), _TAG_ID).limit(SUGGESTED)
        )
        tag_ids = [row[0] for row in await session.execute(most_used, {"ids": ids})]
        tags = {tag.id: tag for tag in await session.scalars(select(Tag).where(Tag.id.in_(tag_ids)))}
        return await tag_entities(call, session, [tags[tag_id] for tag_id in tag_ids])


ENDPOINTS = (
    Endpoint("GET", "/api/v1/featured_tags", get_featured_tags, scope="read:accounts",
             returns=many("FeaturedTagEntity")),
    Endpoint("POST", "/api/v1/featured_tags", post_featured_tag, scope="write:accounts", args=FeaturedTagArgs,
             returns="FeaturedTagEntity"),
    Endpoint("GET", "/api/v1/featured_tags/suggestions", get_suggestions, scope="read:accounts",
             returns=many("TrendTagEntity")),
    Endpoint("DELETE", "/api/v1/featured_tags/{id}", delete_featured_tag, scope="write:accounts"),
    Endpoint("GET", "/api/v1/accounts/{id}/featured_tags", get_featured_tags_of_account, Access.READER,
             "read:accounts", returns=many("FeaturedTagEntity")),
)  # fmt: skip
