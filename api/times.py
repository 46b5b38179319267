"""Times as clients parse them: three decimals and a `Z`; some apps refuse anything else."""

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """`2026-11-23T16:05:06.123Z`."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text[:-6] + "Z"


def timestamp_or_none(moment: datetime | None) -> str | None:
    """The same, or null."""
    return None if moment is None else timestamp(moment)


def midnight(moment: datetime) -> str:
    """The day of a moment as a time, as `created_at` of accounts gives it."""
    return f"{moment.astimezone(UTC).date().isoformat()}T00:00:00.000Z"


def date_string(moment: datetime | None) -> str | None:
    """`2026-11-23`, or null."""
    return None if moment is None else moment.astimezone(UTC).date().isoformat()
