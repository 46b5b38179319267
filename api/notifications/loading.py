"""What the notifications of a page are about: a fixed number of queries whatever the length of the page.

The common parts are accounts and statuses; reports, cut follows and warnings are asked for only where there are some.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Api, Json
from api.entities.notification import (
    Parts,
    distinct,
    is_complete,
    notification_entity,
    severance_entity,
    warning_entity,
)
from api.entities.report import report_entity
from api.loading import account_entities, status_entities
from api.notifications.queries import COLUMNS, of_the_present, place_of
from communities.notices import REPORTED
from models.accounts import Account
from models.feeds import Notification, RelationshipSeverance
from models.office import AccountWarning
from models.relations import Report
from models.statuses import Status
from policy.notifications import KINDS, Kind


async def notification_entities(api: Api, session: AsyncSession, ids: Sequence[int], viewer: Account) -> list[Json]:
    """Notifications of the viewer by their ids, in this order: what is somebody else's or incomplete is left out."""
    query = select(*COLUMNS).where(Notification.id.in_(ids), Notification.account_id == viewer.id)
    rows = await session.execute(of_the_present(query.where(Notification.kind.in_(KINDS))))
    found = {row.id: row for row in rows}
    return await entities_of(api, session, [found[number] for number in ids if number in found], viewer)


async def entities_of(api: Api, session: AsyncSession, rows: Sequence[Any], viewer: Account) -> list[Json]:
    """The entities of rows of `COLUMNS`; what has lost its status, or may not be seen any more, is left out."""
    parts = await load_parts(api, session, rows, viewer, [row.from_account_id for row in rows])
    return [notification_entity(row, parts, place_of(row).key) for row in rows if is_complete(row, parts)]


async def load_parts(
    api: Api, session: AsyncSession, rows: Sequence[Any], viewer: Account, account_ids: Iterable[int]
) -> Parts:
    """Everything that the entities of these notifications need, and the accounts with these ids."""
    statuses = await status_entities(
        api,
        session,
        distinct(row.status_id for row in rows if row.status_id is not None),
        viewer,
        context="notifications",
    )
    reports = await _reports(session, rows)
    warnings = await _by_subject(session, AccountWarning, rows, Kind.MODERATION_WARNING)
    severances = await _by_subject(session, RelationshipSeverance, rows, Kind.SEVERED_RELATIONSHIPS)
    needed = [*account_ids, *(report.target_id for report, _ in reports), *(one.target_id for one in warnings)]
    accounts = await account_entities(api, session, distinct(needed))
    by_id = {int(account["id"]): account for account in accounts}
    return Parts(
        accounts=by_id,
        statuses={int(status["id"]): status for status in statuses},
        reports={
            report.id: report_entity(report, by_id[report.target_id], status_ids)
            for report, status_ids in reports
            if report.target_id in by_id
        },
        severances={event.id: severance_entity(event) for event in severances},
        reported_to=await _reported_to(session, rows),
        warnings={one.id: warning_entity(one, by_id[one.target_id]) for one in warnings if one.target_id in by_id},
    )


async def _by_subject(session: AsyncSession, table: Any, rows: Sequence[Any], kind: Kind) -> Sequence[Any]:
    wanted = {row.subject_id for row in rows if row.kind == kind}
    if not wanted:
        return []
    return (await session.scalars(select(table).where(table.id.in_(wanted)))).all()


async def _reported_to(session: AsyncSession, rows: Sequence[Any]) -> dict[int, int]:
    """The communities of reports to their moderators; no query where there is none."""
    wanted = {row.subject_id for row in rows if row.kind == REPORTED}
    if not wanted:
        return {}
    query = select(Report.id, Report.community_id).where(Report.id.in_(wanted), Report.community_id.is_not(None))
    return {row.id: row.community_id for row in await session.execute(query)}


async def _reports(session: AsyncSession, rows: Sequence[Any]) -> list[tuple[Report, list[int]]]:
    reports = await _by_subject(session, Report, rows, Kind.ADMIN_REPORT)
    uris = {uri for report in reports for uri in report.status_uris}
    found: dict[str, int] = {}
    if uris:
        known = await session.execute(select(Status.uri, Status.id).where(Status.uri.in_(uris)))
        found = {row[0]: row[1] for row in known}
    return [(report, [found[uri] for uri in report.status_uris if uri in found]) for report in reports]
