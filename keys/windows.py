"""When a signature counts: the policy's numbers and the one check of `created`, `Date` and `expires`.

Times are whole Unix seconds, as on the wire, until they are known to be sane: a stranger's 10^14 must not overflow a
datetime.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from keys.refusals import Refusal, SignatureRefused


@dataclass(frozen=True)
class SignaturePolicy:
    """How far a signature's clock may be from ours, and how much of a message is read at all."""

    max_age: timedelta = timedelta(hours=1)
    max_ahead: timedelta = timedelta(hours=1)
    max_lifetime: timedelta = timedelta(hours=12)  # from `created` to `expires`
    clock_margin: timedelta = timedelta(seconds=5)  # grace after `expires`
    max_header_characters: int = 8192
    max_signatures: int = 4


DEFAULT_POLICY: Final = SignaturePolicy()


def check_window(created: int, expires: int | None, now: float, policy: SignaturePolicy) -> datetime:
    """Return the time from which this signature will never be accepted again. Raises SignatureRefused."""
    if created > now + policy.max_ahead.total_seconds():
        raise SignatureRefused(Refusal.NOT_YET, "signed in the future")
    last = created + policy.max_age.total_seconds()
    if expires is not None:
        if not created <= expires <= created + policy.max_lifetime.total_seconds():
            raise SignatureRefused(Refusal.EXPIRED, "expires before it was made, or lives too long")
        last = min(last, expires + policy.clock_margin.total_seconds())
    if now > last:
        raise SignatureRefused(Refusal.EXPIRED, "signed too long ago")
    return as_datetime(last)


def as_datetime(seconds: float) -> datetime:
    """Unix seconds as an aware time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
