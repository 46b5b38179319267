"""Whom the viewer blocked. Blocking itself is an action on the account (`api.accounts.relations`)."""

from sqlalchemy import select

from api.accounts.pages import edges_page, is_active
from api.call import Call
from api.endpoints import Endpoint, many
from api.pagination import Page
from api.schemas.fields import AccountPageArgs
from models.accounts import Account
from models.relations import Block


async def get_blocks(call: Call) -> Page:
    """View blocked users, the newest first."""
    query = (
        select(Block.id, Block.target_id)
        .join(Account, Account.id == Block.target_id)
        .where(Block.account_id == call.me.id, is_active())
    )
    return await edges_page(call, query, Block.id)


ENDPOINTS = (
    Endpoint("GET", "/api/v1/blocks", get_blocks, scope="read:blocks", args=AccountPageArgs,
             returns=many("AccountEntity")),
)  # fmt: skip
