"""What the answer to a delivery means: a pure function, and when to try again.

2xx is done. 404 and 410 mean that the inbox is gone. 401, 408, 425, 429, every other 5xx than 501, redirects and
failures of the network are tried again; any other 4xx and 501 would be answered the same way for ever, so these are
dead letters at once. A host that doesn't answer, or answers 5xx without saying when to come back, is in trouble, which
is what the circuit counts; one that answers anything else is alive.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from federation.client import Response
from federation.client.errors import AddressRefused, RemoteError
from federation.client.retry_after import retry_after_seconds
from jobs.backoff import Backoff, due_before
from models.values import dataclass

# 30 s, 66 s, 2½ min … 10 h, then every 12 h: about 15 attempts in three days.
BACKOFF = Backoff(first_seconds=30, factor=2.2, cap_seconds=43_200)
# A name that doesn't exist and a refused certificate take somebody to repair them.
SELDOM = Backoff(first_seconds=3_600, factor=2.2, cap_seconds=43_200)

MAX_EXCERPT_CHARACTERS = 200
_RETRIED = frozenset({401, 408, 425, 429})
_GONE = frozenset({404, 410})
_NOT_IMPLEMENTED = 501
_TOO_MANY = 429


class Verdict(StrEnum):
    """What becomes of a delivery; the values but RETRY are states of its row."""

    DONE = "done"
    GONE = "gone"
    DEAD = "dead"
    DROPPED = "dropped"  # never sent: the peer may not have it
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt led to. `error` is for people; `retry_after_seconds` is what the host asked for."""

    verdict: Verdict
    status: int | None = None
    error: str | None = None
    retry_after_seconds: float | None = None
    is_host_trouble: bool = False
    is_seldom: bool = False

    @property
    def pauses_host(self) -> bool:
        """Whether the host asked us to slow down, so that everything for it should wait."""
        return self.verdict is Verdict.RETRY and (self.retry_after_seconds is not None or self.status == _TOO_MANY)


def classify(result: Response | RemoteError, now: datetime) -> Outcome:
    """The outcome of an attempt that was answered, or failed on the way."""
    if isinstance(result, RemoteError):
        return _classify_error(result)
    status = result.status
    if 200 <= status < 300:
        return Outcome(Verdict.DONE, status)
    error = describe(result)
    if status in _GONE:
        return Outcome(Verdict.GONE, status, error)
    if status == _NOT_IMPLEMENTED or (400 <= status < 500 and status not in _RETRIED):
        return Outcome(Verdict.DEAD, status, error)
    wait = retry_after_seconds(result.headers, now)
    return Outcome(Verdict.RETRY, status, error, wait, is_host_trouble=status >= 500 and wait is None)


def _classify_error(error: RemoteError) -> Outcome:
    detail = f"{type(error).__name__}: {error.detail}"
    if isinstance(error, AddressRefused):
        return Outcome(Verdict.DEAD, error=detail)
    return Outcome(Verdict.RETRY, error=detail, is_host_trouble=True, is_seldom=error.is_permanent)


def next_due(outcome: Outcome, *, attempts: int, now: datetime, deadline: datetime, jitter: float) -> datetime | None:
    """When to try again after `attempts` attempts; None when the time is over. A wish of the host is respected."""
    delay = (SELDOM if outcome.is_seldom else BACKOFF).delay(attempts, jitter)
    if outcome.retry_after_seconds is not None:
        delay = timedelta(seconds=outcome.retry_after_seconds)
    return due_before(now, delay, deadline)


def refuses_signature(response: Response) -> bool:
    """Whether the answer may mean "I can't verify this": worth another kind of signature, once."""
    if response.status in (401, 403):
        return True
    return response.status == 400 and b"signature" in response.body[:2_000].lower()


def describe(response: Response) -> str:
    """The status and the beginning of what the host said, printable."""
    text = response.body[: 4 * MAX_EXCERPT_CHARACTERS].decode("utf-8", "replace")
    excerpt = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_EXCERPT_CHARACTERS]
    return f"{response.status} {excerpt}".strip()
