"""Statuses that the viewer bookmarked, by when they did. The action is one on the status (`api.statuses.actions`)."""

from sqlalchemy import select

from api.call import Call
from api.endpoints import Endpoint, many
from api.loading import status_entities
from api.pagination import Keyset, Page, page
from api.schemas.fields import PageArgs
from models.relations import Bookmark


async def get_bookmarks(call: Call) -> Page:
    """View bookmarked statuses; paged by the ids of the bookmarks, which only the `Link` header knows."""
    query = select(Bookmark.id, Bookmark.status_id).where(Bookmark.account_id == call.me.id)
    keyset = Keyset.of(call)
    async with call.database.reading() as session:
        rows = keyset.arrange((await session.execute(keyset.apply(query, Bookmark.id))).all())
        items = await status_entities(call.api, session, [row.status_id for row in rows], call.me)
    return page(call, items, [row.id for row in rows])


ENDPOINTS = (
    Endpoint("GET", "/api/v1/bookmarks", get_bookmarks, scope="read:bookmarks", args=PageArgs,
             returns=many("StatusEntity")),
)  # fmt: skip
