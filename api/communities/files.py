"""What moderators keep: reports to them, and the log of what was done."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call, Json
from api.communities.gates import file_place, log_place
from api.endpoints import Endpoint, many
from api.entities.community import act_entity, community_report_entity
from api.entities.status import status_entity
from api.errors import NotFound
from api.loading import account_entities, is_complete, load_page
from api.pagination import Keyset, Page, page
from api.schemas.communities import CommunityReportsArgs
from api.schemas.fields import AccountPageArgs
from communities.listing import log_of, reports_to
from models.communities import CommunityAct
from models.relations import Report
from models.statuses import Status
from outbox import community_acts as acts


async def get_log(call: Call) -> Page:
    """View what moderators and owners did, the newest first. For members; all of it for moderators."""
    keyset = Keyset.of(call)
    async with call.database.reading() as session:
        place = await log_place(call, session)
        query = keyset.apply(log_of(place.group.id, place.standing), CommunityAct.id)
        rows = keyset.arrange(await session.scalars(query))
        people = await _accounts(call, session, (number for row in rows for number in (row.actor_id, row.target_id)))
    items = [act_entity(row, people) for row in rows if row.actor_id in people]
    return page(call, items, [row.id for row in rows])


async def get_reports(call: Call) -> Page:
    """View reports to the moderators of a community, open or `resolved`. For moderators."""
    keyset = Keyset.of(call)
    async with call.database.reading() as session:
        place = await file_place(call, session)
        query = keyset.apply(reports_to(place.group.id, is_resolved=call.args["resolved"]), Report.id)
        rows = keyset.arrange(await session.scalars(query))
        items = await _report_entities(call, session, rows)
    return page(call, items, [row.id for row in rows])


async def post_resolve(call: Call) -> Json:
    """Say that a report is dealt with. For moderators."""
    return await _resolve(call, is_resolved=True)


async def post_reopen(call: Call) -> Json:
    """Take up a report again. For moderators."""
    return await _resolve(call, is_resolved=False)


async def _resolve(call: Call, *, is_resolved: bool) -> Json:
    async with call.database.unit_of_work() as unit:
        place = await file_place(call, unit.session)
        found = await unit.session.get(Report, call.id("report_id"))
        if found is None or found.community_id != place.group.id:
            raise NotFound
        await acts.resolve(call.services, unit, place.group, place.account, found.id, is_resolved=is_resolved)
        await unit.settle()
        entities = await _report_entities(call, unit.session, [found])
        if not entities:
            raise NotFound
        return entities[0]


async def _report_entities(call: Call, session: AsyncSession, reports: Sequence[Report]) -> list[Json]:
    """Reports with a fixed number of queries; of the statuses those that are in the community."""
    people = await _accounts(
        call, session, (number for one in reports for number in (one.account_id, one.target_id, one.resolved_by_id))
    )
    uris = sorted({uri for report in reports for uri in report.status_uris})
    groups = {report.community_id for report in reports}
    query = select(Status.id).where(Status.uri.in_(uris), Status.group_id.in_(groups)).order_by(Status.id)
    ids = list(await session.scalars(query))
    loaded = await load_page(call.api, session, ids, call.viewer, is_moderated=True)
    statuses = [status_entity(number, loaded, call.api) for number in ids if is_complete(loaded, number)]
    by_uri = {status["uri"]: status for status in statuses}
    return [
        community_report_entity(report, people, by_uri)
        for report in reports
        if report.account_id in people and report.target_id in people
    ]


async def _accounts(call: Call, session: AsyncSession, numbers: Iterable[int | None]) -> dict[int, Json]:
    wanted = list(dict.fromkeys(number for number in numbers if number is not None))
    return {int(one["id"]): one for one in await account_entities(call.api, session, wanted)}


_ONE = "/api/v1/communities/{id}"
ENDPOINTS = (
    Endpoint("GET", f"{_ONE}/reports", get_reports, scope="read:accounts", args=CommunityReportsArgs,
             returns=many("CommunityReportEntity")),
    Endpoint("POST", f"{_ONE}/reports/{{report_id}}/resolve", post_resolve, scope="write:reports",
             returns="CommunityReportEntity"),
    Endpoint("POST", f"{_ONE}/reports/{{report_id}}/reopen", post_reopen, scope="write:reports",
             returns="CommunityReportEntity"),
    Endpoint("GET", f"{_ONE}/log", get_log, scope="read:accounts", args=AccountPageArgs,
             returns=many("CommunityActEntity")),
)  # fmt: skip
