"""Domains of which the viewer wants nothing."""

from typing import Any

from marshmallow import fields
from sqlalchemy import func, select

from api.call import Call, Json
from api.endpoints import Endpoint
from api.errors import invalid
from api.pagination import Keyset, Page, page
from api.schemas.fields import Args, PageArgs, Text, Whole
from models.accounts import Account
from models.relations import DomainBlock, Follow
from outbox.domain_blocks import publish_domain_block
from policy.domains import normalise_domain
from social.domain_blocks import unblock_domain


class DomainArgs(Args):
    """A domain, in any spelling."""

    domain = Text(260, required=True)


class DomainPageArgs(PageArgs):
    """A page of domains: 100 by default, 200 at most."""

    limit = Whole(1, 200, load_default=100)


async def get_domain_blocks(call: Call) -> Page:
    """Get domain blocks: the domains as plain strings, the newest first."""
    keyset = Keyset.of(call)
    query = select(DomainBlock.id, DomainBlock.domain).where(DomainBlock.account_id == call.me.id)
    async with call.database.reading() as session:
        rows = keyset.arrange((await session.execute(keyset.apply(query, DomainBlock.id))).all())
    return page(call, [row.domain for row in rows], [row.id for row in rows])


async def post_domain_block(call: Call) -> Json:
    """Block a domain: nothing of it is shown any more, and follows in both directions end."""
    domain = _domain(call)
    if domain == call.addresses.domain:
        raise invalid("domain", "is this office's own")
    async with call.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, call.me.id)
        await publish_domain_block(call.services, unit, account, domain)
    return {}


async def delete_domain_block(call: Call) -> Json:
    """Unblock a domain."""
    async with call.database.unit_of_work() as unit:
        await unblock_domain(unit, call.me, _domain(call))
    return {}


async def get_preview(call: Call) -> Json:
    """Preview the effect of a domain block: how many follows it would end."""
    domain, me = _domain(call), call.me.id
    async with call.database.reading() as session:

        async def count(mine: Any, theirs: Any) -> int:
            query = select(func.count()).select_from(Follow).join(Account, Account.id == theirs)
            return await session.scalar(query.where(mine == me, Account.domain == domain)) or 0

        return {
            "following_count": await count(Follow.follower_id, Follow.followee_id),
            "followers_count": await count(Follow.followee_id, Follow.follower_id),
        }


def _domain(call: Call) -> str:
    try:
        return normalise_domain(call.args["domain"])
    except ValueError as error:
        raise invalid("domain", "is not a valid domain name") from error


ENDPOINTS = (
    Endpoint("GET", "/api/v1/domain_blocks", get_domain_blocks, scope="read:blocks", args=DomainPageArgs,
             returns=fields.List(fields.String())),
    Endpoint("POST", "/api/v1/domain_blocks", post_domain_block, scope="write:blocks", args=DomainArgs),
    Endpoint("DELETE", "/api/v1/domain_blocks", delete_domain_block, scope="write:blocks", args=DomainArgs),
    Endpoint("GET", "/api/v1/domain_blocks/preview", get_preview, scope="read:blocks", args=DomainArgs,
             returns="DomainBlockPreviewEntity"),
)  # fmt: skip
