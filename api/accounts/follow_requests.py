"""Who wants to follow a locked account, and what its owner says to it."""

from collections.abc import Awaitable, Callable

from sqlalchemy import select

from api.accounts.pages import edges_page, is_active
from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.entities.relationship import relationship_json
from api.errors import NotFound
from api.pagination import Page
from api.schemas.fields import AccountPageArgs
from models import UnitOfWork
from models.accounts import Account
from models.relations import Follow
from outbox.follows import publish_accept, publish_reject
from social.follows import PENDING, find_follow

Answer = Callable[[Call, UnitOfWork, Follow, Account, Account], Awaitable[None]]


async def get_follow_requests(call: Call) -> Page:
    """View pending follow requests, the newest first."""
    query = (
        select(Follow.id, Follow.follower_id)
        .join(Account, Account.id == Follow.follower_id)
        .where(Follow.followee_id == call.me.id, Follow.state == PENDING, is_active())
    )
    return await edges_page(call, query, Follow.id)


async def authorize_follow_request(call: Call) -> Json:
    """Accept follow request of the account."""
    return await _answered(call, _accept)


async def reject_follow_request(call: Call) -> Json:
    """Reject follow request of the account."""
    return await _answered(call, _reject)


async def _answered(call: Call, answer: Answer) -> Json:
    async with call.database.unit_of_work() as unit:
        own = await unit.session.get_one(Account, call.me.id)
        follower = await unit.session.get(Account, call.id())
        follow = await find_follow(unit, follower, own) if follower is not None else None
        if follower is None or follow is None or follow.state != PENDING:
            raise NotFound
        await answer(call, unit, follow, follower, own)
        await unit.settle()
        return await relationship_json(call.api, unit.session, own, follower.id)


async def _accept(call: Call, unit: UnitOfWork, follow: Follow, follower: Account, own: Account) -> None:
    await publish_accept(call.services, unit, follow, follower, own)


async def _reject(call: Call, unit: UnitOfWork, follow: Follow, follower: Account, own: Account) -> None:
    await publish_reject(call.services, unit, own, follower, follow_uri=follow.uri, follow=follow)


ENDPOINTS = (
    Endpoint("GET", "/api/v1/follow_requests", get_follow_requests, scope="read:follows", args=AccountPageArgs,
             returns=many("AccountEntity")),
    Endpoint("POST", "/api/v1/follow_requests/{id}/authorize", authorize_follow_request, scope="write:follows",
             returns="RelationshipEntity"),
    Endpoint("POST", "/api/v1/follow_requests/{id}/reject", reject_follow_request, scope="write:follows",
             returns="RelationshipEntity"),
)  # fmt: skip
