"""Events: when and where (ActivityStreams 2.0, FEP-8a8e, Mobilizon)."""

from typing import Any

from federation.json_ld.dates import parse_time
from federation.json_ld.strict_json import JsonObject
from federation.parse.media import first_url
from federation.trust.origins import has_origin
from social.drafts import EventDraft

_ADDRESS = ("streetAddress", "postalCode", "addressLocality", "addressRegion", "addressCountry")


def event_of(document: JsonObject) -> EventDraft | None:
    """Return what an Event adds to a status, or None for every other type."""
    if document.get("type") != "Event":
        return None
    places = document.get("location", [])
    place = next((node for node in places if node.get("name") or node.get("address")), places[0] if places else {})
    urls = [uri for node in places if (uri := first_url(node) or node.get("id")) and has_origin(uri)]
    capacity = document.get("maximumAttendeeCapacity")
    return EventDraft(
        starts_at=parse_time(document.get("startTime")),
        ends_at=parse_time(document.get("endTime")),
        location_name=_text(place.get("name")),
        location_address=_address(place.get("address")),
        location_url=urls[0] if urls else None,
        latitude=_within(place.get("latitude"), 90),
        longitude=_within(place.get("longitude"), 180),
        timezone=_text(document.get("timezone")),
        status=_text(document.get("status") or document.get("eventStatus")),
        join_mode=_text(document.get("joinMode")),
        is_online=document.get("isOnline"),
        maximum_attendees=capacity if isinstance(capacity, int) and 0 < capacity < 2**31 else None,
    )


def _address(value: Any) -> str | None:
    if isinstance(value, dict):
        parts = [text for name in _ADDRESS if isinstance(text := value.get(name), str) and text]
        return ", ".join(parts)[:1000] or None
    return _text(value)


def _text(value: Any) -> str | None:
    return value.strip()[:1000] or None if isinstance(value, str) else None


def _within(number: Any, bound: int) -> float | None:
    return float(number) if isinstance(number, int | float) and -bound <= number <= bound else None
