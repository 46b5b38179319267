"""Requests of those whose notifications were held back: listed newest first, accepted or dismissed."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.entities.notification import distinct, request_entity
from api.errors import NotFound
from api.loading import account_entities, status_entities
from api.pagination import Keyset, Page, page
from api.schemas.fields import PageArgs, Whole
from api.schemas.notifications import SeveralRequestsArgs
from models import UnitOfWork
from models.accounts import Account
from models.feeds import NotificationRequest
from social.notification_requests import accept_requests, dismiss_requests, waiting_counts


class RequestPageArgs(PageArgs):
    """A page of requests: 40 by default, 80 at most."""

    limit = Whole(1, 80, load_default=40)


async def get_requests(call: Call) -> Page:
    """Get all notification requests."""
    keyset = Keyset.of(call)
    query = (
        select(NotificationRequest)
        .join(Account, Account.id == NotificationRequest.from_account_id)
        .where(NotificationRequest.account_id == call.me.id)
        .where(Account.suspended_at.is_(None), Account.gone_at.is_(None))
    )
    async with call.database.reading() as session:
        rows = keyset.arrange(await session.scalars(keyset.apply(query, NotificationRequest.id)))
        entities = await _entities(call, session, rows)
    return page(call, entities, [row.id for row in rows])


async def get_request(call: Call) -> Json:
    """Get a single notification request."""
    async with call.database.reading() as session:
        found = await _entities(call, session, await _own(call, session, [call.id()]))
    if not found:
        raise NotFound
    return found[0]


async def accept_request(call: Call) -> Json:
    """Accept a single notification request: what waited is shown, and its sender passes from now on."""
    async with call.database.unit_of_work() as unit:
        await accept_requests(unit, call.me.id, await _senders(call, unit, [call.id()], is_one=True))
    return {}


async def dismiss_request(call: Call) -> Json:
    """Dismiss a single notification request: what waited is thrown away."""
    async with call.database.unit_of_work() as unit:
        await dismiss_requests(unit, call.me.id, await _senders(call, unit, [call.id()], is_one=True))
    return {}


async def accept_several(call: Call) -> Json:
    """Accept multiple notification requests."""
    async with call.database.unit_of_work() as unit:
        await accept_requests(unit, call.me.id, await _senders(call, unit, call.args["id"]))
    return {}


async def dismiss_several(call: Call) -> Json:
    """Dismiss multiple notification requests."""
    async with call.database.unit_of_work() as unit:
        await dismiss_requests(unit, call.me.id, await _senders(call, unit, call.args["id"]))
    return {}


async def get_merged(_call: Call) -> Json:
    """Check if accepted notification requests have been merged: they always have, with the acceptance itself."""
    return {"merged": True}


async def _senders(call: Call, unit: UnitOfWork, ids: Sequence[int], *, is_one: bool = False) -> list[int]:
    """Whose requests these are. Raises NotFound for a single one that isn't the viewer's; of many it is passed over."""
    rows = await _own(call, unit.session, ids)
    if is_one and not rows:
        raise NotFound
    return [row.from_account_id for row in rows]


async def _own(call: Call, session: AsyncSession, ids: Sequence[int]) -> Sequence[NotificationRequest]:
    query = select(NotificationRequest).where(
        NotificationRequest.account_id == call.me.id, NotificationRequest.id.in_(ids)
    )
    return (await session.scalars(query)).all()


async def _entities(call: Call, session: AsyncSession, rows: Sequence[NotificationRequest]) -> list[Json]:
    senders = [row.from_account_id for row in rows]
    counts = await waiting_counts(session, call.me.id, senders)
    accounts = await account_entities(call.api, session, senders)
    last = distinct(row.last_status_id for row in rows if row.last_status_id is not None)
    statuses = await status_entities(call.api, session, last, call.me, context="notifications")
    by_id = {int(account["id"]): account for account in accounts}
    written = {int(status["id"]): status for status in statuses}
    return [
        request_entity(
            row,
            by_id[row.from_account_id],
            written.get(row.last_status_id) if row.last_status_id is not None else None,
            counts.get(row.from_account_id, 0),
        )
        for row in rows
        if row.from_account_id in by_id
    ]


READ, WRITE = "read:notifications", "write:notifications"
ALL = "/api/v1/notifications/requests"
ONE = ALL + "/{id:[0-9]+}"
ENDPOINTS = (
    Endpoint(
        "GET", ALL, get_requests, scope=READ, args=RequestPageArgs, returns=many("NotificationRequestEntity")
    ),
    Endpoint("GET", ONE, get_request, scope=READ, returns="NotificationRequestEntity"),
    Endpoint("POST", ONE + "/accept", accept_request, scope=WRITE),
    Endpoint("POST", ONE + "/dismiss", dismiss_request, scope=WRITE),
    Endpoint("POST", ALL + "/accept", accept_several, scope=WRITE, args=SeveralRequestsArgs),
    Endpoint("POST", ALL + "/dismiss", dismiss_several, scope=WRITE, args=SeveralRequestsArgs),
    Endpoint("GET", ALL + "/merged", get_merged, scope=READ, returns="MergedEntity"),
)  # fmt: skip
