"""Timelines: home, public, hashtag, list and link, newest first, paged by the id of the status.

Each is one query for the ids of the page and the fixed number of queries of `api.loading`. What the viewer may see is
`policy.visibility`'s, what they want to see `policy.timelines`'s business.
"""

from typing import Any

from marshmallow import fields
from sqlalchemy import and_, bindparam, exists, or_, select

from api.call import Call
from api.endpoints import Access, Endpoint, many
from api.errors import NotFound
from api.loading import status_entities
from api.pagination import AnySelect, Keyset, Page, page
from api.schemas.fields import Flag, PageArgs, Several, Text
from api.schemas.statuses import StatusEntity
from content.hashtags import normalise_hashtag
from models.accounts import Account
from models.base import BigInt, UtcDateTime
from models.feeds import AccountList, FeedEntry, ListEntry
from models.statuses import Attachment, PreviewCard, Status, StatusTag, Tag
from models.visibility import Visibility
from policy.timelines import not_limited_for, wanted_by
from policy.visibility import visible_to

MAX_TAGS = 8
_VIEWER = bindparam("viewer", type_=BigInt)
_NOW = bindparam("now", type_=UtcDateTime())
_HOME = (
    select(FeedEntry.status_id)
    .join(Status, Status.id == FeedEntry.status_id)
    .where(FeedEntry.account_id == _VIEWER, wanted_by(_VIEWER, now=_NOW))
)
_LIST = (
    select(ListEntry.status_id)
    .join(Status, Status.id == ListEntry.status_id)
    .where(ListEntry.list_id == bindparam("list", type_=BigInt), wanted_by(_VIEWER, now=_NOW))
)


class PublicArgs(PageArgs):
    """Which statuses of everybody: ours, theirs, with media."""

    local = Flag(load_default=False)
    remote = Flag(load_default=False)
    only_media = Flag(load_default=False)


class TagArgs(PublicArgs):
    """The same under a hashtag, with any, all or none of further ones."""

    any = Several(Text(200), most=MAX_TAGS, load_default=list)
    all = Several(Text(200), most=MAX_TAGS, load_default=list)
    none = Several(Text(200), most=MAX_TAGS, load_default=list)


class LinkArgs(PageArgs):
    """The link that the statuses hold."""

    url = fields.String(required=True)


async def get_home(call: Call) -> Page:
    """View home timeline: statuses of followed people, lists and hashtags, and one's own."""
    return await _shown(call, _HOME, FeedEntry.status_id, "home")


async def get_list(call: Call) -> Page:
    """View list timeline: statuses of the members of a list of one's own."""
    list_id = call.id()
    async with call.database.reading() as session:
        owner = await session.scalar(select(AccountList.account_id).where(AccountList.id == list_id))
    if owner != call.me.id:
        raise NotFound
    return await _shown(call, _LIST, ListEntry.status_id, "home", list=list_id)


async def get_public(call: Call) -> Page:
    """View public timeline: what was said to everybody, by our people and by those of other offices."""
    starts_something = or_(Status.in_reply_to_uri.is_(None), Status.in_reply_to_account_id == Status.account_id)
    return await _shown(call, _public(call).where(starts_something), Status.id, "public")


async def get_tag(call: Call) -> Page:
    """View hashtag timeline; `any`, `all` and `none` name further hashtags."""
    first = normalise_hashtag(call.path("hashtag"))
    any_of = [first, *(normalise_hashtag(name) for name in call.args["any"])]
    query = _public(call).where(_carries(any_of))
    for name in call.args["all"]:
        query = query.where(_carries([normalise_hashtag(name)]))
    if call.args["none"]:
        query = query.where(~_carries([normalise_hashtag(name) for name in call.args["none"]]))
    return await _shown(call, query, Status.id, "public")


async def get_link(call: Call) -> Page:
    """View link timeline: public statuses that hold a link."""
    card = select(PreviewCard.id).where(PreviewCard.url == call.args["url"]).scalar_subquery()
    query = _everybody(call).where(Status.card_id == card)
    return await _shown(call, query, Status.id, "public")


def _public(call: Call) -> AnySelect:
    """The ids of public statuses that aren't boosts, as the arguments say."""
    args = call.args
    query = _everybody(call)
    if args["local"] and not args["remote"]:
        query = query.where(_is_local())
    if args["remote"] and not args["local"]:
        query = query.where(~_is_local())
    if args["only_media"]:
        query = query.where(exists(select(Attachment.id).where(Attachment.status_id == Status.id)))
    return query


def _everybody(call: Call) -> AnySelect:
    viewer_id = None if call.viewer is None else call.viewer.id
    query = select(Status.id).where(
        Status.visibility == Visibility.PUBLIC.value,
        Status.boost_of_id.is_(None),
        visible_to(viewer_id),
        not_limited_for(viewer_id),
    )
    if viewer_id is None:
        return query.where(Status.is_local_only.is_(False))
    return query.where(wanted_by(viewer_id, now=call.services.clock()))


def _is_local() -> Any:
    return exists(select(Account.id).where(Account.id == Status.account_id, Account.domain.is_(None)))


def _carries(names: list[str]) -> Any:
    """Whether the status has one of these hashtags."""
    return exists(
        select(StatusTag.status_id)
        .join(Tag, Tag.id == StatusTag.tag_id)
        .where(and_(StatusTag.status_id == Status.id, Tag.name.in_(names)))
    )


async def _shown(call: Call, query: AnySelect, column: Any, context: str, **parameters: Any) -> Page:
    keyset = Keyset.of(call)
    if call.viewer is not None:
        parameters = {"viewer": call.viewer.id, "now": call.services.clock(), **parameters}
    async with call.database.reading() as session:
        ids = keyset.arrange(await session.scalars(keyset.apply(query, column), parameters))
        return page(call, await status_entities(call.api, session, ids, call.viewer, context=context), ids)


ENDPOINTS = (
    Endpoint("GET", "/api/v1/timelines/public", get_public, Access.READER, "read:statuses", PublicArgs,
             many(StatusEntity)),
    Endpoint("GET", "/api/v1/timelines/tag/{hashtag}", get_tag, Access.READER, "read:statuses", TagArgs,
             many(StatusEntity)),
    Endpoint("GET", "/api/v1/timelines/home", get_home, scope="read:statuses", args=PageArgs,
             returns=many(StatusEntity)),
    Endpoint("GET", "/api/v1/timelines/link", get_link, Access.READER, "read:statuses", LinkArgs, many(StatusEntity)),
    Endpoint("GET", "/api/v1/timelines/list/{id}", get_list, scope="read:lists", args=PageArgs,
             returns=many(StatusEntity)),
)  # fmt: skip
