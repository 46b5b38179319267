"""Dates on the wire: read leniently, written in one form.

Peers leave out seconds, put a space for the `T`, or write an offset without its colon; a date that still can't be read
counts as absent, it never refuses a document.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

_LENIENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(:\d{2})?(?:[.,](\d{1,9})\d{0,12})?)?"
    r"\s?(?:([Zz]|UTC|GMT)|([+-]\d{2}):?(\d{2})?)?",
    re.ASCII,
)


def parse_time(text: Any) -> datetime | None:
    """Return the instant in `text` as aware UTC, or None; a time without an offset is taken as UTC."""
    return _instant(text) if isinstance(text, str) and 10 <= len(text) <= 48 else None


@lru_cache(maxsize=256)  # an activity and what is in it say the same time, and each is read twice
def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if len(text) == 20 else _leniently(text)
        if moment is None:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def format_time(moment: datetime) -> str:
    """Return an aware instant as ISO 8601 in UTC with `Z`; fractions of a second only where there are any."""
    text = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{text.isoformat()}Z"


def normal_time(text: Any) -> str | None:
    """Return `text` in the form of `format_time`, or None when it isn't a date."""
    return _normal(text) if isinstance(text, str) and len(text) <= 48 else None


@lru_cache(maxsize=256)
def _normal(text: str) -> str | None:
    moment = parse_time(text)
    return None if moment is None else format_time(moment)


def clamp(moment: datetime | None, *, now: datetime) -> datetime | None:
    """Return `moment`, but not later than `now`: nobody writes in the future."""
    return moment if moment is None or moment <= now else now


def _leniently(text: str) -> datetime | None:
    match = _LENIENT.fullmatch(text.strip())
    if match is None:
        return None
    day, minutes, seconds, fraction, zulu, hours, offset_minutes = match.groups()
    clock = f"{minutes or '00:00'}{seconds or ':00'}" + (f".{fraction[:6]:0<6}" if fraction else "")
    offset = "+00:00" if zulu or not hours else f"{hours}:{offset_minutes or '00'}"
    return datetime.fromisoformat(f"{day}T{clock}{offset}")
