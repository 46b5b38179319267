"""Lists of accounts: made, changed and filled by their owner; to everybody else they don't exist."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import known_account
from api.accounts.pages import is_active
from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.entities.list import community_list_entity, list_entity
from api.errors import NotFound, invalid
from api.loading import account_entities
from api.pagination import Keyset, Page, page
from api.schemas.lists import ListArgs, ListChangeArgs, ListMembersArgs, ListMembersPageArgs
from api.timelines.community_lists import community_list, community_lists, refuse_community_list
from communities.listing import joined_by
from models.accounts import Account
from models.feeds import AccountList, ListMember
from policy.limits import LIST_MEMBERS, LISTS
from social.list_members import add_members, remove_members
from social.lists import change_list, create_list, delete_list


async def own_list(call: Call, session: AsyncSession, list_id: int) -> AccountList:
    """A list of the viewer's, to be changed. Raises NotFound, and Unprocessable for a community's."""
    found = await session.get(AccountList, list_id)
    if found is None or found.account_id != call.me.id:
        await refuse_community_list(call, session, list_id)
        raise NotFound
    return found


async def get_lists(call: Call) -> list[Json]:
    """View your lists, the oldest first, and the communities that you belong to as lists."""
    query = select(AccountList).where(AccountList.account_id == call.me.id).order_by(AccountList.id).limit(LISTS)
    async with call.database.reading() as session:
        own = [list_entity(owned) for owned in await session.scalars(query)]
        return [*own, *await community_lists(session, call.me.id)]


async def get_list(call: Call) -> Json:
    """Show a single list."""
    async with call.database.reading() as session:
        found = await session.get(AccountList, call.id())
        if found is None or found.account_id != call.me.id:
            return community_list_entity(await community_list(session, call.me.id, call.id()))
        return list_entity(found)


async def post_list(call: Call) -> Json:
    """Create a list."""
    args = call.args
    async with call.database.unit_of_work() as unit:
        made = await create_list(
            unit,
            call.me,
            _title(args["title"]),
            replies_policy=args.get("replies_policy", "list"),
            is_exclusive=args.get("exclusive", False),
        )
        return list_entity(made)


async def put_list(call: Call) -> Json:
    """Update a list: what isn't given stays as it is."""
    args = call.args
    async with call.database.unit_of_work() as unit:
        owned = await own_list(call, unit.session, call.id())
        await change_list(
            unit,
            owned,
            title=_title(args["title"]) if "title" in args else None,
            replies_policy=args.get("replies_policy"),
            is_exclusive=args.get("exclusive"),
        )
        return list_entity(owned)


def _title(text: str) -> str:
    if not text.strip():
        raise invalid("title", "can't be blank", code="ERR_BLANK")
    return text


async def delete_own_list(call: Call) -> Json:
    """Delete a list with its timeline."""
    async with call.database.unit_of_work() as unit:
        await delete_list(unit, await own_list(call, unit.session, call.id()))
    return {}


async def get_members(call: Call) -> Page:
    """View accounts in a list, who joined last first; `limit=0` gives all of them. On a community's is itself."""
    keyset = Keyset.of(call)
    if keyset.limit == 0:
        keyset = Keyset(LIST_MEMBERS)
    async with call.database.reading() as session:
        owned = await session.get(AccountList, call.id())
        if owned is None or owned.account_id != call.me.id:
            group = await community_list(session, call.me.id, call.id())
            return page(call, await account_entities(call.api, session, [group.key]), [])
        query = (
            select(ListMember.id, ListMember.account_id)
            .join(Account, Account.id == ListMember.account_id)
            .where(ListMember.list_id == owned.id, is_active())
        )
        rows = keyset.arrange((await session.execute(keyset.apply(query, ListMember.id))).all())
        items = await account_entities(call.api, session, [row.account_id for row in rows])
    return page(call, items, [row.id for row in rows] if call.args["limit"] else [])


async def post_members(call: Call) -> Json:
    """Add accounts to a list: people whom you follow, or have asked to follow."""
    async with call.database.unit_of_work() as unit:
        await add_members(unit, await own_list(call, unit.session, call.id()), call.args["account_ids"])
    return {}


async def delete_members(call: Call) -> Json:
    """Remove accounts from list."""
    async with call.database.unit_of_work() as unit:
        await remove_members(unit, await own_list(call, unit.session, call.id()), call.args["account_ids"])
    return {}


async def get_lists_of_account(call: Call) -> list[Json]:
    """Get lists containing this account, of those that are yours."""
    query = (
        select(AccountList)
        .join(ListMember, ListMember.list_id == AccountList.id)
        .where(AccountList.account_id == call.me.id, ListMember.account_id == call.id())
        .order_by(AccountList.id)
        .limit(LISTS)
    )
    async with call.database.reading() as session:
        await known_account(call, session, call.id())
        rows = await session.execute(joined_by(call.me.id).where(Account.id == call.id()))
        communities = [community_list_entity(row) for row in rows]
        return [*(list_entity(owned) for owned in await session.scalars(query)), *communities]


ENDPOINTS = (
    Endpoint("GET", "/api/v1/lists", get_lists, scope="read:lists", returns=many("ListEntity")),
    Endpoint("POST", "/api/v1/lists", post_list, scope="write:lists", args=ListArgs, returns="ListEntity"),
    Endpoint("GET", "/api/v1/lists/{id}", get_list, scope="read:lists", returns="ListEntity"),
    Endpoint("PUT", "/api/v1/lists/{id}", put_list, scope="write:lists", args=ListChangeArgs, returns="ListEntity"),
    Endpoint("DELETE", "/api/v1/lists/{id}", delete_own_list, scope="write:lists"),
    Endpoint("GET", "/api/v1/lists/{id}/accounts", get_members, scope="read:lists", args=ListMembersPageArgs,
             returns=many("AccountEntity")),
    Endpoint("POST", "/api/v1/lists/{id}/accounts", post_members, scope="write:lists", args=ListMembersArgs),
    Endpoint("DELETE", "/api/v1/lists/{id}/accounts", delete_members, scope="write:lists", args=ListMembersArgs),
    Endpoint("GET", "/api/v1/accounts/{id}/lists", get_lists_of_account, scope="read:lists",
             returns=many("ListEntity")),
)  # fmt: skip
