"""Reports as moderators work on them: who is reported for what, who looks after it, and whether it is dealt with."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.entities.admin import admin_account_entities
from api.entities.status import status_entity
from api.errors import NotFound, invalid
from api.loading import is_complete, load_page
from api.office.documents import rule_entity
from api.pagination import Keyset, Page, page
from api.schemas.admin import ReportEditArgs, ReportsArgs
from api.times import timestamp, timestamp_or_none
from models import UnitOfWork
from models.accounts import Account
from models.office import Rule
from models.relations import Report
from models.statuses import Status
from social.moderation import assign_report, audit, reopen_report, resolve_report


async def list_reports(call: Call) -> Page:
    """Reports, the newest first: open ones, or with `resolved` those that were dealt with.

    Those that a community's moderators look after are theirs (`api.communities.files`).
    """
    keyset, args = Keyset.of(call), call.args
    query = select(Report).where(Report.resolved_at.is_not(None) if args["resolved"] else Report.resolved_at.is_(None))
    query = query.where(Report.community_id.is_(None))
    if "account_id" in args:
        query = query.where(Report.account_id == args["account_id"])
    if "target_account_id" in args:
        query = query.where(Report.target_id == args["target_account_id"])
    if "by_target_domain" in args:
        of_domain = select(Account.id).where(Account.domain == args["by_target_domain"].strip().lower())
        query = query.where(Report.target_id.in_(of_domain))
    async with call.database.reading() as session:
        reports = keyset.arrange(await session.scalars(keyset.apply(query, Report.id)))
        found = await report_entities(call, session, reports)
    return page(call, found, [report.id for report in reports])


async def get_report(call: Call) -> Json:
    """One report."""
    async with call.database.reading() as session:
        return await _entity(call, session, await _report(call, session))


async def put_report(call: Call) -> Json:
    """Say what a report is really about: its category, and the rules that were broken."""
    async with call.database.unit_of_work() as unit:
        report = await _report(call, unit.session)
        if "category" in call.args:
            report.category = call.args["category"]
        if "rule_ids" in call.args:
            report.rule_ids = await _rules(unit, call.args["rule_ids"])
        report.updated_at = unit.now
        audit(unit, call.me, "update", "Report", report.id)
        return await _changed(call, unit, report)


async def post_assign(call: Call) -> Json:
    """Look after a report oneself."""
    async with call.database.unit_of_work() as unit:
        report = await _report(call, unit.session)
        assign_report(unit, call.me, report, to=call.me)
        return await _changed(call, unit, report)


async def post_unassign(call: Call) -> Json:
    """Leave a report to the others."""
    async with call.database.unit_of_work() as unit:
        report = await _report(call, unit.session)
        assign_report(unit, call.me, report, to=None)
        return await _changed(call, unit, report)


async def post_resolve(call: Call) -> Json:
    """Say that a report is dealt with."""
    async with call.database.unit_of_work() as unit:
        report = await _report(call, unit.session)
        resolve_report(unit, call.me, report)
        return await _changed(call, unit, report)


async def post_reopen(call: Call) -> Json:
    """Take up a report again."""
    async with call.database.unit_of_work() as unit:
        report = await _report(call, unit.session)
        reopen_report(unit, call.me, report)
        return await _changed(call, unit, report)


async def report_entities(call: Call, session: AsyncSession, reports: Sequence[Report]) -> list[Json]:
    """Admin::Report of each, with a fixed number of queries."""
    people = {
        number
        for report in reports
        for number in (report.account_id, report.target_id, report.assigned_id, report.resolved_by_id)
        if number is not None
    }
    accounts = await admin_account_entities(call.api, session, sorted(people))
    uris = sorted({uri for report in reports for uri in report.status_uris})
    ids = sorted(await session.scalars(select(Status.id).where(Status.uri.in_(uris))))
    shown = await load_page(call.api, session, ids, call.viewer, is_evidence=True)
    entities = [status_entity(number, shown, call.api) for number in ids if is_complete(shown, number)]
    statuses = {entity["uri"]: entity for entity in entities}
    rule_ids = sorted({number for report in reports for number in report.rule_ids})
    rules = {rule.id: rule for rule in await session.scalars(select(Rule).where(Rule.id.in_(rule_ids)))}
    return [
        {
            "id": str(report.id),
            "action_taken": report.resolved_at is not None,
            "action_taken_at": timestamp_or_none(report.resolved_at),
            "category": report.category,
            "comment": report.comment,
            "forwarded": report.is_forwarded,
            "created_at": timestamp(report.created_at),
            "updated_at": timestamp(report.updated_at or report.created_at),
            "account": accounts[report.account_id],
            "target_account": accounts[report.target_id],
            "assigned_account": accounts.get(report.assigned_id or 0),
            "action_taken_by_account": accounts.get(report.resolved_by_id or 0),
            "statuses": [statuses[uri] for uri in report.status_uris if uri in statuses],
            "rules": [rule_entity(rules[number]) for number in report.rule_ids if number in rules],
        }
        for report in reports
    ]


async def _report(call: Call, session: AsyncSession) -> Report:
    report = await session.get(Report, call.id())
    if report is None or report.community_id is not None:
        raise NotFound
    return report


async def _entity(call: Call, session: AsyncSession, report: Report) -> Json:
    return (await report_entities(call, session, [report]))[0]


async def _changed(call: Call, unit: UnitOfWork, report: Report) -> Json:
    await unit.session.flush()
    return await _entity(call, unit.session, report)


async def _rules(unit: UnitOfWork, wanted: list[int]) -> list[int]:
    found = set(await unit.session.scalars(select(Rule.id).where(Rule.id.in_(wanted))))
    if len(found) < len(set(wanted)):
        raise invalid("rule_ids", "has to name rules of this office")
    return sorted(found)


_ONE = "/api/v1/admin/reports/{id}"
_WRITE = "admin:write:reports"
ENDPOINTS = (
    Endpoint("GET", "/api/v1/admin/reports", list_reports, Access.MODERATOR, "admin:read:reports", ReportsArgs,
             many("AdminReportEntity")),
    Endpoint("GET", _ONE, get_report, Access.MODERATOR, "admin:read:reports", returns="AdminReportEntity"),
    Endpoint("PUT", _ONE, put_report, Access.MODERATOR, _WRITE, ReportEditArgs, "AdminReportEntity"),
    Endpoint("POST", f"{_ONE}/assign_to_self", post_assign, Access.MODERATOR, _WRITE, returns="AdminReportEntity"),
    Endpoint("POST", f"{_ONE}/unassign", post_unassign, Access.MODERATOR, _WRITE, returns="AdminReportEntity"),
    Endpoint("POST", f"{_ONE}/resolve", post_resolve, Access.MODERATOR, _WRITE, returns="AdminReportEntity"),
    Endpoint("POST", f"{_ONE}/reopen", post_reopen, Access.MODERATOR, _WRITE, returns="AdminReportEntity"),
)  # fmt: skip
