"""The one date format of HTTP that is still sent: IMF-fixdate (RFC 9110 §5.6.7), as whole Unix seconds.

The obsolete RFC 850 and asctime forms are refused: no server of this field sends them, and a two-digit year is a guess.
"""

import calendar
import re
from email.utils import formatdate
from functools import lru_cache
from typing import Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_IMF_FIXDATE: Final = re.compile(
    rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)


@lru_cache(maxsize=64)  # what comes within a second has one date
def parse_http_date(text: str) -> int | None:
    """Unix seconds of an IMF-fixdate, None for anything else."""
    match = _IMF_FIXDATE.fullmatch(text)
    if match is None:
        return None
    day, month, year, hour, minute, second = match.groups()
    if not (1 <= int(day) <= 31 and int(hour) < 24 and int(minute) < 60 and int(second) <= 60 and int(year) >= 1970):
        return None
    return calendar.timegm((int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second)))


def http_date(seconds: float) -> str:
    """Unix seconds as an IMF-fixdate."""
    return _imf_fixdate(int(seconds))


@lru_cache(maxsize=4)  # a thousand requests of one second
def _imf_fixdate(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
