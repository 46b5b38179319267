"""Reporting an account to the moderators of this office and, on request, to those of its own."""

from sqlalchemy import select

from api.access import known_account
from api.call import Call, Json
from api.endpoints import Endpoint
from api.entities.report import report_entity
from api.errors import Unprocessable, invalid
from api.loading import account_entities
from api.schemas.reports import ReportArgs
from models.accounts import Account
from models.office import Rule
from models.statuses import Status
from outbox.reports import community_reported_to, publish_community_report, publish_report
from policy.visibility import visible_to


async def post_report(call: Call) -> Json:
    """File a report. Statuses have to be the account's, and such that the reporter may see them.

    Posts in a community are reported to its moderators, unless `community` is false.
    """
    args = call.args
    async with call.database.unit_of_work() as unit:
        reporter = await unit.session.get_one(Account, call.me.id)
        target = await known_account(call, unit.session, args["account_id"])
        query = select(Status).where(
            Status.id.in_(args["status_ids"]), Status.account_id == target.id, visible_to(reporter.id)
        )
        statuses = (await unit.session.scalars(query.order_by(Status.id))).all()
        if len(statuses) < len(set(args["status_ids"])):
            raise invalid("status_ids", "has to name statuses of the reported account")
        rules = list(await unit.session.scalars(select(Rule.id).where(Rule.id.in_(args["rule_ids"]))))
        if len(rules) < len(set(args["rule_ids"])):
            raise Unprocessable("Validation failed: rule_ids has to name rules of this office")
        category = args.get("category", "violation" if rules else "other")
        group = None
        if args["community"]:
            group = await community_reported_to(unit, reporter, statuses, category=category, rule_ids=rules)
        if group is not None:
            report = await publish_community_report(
                call.services, unit, reporter, group, target, statuses, comment=args["comment"], category=category
            )
        else:
            report = await publish_report(
                call.services, unit, reporter, target, status_uris=[status.uri for status in statuses],
                comment=args["comment"], is_forwarded=args["forward"], category=category, rule_ids=sorted(rules),
            )  # fmt: skip
        await unit.settle()
        entity = (await account_entities(call.api, unit.session, [target.id]))[0]
        return report_entity(report, entity, [status.id for status in statuses])


ENDPOINTS = (
    Endpoint("POST", "/api/v1/reports", post_report, scope="write:reports", args=ReportArgs, returns="ReportEntity"),
)  # fmt: skip
