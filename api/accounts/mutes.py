"""Whom the viewer muted. Muting itself is an action on the account (`api.accounts.relations`)."""

from sqlalchemy import select

from api.accounts.pages import is_active
from api.call import Call
from api.endpoints import Endpoint, many
from api.entities.account import muted_until
from api.loading import account_entities
from api.pagination import Keyset, Page, page
from api.schemas.fields import AccountPageArgs
from models.accounts import Account
from models.relations import Mute
from policy.timelines import is_in_force


async def get_mutes(call: Call) -> Page:
    """View muted accounts, the newest first; `mute_expires_at` says until when."""
    query = (
        select(Mute.id, Mute.target_id, Mute.expires_at)
        .join(Account, Account.id == Mute.target_id)
        .where(Mute.account_id == call.me.id, is_in_force(call.services.clock()), is_active())
    )
    keyset = Keyset.of(call)
    async with call.database.reading() as session:
        rows = keyset.arrange((await session.execute(keyset.apply(query, Mute.id))).all())
        accounts = await account_entities(call.api, session, [row.target_id for row in rows])
    items = [muted_until(account, row.expires_at) for account, row in zip(accounts, rows, strict=True)]
    return page(call, items, [row.id for row in rows])


ENDPOINTS = (
    Endpoint("GET", "/api/v1/mutes", get_mutes, scope="read:mutes", args=AccountPageArgs,
             returns=many("MutedAccountEntity")),
)  # fmt: skip
