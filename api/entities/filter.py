"""Filters: FilterResult as statuses carry it."""

from api.call import Json
from api.times import timestamp_or_none
from policy.filters import FilterMatch


def filter_result(found: FilterMatch) -> Json:
    """What a filter found in a status (Mastodon 4.5 `FilterResult`)."""
    return {
        "filter": {
            "id": str(found.filter.id),
            "title": found.filter.title,
            "context": list(found.filter.contexts),
            "expires_at": timestamp_or_none(found.filter.expires_at),
            "filter_action": found.filter.action,
        },
        "keyword_matches": list(found.keywords) or None,
        "status_matches": [str(number) for number in found.status_ids] or None,
    }
