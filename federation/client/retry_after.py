"""Reading `Retry-After`, within bounds: nobody makes us hammer them, or forget them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SHORTEST_SECONDS = 1.0
LONGEST_SECONDS = 86_400.0


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait (RFC 9110 §10.2.3), between a second and a day; None when absent or unreadable."""
    value = headers.get("Retry-After", "").strip()[:64]
    if value.isascii() and value.isdecimal():
        seconds = float(value)
    else:
        try:
            moment = parsedate_to_datetime(value)
            seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
