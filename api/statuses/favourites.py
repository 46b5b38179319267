"""Statuses that the viewer favourited, by when they did. The action is one on the status (`api.statuses.actions`)."""

from sqlalchemy import select

from api.call import Call
from api.endpoints import Endpoint, many
from api.loading import status_entities
from api.pagination import Keyset, Page, page
from api.schemas.fields import PageArgs
from models.relations import Favourite


async def get_favourites(call: Call) -> Page:
    """View favourited statuses; paged by the ids of the favourites, which only the `Link` header knows."""
    query = select(Favourite.id, Favourite.status_id).where(Favourite.account_id == call.me.id, Favourite.content == "")
    keyset = Keyset.of(call)
    async with call.database.reading() as session:
        rows = keyset.arrange((await session.execute(keyset.apply(query, Favourite.id))).all())
        items = await status_entities(call.api, session, [row.status_id for row in rows], call.me)
    return page(call, items, [row.id for row in rows])


ENDPOINTS = (
    Endpoint("GET", "/api/v1/favourites", get_favourites, scope="read:favourites", args=PageArgs,
             returns=many("StatusEntity")),
)  # fmt: skip
