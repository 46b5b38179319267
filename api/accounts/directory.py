"""The directory: accounts that want to be found, by who wrote last or who came last."""

from typing import Final

from sqlalchemy import select

from api.accounts.pages import is_active
from api.call import Call
from api.endpoints import Access, Endpoint, many
from api.loading import account_entities
from api.pagination import Page, offset_page
from api.schemas.fields import Args, Flag, Whole, one_of
from models.accounts import INSTANCE_ACTOR_ID, Account
from policy.communities import known_to
from policy.visibility import blocked_between

MAX_OFFSET: Final = 10_000


class DirectoryArgs(Args):
    """`order` is active (who wrote last) or new; `local` leaves the other offices out."""

    offset = Whole(0, MAX_OFFSET, load_default=0)
    limit = Whole(1, 80, load_default=40)
    order = one_of("active", "new", load_default="active")
    local = Flag(load_default=False)


async def get_directory(call: Call) -> Page:
    """View profile directory."""
    args = call.args
    query = select(Account.id).where(
        Account.is_discoverable, is_active(), Account.limited_at.is_(None), Account.moved_to_uri.is_(None),
        Account.id != INSTANCE_ACTOR_ID, Account.actor_type != "Application", Account.topic.is_(None),
        known_to(call.viewer.id if call.viewer is not None else None),
    )  # fmt: skip
    if args["local"]:
        query = query.where(Account.domain.is_(None))
    if call.viewer is not None:
        query = query.where(~blocked_between(call.viewer.id, Account.id))
    newest = (Account.last_status_at.desc().nulls_last(),) if args["order"] == "active" else ()
    query = query.order_by(*newest, Account.id.desc()).limit(args["limit"]).offset(args["offset"])
    async with call.database.reading() as session:
        ids = list(await session.scalars(query))
        found = await account_entities(call.api, session, ids)
    return offset_page(call, found, args["offset"], args["limit"])


ENDPOINTS = (
    Endpoint("GET", "/api/v1/directory", get_directory, Access.READER, "read:accounts", DirectoryArgs,
             many("AccountEntity")),
)  # fmt: skip
