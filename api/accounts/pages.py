"""Pages of accounts that hang on an edge (a follow, an endorsement): sorted by the edge's id, three queries each."""

from sqlalchemy import ColumnElement, SQLColumnExpression, and_

from api.call import Call
from api.loading import account_entities
from api.pagination import AnySelect, Keyset, Page, page
from models.accounts import Account


async def edges_page(call: Call, query: AnySelect, column: SQLColumnExpression[int]) -> Page:
    """The page of accounts for `select(edge.id, account.id)`; `column` is the edge's id."""
    keyset = Keyset.of(call)
    async with call.database.reading() as session:
        rows = keyset.arrange((await session.execute(keyset.apply(query, column))).all())
        items = await account_entities(call.api, session, [account_id for _, account_id in rows])
    return page(call, items, [edge_id for edge_id, _ in rows])


def is_active() -> ColumnElement[bool]:
    """Neither suspended by us nor deleted: who is listed anywhere."""
    return and_(Account.suspended_at.is_(None), Account.gone_at.is_(None))
