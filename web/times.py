"""Moments as people read them: `5 min`, `3 h`, `2 d`, then a date. Pure."""

from datetime import datetime

from web.texts import Texts

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_DAYS_COUNTED = 7


def short_time(moment: datetime, now: datetime, texts: Texts) -> str:
    """How long ago, or on which day when that is more than a week."""
    seconds = (now - moment).total_seconds()
    if seconds < _MINUTE:
        return texts("now") if seconds > -_MINUTE else long_time(moment, texts)
    if seconds < _HOUR:
        return texts("minutes", n=int(seconds // _MINUTE))
    if seconds < _DAY:
        return texts("hours", n=int(seconds // _HOUR))
    if seconds < _DAYS_COUNTED * _DAY:
        return texts("days", n=int(seconds // _DAY))
    return day(moment, texts)


def day(moment: datetime, texts: Texts) -> str:
    """`7 Nov 2026`."""
    return texts("date", day=moment.day, month=texts("months").split()[moment.month - 1], year=moment.year)


def long_time(moment: datetime, texts: Texts) -> str:
    """`7 Nov 2026, 09:05 UTC`."""
    return texts("moment", date=day(moment, texts), time=f"{moment:%H:%M}")
