"""Other accounts of the same person, and moving to one of them. Tertulia's own: Mastodon has only pages for it."""

from sqlalchemy import select

from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.errors import NotFound, invalid
from api.loading import account_entities
from api.schemas.fields import Args, Text
from federation.actors import known_handles
from models.accounts import Account
from outbox.aliases import (
    AliasRefused,
    find_other,
    publish_alias,
    publish_alias_removal,
    publish_move_to,
    publish_return,
)


class AcctArgs(Args):
    """The other account's handle."""

    acct = Text(500, required=True)


async def get_aliases(call: Call) -> list[Json]:
    """View aliases: the accounts that one's own names as the same person's, as far as they are known here."""
    async with call.database.reading() as session:
        account = await session.get_one(Account, call.me.id)
        rows = await session.execute(select(Account.uri, Account.id).where(Account.uri.in_(account.also_known_as)))
        known = {row.uri: row.id for row in rows}
        ids = [known[uri] for uri in account.also_known_as if uri in known]
        return await account_entities(call.api, session, ids)


async def post_alias(call: Call) -> list[Json]:
    """Add an alias, so that the other account can move here."""
    try:
        alias = await find_other(call.services, call.me, call.args["acct"])
        async with call.database.unit_of_work() as unit:
            await publish_alias(call.services, unit, await unit.session.get_one(Account, call.me.id), alias)
    except AliasRefused as error:
        raise invalid("acct", str(error)) from error
    return await get_aliases(call)


async def delete_alias(call: Call) -> list[Json]:
    """Remove an alias."""
    acct = call.args["acct"]
    async with call.database.unit_of_work() as unit:
        alias = (await known_handles(call.services, unit.session, [acct])).get(acct)
        account = await unit.session.get_one(Account, call.me.id)
        if alias is None or not await publish_alias_removal(call.services, unit, account, alias.uri):
            raise NotFound
    return await get_aliases(call)


async def post_move(call: Call) -> Json:
    """Move to an account that names this one as an alias; all followers go along."""
    try:
        target = await find_other(call.services, call.me, call.args["acct"], refresh=True)
        async with call.database.unit_of_work() as unit:
            account = await unit.session.get_one(Account, call.me.id)
            await publish_move_to(call.services, unit, account, await unit.session.get_one(Account, target.id))
    except AliasRefused as error:
        raise invalid("acct", str(error)) from error
    call.api.bearers.forget(user_id=call.user_id)
    return await _own(call)


async def delete_move(call: Call) -> Json:
    """Use one's account again after a move; followers stay where they went."""
    async with call.database.unit_of_work() as unit:
        if not await publish_return(call.services, unit, await unit.session.get_one(Account, call.me.id)):
            raise NotFound
    call.api.bearers.forget(user_id=call.user_id)
    return await _own(call)


async def _own(call: Call) -> Json:
    async with call.database.reading() as session:
        return (await account_entities(call.api, session, [call.me.id]))[0]


ENDPOINTS = (
    Endpoint("GET", "/api/v1/tertulia/aliases", get_aliases, scope="read:accounts", returns=many("AccountEntity")),
    Endpoint(
        "POST",
        "/api/v1/tertulia/aliases",
        post_alias,
        scope="write:accounts",
        args=AcctArgs,
        returns=many("AccountEntity"),
    ),
    Endpoint(
        "DELETE",
        "/api/v1/tertulia/aliases",
        delete_alias,
        scope="write:accounts",
        args=AcctArgs,
        returns=many("AccountEntity"),
    ),
    Endpoint(
        "POST", "/api/v1/tertulia/move", post_move, scope="write:accounts", args=AcctArgs, returns="AccountEntity"
    ),
    Endpoint("DELETE", "/api/v1/tertulia/move", delete_move, scope="write:accounts", returns="AccountEntity"),
)
