"""Poll: options with their votes, and what the viewer chose."""

from datetime import datetime
from typing import Any

from api.call import Api, Json
from api.entities.account import emoji_entities
from api.times import timestamp_or_none


def poll_entity(
    poll: Any, api: Api, *, now: datetime, is_own: bool = False, own_votes: list[int] | None = None,
    emojis: list[Json] | None = None,
) -> Json:  # fmt: skip
    """The poll; with a viewer (`own_votes` not None) also whether they voted: an author counts as having voted."""
    ends_at = poll.closed_at or poll.closes_at
    is_over = ends_at is not None and ends_at <= now
    shows_totals = is_over or not poll.hides_totals
    counts = [option["votes"] for option in poll.options]
    entity: Json = {
        "id": str(poll.id),
        "expires_at": timestamp_or_none(ends_at),
        "expired": is_over,
        "multiple": poll.is_multiple,
        "votes_count": sum(counts),
        "voters_count": poll.voters_count if poll.is_multiple else max(poll.voters_count, sum(counts)),
        "options": [
            {"title": option["title"], "votes_count": option["votes"] if shows_totals else None}
            for option in poll.options
        ],
        "emojis": emoji_entities(emojis or [], api),
    }
    if own_votes is not None:
        entity["voted"] = is_own or bool(own_votes)
        entity["own_votes"] = sorted(own_votes)
    return entity
