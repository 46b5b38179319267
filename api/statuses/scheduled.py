"""Scheduled statuses: what somebody will say, moved to another time or called off. Each sees their own alone."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.entities.scheduled_status import scheduled_status
from api.errors import NotFound
from api.pagination import Keyset, Page, page
from api.schemas.fields import PageArgs
from api.schemas.posting import ScheduleArgs
from api.statuses.posting import refusal, scheduled_json
from models.statuses import Attachment, ScheduledStatus
from outbox.posting import PostRefused
from outbox.scheduled import cancel_scheduled, move_scheduled


async def get_scheduled_statuses(call: Call) -> Page:
    """View one's scheduled statuses."""
    keyset = Keyset.of(call)
    query = select(ScheduledStatus).where(ScheduledStatus.account_id == call.me.id)
    async with call.database.reading() as session:
        rows = keyset.arrange(await session.scalars(keyset.apply(query, ScheduledStatus.id)))
        wanted = {number for row in rows for number in row.params["media_ids"]}
        files = {}
        if wanted:
            found = await session.scalars(select(Attachment).where(Attachment.id.in_(wanted)))
            files = {upload.id: upload for upload in found}
    items = [
        scheduled_status(row, [files[number] for number in row.params["media_ids"] if number in files], call.api)
        for row in rows
    ]
    return page(call, items, [row.id for row in rows])


async def get_scheduled_status(call: Call) -> Json:
    """View one scheduled status."""
    async with call.database.reading() as session:
        return await scheduled_json(call, session, await _own(call, session))


async def put_scheduled_status(call: Call) -> Json:
    """Change the time of a scheduled status."""
    try:
        async with call.database.unit_of_work() as unit:
            row = await _own(call, unit.session)
            await move_scheduled(unit, row, call.args["scheduled_at"])
    except PostRefused as refused:
        raise refusal(refused) from refused
    async with call.database.reading() as session:
        return await scheduled_json(call, session, row)


async def delete_scheduled_status(call: Call) -> Json:
    """Call off a scheduled status."""
    async with call.database.unit_of_work() as unit:
        await cancel_scheduled(unit, await _own(call, unit.session))
    return {}


async def _own(call: Call, session: AsyncSession) -> ScheduledStatus:
    row = await session.get(ScheduledStatus, call.id())
    if row is None or row.account_id != call.me.id:
        raise NotFound
    return row


ENDPOINTS = (
    Endpoint("GET", "/api/v1/scheduled_statuses", get_scheduled_statuses, scope="read:statuses", args=PageArgs,
             returns=many("ScheduledStatusEntity")),
    Endpoint("GET", "/api/v1/scheduled_statuses/{id}", get_scheduled_status, scope="read:statuses",
             returns="ScheduledStatusEntity"),
    Endpoint("PUT", "/api/v1/scheduled_statuses/{id}", put_scheduled_status, scope="write:statuses",
             args=ScheduleArgs, returns="ScheduledStatusEntity"),
    Endpoint("DELETE", "/api/v1/scheduled_statuses/{id}", delete_scheduled_status, scope="write:statuses"),
)  # fmt: skip
