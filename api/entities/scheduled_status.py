"""ScheduledStatus: what somebody will say, and when."""

from collections.abc import Sequence

from api.call import Api, Json
from api.entities.media import media_entity
from api.times import timestamp
from models.statuses import Attachment, ScheduledStatus


def scheduled_status(row: ScheduledStatus, attachments: Sequence[Attachment], api: Api) -> Json:
    """The scheduled status; its parameters as they were asked for, ids as strings."""
    params = row.params
    return {
        "id": str(row.id),
        "scheduled_at": timestamp(row.scheduled_at),
        "params": {
            **params,
            "in_reply_to_id": _id(params["in_reply_to_id"]),
            "community_id": _id(params.get("community_id")),
            "quoted_status_id": _id(params["quoted_status_id"]),
            "media_ids": [str(number) for number in params["media_ids"]] or None,
            "scheduled_at": None,
            "with_rate_limit": False,
        },
        "media_attachments": [media_entity(attachment, api) for attachment in attachments],
    }


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)
