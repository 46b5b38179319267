"""A single hashtag: what it is, following it, and showing it on one's profile. Any Unicode letters will do."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import select

from api.call import Call, Json
from api.endpoints import Access, Endpoint
from api.tags.pages import as_written, tag_entities, tag_name
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.statuses import Tag
from outbox.profile import publish_featured_tag, publish_unfeatured_tag
from outbox.subscriptions import request_subscriptions
from policy.hashtags import tag_known_to
from social.tag_follows import follow_tag, unfollow_tag
from social.tags import find_or_create_tag

Verb = Callable[[Services, UnitOfWork, Account, Tag], Awaitable[Any]]


async def get_tag(call: Call) -> Json:
    """View information about a single tag; one that nobody has used where you may read it has the id 0."""
    name = tag_name(call.path("name"))
    viewer_id = call.viewer.id if call.viewer is not None else None
    async with call.database.reading() as session:
        found = (await session.scalars(select(Tag).where(Tag.name == name, tag_known_to(viewer_id)))).first()
        tag = found or Tag(id=0, name=name, display_name=as_written(call.path("name")))
        return (await tag_entities(call, session, [tag]))[0]


async def post_follow(call: Call) -> Json:
    """Follow a hashtag: public statuses with it come to the home timeline."""
    return await _changed(call, _follow)


async def post_unfollow(call: Call) -> Json:
    """Unfollow a hashtag."""
    return await _changed(call, _unfollow)


async def post_feature(call: Call) -> Json:
    """Feature a hashtag on your profile."""
    return await _changed(call, publish_featured_tag)


async def post_unfeature(call: Call) -> Json:
    """Unfeature a hashtag."""
    return await _changed(call, publish_unfeatured_tag)


async def _follow(_services: Services, unit: UnitOfWork, account: Account, tag: Tag) -> None:
    if await follow_tag(unit, account, tag):
        await request_subscriptions(unit, tag)


async def _unfollow(_services: Services, unit: UnitOfWork, account: Account, tag: Tag) -> None:
    if await unfollow_tag(unit, account, tag):
        await request_subscriptions(unit, tag)


async def _changed(call: Call, verb: Verb) -> Json:
    name = tag_name(call.path("name"))
    async with call.database.unit_of_work() as unit:
        tag = await find_or_create_tag(unit, name, as_written(call.path("name")))
        await verb(call.services, unit, call.me, tag)
        await unit.session.flush()
        return (await tag_entities(call, unit.session, [tag]))[0]


ENDPOINTS = (
    Endpoint("GET", "/api/v1/tags/{name}", get_tag, Access.READER, returns="TrendTagEntity"),
    Endpoint("POST", "/api/v1/tags/{name}/follow", post_follow, scope="write:follows", returns="TrendTagEntity"),
    Endpoint("POST", "/api/v1/tags/{name}/unfollow", post_unfollow, scope="write:follows", returns="TrendTagEntity"),
    Endpoint("POST", "/api/v1/tags/{name}/feature", post_feature, scope="write:accounts", returns="TrendTagEntity"),
    Endpoint("POST", "/api/v1/tags/{name}/unfeature", post_unfeature, scope="write:accounts",
             returns="TrendTagEntity"),
)  # fmt: skip
