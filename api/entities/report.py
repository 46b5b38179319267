"""Report as whoever reported gets it."""

from collections.abc import Sequence

from api.call import Json
from api.times import timestamp, timestamp_or_none
from models.relations import Report


def report_entity(report: Report, target: Json, status_ids: Sequence[int]) -> Json:
    """`target` is the entity of the account, `status_ids` the reported statuses that are still there."""
    return {
        "id": str(report.id),
        "action_taken": report.resolved_at is not None,
        "action_taken_at": timestamp_or_none(report.resolved_at),
        "category": report.category,
        "comment": report.comment,
        "forwarded": report.is_forwarded,
        "created_at": timestamp(report.created_at),
        "status_ids": [str(number) for number in status_ids],
        "rule_ids": [str(number) for number in report.rule_ids],
        "collection_ids": [],
        "target_account": target,
    }
