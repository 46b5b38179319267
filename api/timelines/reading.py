"""Timelines: home, public, hashtag, list and link, newest first, paged by the id of the status.

Each says where its statuses are listed; `api.statuses.pages` makes the page. What the viewer may see is
`policy.visibility`'s, what they want to see `policy.timelines`'s business.
"""

from functools import cache
from typing import Any

from marshmallow import fields
from sqlalchemy import bindparam, exists, or_, select

from api.call import Call
from api.communities.posts import timeline as community_timeline
from api.endpoints import Access, Endpoint, many
from api.pagination import AnySelect, Page, PagedQuery
from api.schemas.fields import Flag, PageArgs, Several, Text
from api.statuses.pages import VIEWER, heads, status_page
from api.timelines.community_lists import community_list
from content.hashtags import normalise_hashtag
from models.accounts import Account
from models.base import BigInt
from models.feeds import AccountList, FeedEntry, ListEntry
from models.statuses import Attachment, PreviewCard, Status, StatusTag
from models.visibility import Visibility
from policy.timelines import not_limited_for
from social.tag_families import FAMILIES, carries, under

MAX_TAGS = 8
# Made once: building a statement costs more than SQLite needs for running it.
_heads = cache(heads)


def _home() -> AnySelect:
    listed = heads(is_signed_in=True).join(FeedEntry, FeedEntry.status_id == Status.id)
    return listed.where(FeedEntry.account_id == VIEWER)


def _list() -> AnySelect:
    listed = heads(is_signed_in=True).join(ListEntry, ListEntry.status_id == Status.id)
    return listed.where(ListEntry.list_id == bindparam("list", type_=BigInt))


_HOME = PagedQuery(_home, FeedEntry.status_id)
_LIST = PagedQuery(_list, ListEntry.status_id)


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
    return await status_page(call, _HOME, "home", is_proven=True)


async def get_list(call: Call) -> Page:
    """View list timeline: statuses of the members of a list of one's own, or what is posted in a community."""
    list_id = call.id()
    async with call.database.reading() as session:
        owner = await session.scalar(select(AccountList.account_id).where(AccountList.id == list_id))
        if is_community := owner != call.me.id:
            await community_list(session, call.me.id, list_id)
    # Outside of the session: a request that holds one connection and waits for another could wait for its like.
    if is_community:
        return await status_page(call, community_timeline(), "home", {"group": list_id})
    return await status_page(call, _LIST, "home", {"list": list_id})


async def get_public(call: Call) -> Page:
    """View public timeline: what was said to everybody, by our people and by those of other offices."""
    args = call.args
    is_local = args["local"] if args["local"] != args["remote"] else None
    query = _public_page(call.viewer is not None, is_local, args["only_media"])
    return await status_page(call, query, "public", is_proven=True)


@cache
def _public_page(is_signed_in: bool, is_local: bool | None, only_media: bool) -> PagedQuery:
    starts_something = or_(Status.in_reply_to_uri.is_(None), Status.in_reply_to_account_id == Status.account_id)
    return PagedQuery(lambda: _public(is_signed_in, is_local, only_media).where(starts_something), Status.id)


async def get_tag(call: Call) -> Page:
    """View hashtag timeline; `any`, `all` and `none` name further hashtags."""
    first = normalise_hashtag(call.path("hashtag"))
    any_of = [first, *(normalise_hashtag(name) for name in call.args["any"])]
    args = call.args
    is_local = args["local"] if args["local"] != args["remote"] else None
    async with call.database.glancing() as glance:
        tag_ids = [tag_id for (tag_id,) in await glance.ask(FAMILIES, {"names": any_of})]
    form = (call.viewer is not None, is_local, args["only_media"])
    if len(tag_ids) == 1 and not args["all"] and not args["none"]:
        return await status_page(call, _tag_page(*form), "public", {"tag": tag_ids[0]})
    query, column = under(_public(*form), tag_ids)
    for name in call.args["all"]:
        query = query.where(carries([normalise_hashtag(name)]))
    if call.args["none"]:
        query = query.where(~carries([normalise_hashtag(name) for name in call.args["none"]]))
    return await status_page(call, PagedQuery(lambda: query, column, is_lasting=False), "public")


@cache
def _tag_page(is_signed_in: bool, is_local: bool | None, only_media: bool) -> PagedQuery:
    """Of one hashtag and nothing else, which is what nearly everybody asks for."""
    tag = bindparam("tag", type_=BigInt)
    return PagedQuery(lambda: under(_public(is_signed_in, is_local, only_media), [tag])[0], StatusTag.status_id)


async def get_link(call: Call) -> Page:
    """View link timeline: public statuses that hold a link."""
    card = select(PreviewCard.id).where(PreviewCard.url == call.args["url"]).scalar_subquery()
    query = _public(call.viewer is not None).where(Status.card_id == card)
    return await status_page(call, PagedQuery(lambda: query, Status.id, is_lasting=False), "public")


def _public(is_signed_in: bool, is_local: bool | None = None, only_media: bool = False) -> AnySelect:
    """Public statuses that aren't boosts: ours, theirs or all; with media or all."""
    query = _heads(is_signed_in=is_signed_in).where(
        Status.visibility == Visibility.PUBLIC.value,
        Status.boost_of_id.is_(None),
        not_limited_for(VIEWER if is_signed_in else None),
    )
    if is_local is not None:
        query = query.where(_is_local() if is_local else ~_is_local())
    if only_media:
        query = query.where(exists(select(Attachment.id).where(Attachment.status_id == Status.id)))
    return query


def _is_local() -> Any:
    return exists(select(Account.id).where(Account.id == Status.account_id, Account.domain.is_(None)))


ENDPOINTS = (
    Endpoint("GET", "/api/v1/timelines/public", get_public, Access.READER, "read:statuses", PublicArgs,
             many("StatusEntity"), is_kept=True),
    Endpoint("GET", "/api/v1/timelines/tag/{hashtag}", get_tag, Access.READER, "read:statuses", TagArgs,
             many("StatusEntity"), is_kept=True),
    Endpoint("GET", "/api/v1/timelines/home", get_home, scope="read:statuses", args=PageArgs,
             returns=many("StatusEntity"), is_kept=True),
    Endpoint("GET", "/api/v1/timelines/link", get_link, Access.READER, "read:statuses", LinkArgs, many("StatusEntity")),
    Endpoint("GET", "/api/v1/timelines/list/{id}", get_list, scope="read:lists", args=PageArgs,
             returns=many("StatusEntity"), is_kept=True),
)  # fmt: skip
