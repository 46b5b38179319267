"""Timelines: home, public, list and link, newest first, paged by the id of the status.

Each says where its statuses are listed; `api.statuses.pages` makes the page. What the viewer may see is
`policy.visibility`'s, what they want to see `policy.timelines`'s business.
"""

from functools import cache

from marshmallow import fields
from sqlalchemy import bindparam, exists, or_, select

from api.call import Call
from api.communities.posts import timeline as community_timeline
from api.endpoints import Access, Endpoint, many
from api.pagination import AnySelect, Page, PagedQuery
from api.schemas.fields import Flag, PageArgs
from api.statuses.pages import VIEWER, heads, status_page
from api.statuses.pictured import PICTURED_BY, UPLOADED, with_media
from api.timelines.community_lists import community_list
from models.base import BigInt
from models.feeds import AccountList, FeedEntry, ListEntry
from models.statuses import Attachment, PreviewCard, Status
from models.visibility import Visibility
from policy.timelines import not_limited_for

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
    if not only_media:
        return PagedQuery(lambda: public_heads(is_signed_in, is_local).where(starts_something), Status.id)
    only = None if is_local is None else UPLOADED if is_local else ~UPLOADED
    return PagedQuery(lambda: with_media(public_heads(is_signed_in).where(starts_something), only=only), PICTURED_BY)


async def get_link(call: Call) -> Page:
    """View link timeline: public statuses that hold a link."""
    card = select(PreviewCard.id).where(PreviewCard.url == call.args["url"]).scalar_subquery()
    query = public_heads(call.viewer is not None).where(Status.card_id == card)
    return await status_page(call, PagedQuery(lambda: query, Status.id, is_lasting=False), "public")


def public_heads(is_signed_in: bool, is_local: bool | None = None, only_media: bool = False) -> AnySelect:
    """Public statuses that aren't boosts: ours, theirs or all; with media or all."""
    query = _heads(is_signed_in=is_signed_in).where(
        Status.visibility == Visibility.PUBLIC.value,
        Status.boost_of_id.is_(None),
        not_limited_for(VIEWER if is_signed_in else None),
    )
    if is_local is not None:
        query = query.where(Status.is_local.is_(is_local))
    if only_media:
        query = query.where(exists(select(Attachment.id).where(Attachment.status_id == Status.id)))
    return query


ENDPOINTS = (
    Endpoint("GET", "/api/v1/timelines/public", get_public, Access.READER, "read:statuses", PublicArgs,
             many("StatusEntity"), is_kept=True),
    Endpoint("GET", "/api/v1/timelines/home", get_home, scope="read:statuses", args=PageArgs,
             returns=many("StatusEntity"), is_kept=True),
    Endpoint("GET", "/api/v1/timelines/link", get_link, Access.READER, "read:statuses", LinkArgs, many("StatusEntity")),
    Endpoint("GET", "/api/v1/timelines/list/{id}", get_list, scope="read:lists", args=PageArgs,
             returns=many("StatusEntity"), is_kept=True),
)  # fmt: skip
