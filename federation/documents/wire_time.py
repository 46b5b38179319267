"""Times as we send them: ISO 8601 in UTC with `Z`, seconds or milliseconds, never more (some parsers stop there)."""

from datetime import UTC, datetime


def wire_time(moment: datetime) -> str:
    """`2026-03-01T09:30:00Z`, or `…:00.250Z` where there is a fraction of at least a millisecond."""
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(timespec="milliseconds" if plain.microsecond >= 1000 else "seconds") + "Z"
