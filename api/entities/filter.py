"""Filters: as their owner edits them (version 2 and 1), and FilterResult as statuses carry it."""

from collections.abc import Iterable

from api.call import Json
from api.times import timestamp_or_none
from models.filters import Filter, FilterKeyword, FilterStatus
from policy.filters import ActiveFilter, FilterMatch


def filter_result(found: FilterMatch) -> Json:
    """What a filter found in a status (Mastodon 4.5 `FilterResult`)."""
    return {
        "filter": filter_head(found.filter),
        "keyword_matches": list(found.keywords) or None,
        "status_matches": [str(number) for number in found.status_ids] or None,
    }


def filter_head(found: Filter | ActiveFilter) -> Json:
    """A filter without what it looks for."""
    return {
        "id": str(found.id),
        "title": found.title,
        "context": list(found.contexts),
        "expires_at": timestamp_or_none(found.expires_at),
        "filter_action": found.action,
    }


def filter_entity(owned: Filter, keywords: Iterable[FilterKeyword], statuses: Iterable[FilterStatus]) -> Json:
    """A filter with its keywords and statuses."""
    return {
        **filter_head(owned),
        "keywords": [keyword_entity(row) for row in keywords],
        "statuses": [filter_status_entity(row) for row in statuses],
    }


def keyword_entity(row: FilterKeyword) -> Json:
    """FilterKeyword."""
    return {"id": str(row.id), "keyword": row.keyword, "whole_word": row.is_whole_word}


def filter_status_entity(row: FilterStatus) -> Json:
    """FilterStatus."""
    return {"id": str(row.id), "status_id": str(row.status_id)}


def filter_v1_entity(owned: Filter, keyword: FilterKeyword) -> Json:
    """V1::Filter: in the old version a filter has one phrase, so each keyword is one."""
    return {
        "id": str(keyword.id),
        "phrase": keyword.keyword,
        "context": list(owned.contexts),
        "whole_word": keyword.is_whole_word,
        "expires_at": timestamp_or_none(owned.expires_at),
        "irreversible": owned.action == "hide",
    }
