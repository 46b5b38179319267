"""The hashtags that the viewer follows."""

from sqlalchemy import select

from api.call import Call
from api.endpoints import Endpoint, many
from api.pagination import Keyset, Page, page
from api.schemas.fields import PageArgs, Whole
from api.tags.pages import tag_entities
from models.relations import TagFollow
from models.statuses import Tag


class FollowedTagsArgs(PageArgs):
    """A page of hashtags: 100 by default, 200 at most."""

    limit = Whole(1, 200, load_default=100)


async def get_followed_tags(call: Call) -> Page:
    """View all followed tags, the newest first."""
    keyset = Keyset.of(call)
    query = select(TagFollow.id, Tag).join(Tag, Tag.id == TagFollow.tag_id).where(TagFollow.account_id == call.me.id)
    async with call.database.reading() as session:
        rows = keyset.arrange((await session.execute(keyset.apply(query, TagFollow.id))).all())
        items = await tag_entities(call, session, [tag for _, tag in rows])
    return page(call, items, [follow_id for follow_id, _ in rows])


ENDPOINTS = (
    Endpoint("GET", "/api/v1/followed_tags", get_followed_tags, scope="read:follows", args=FollowedTagsArgs,
             returns=many("TrendTagEntity")),
)  # fmt: skip
