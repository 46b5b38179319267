"""When to try again: delays that grow, stay below a cap and never meet in step.

Pure: the random part is an argument, a number from 0 up to 1, so that tests choose it.
"""

from datetime import datetime, timedelta

from models.values import dataclass

JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Backoff:
    """`first_seconds · factor ^ (attempts - 1)`, at most `cap_seconds`, up to a fifth shorter or longer by chance."""

    first_seconds: float
    factor: float
    cap_seconds: float

    def delay(self, attempts: int, jitter: float = 0.5) -> timedelta:
        """How long to wait after so many failed attempts (at least one). `jitter` is 0…1; 0.5 changes nothing."""
        exponent = min(max(attempts, 1) - 1, 64)  # far beyond any cap, far below what a float can't hold
        seconds = min(self.first_seconds * self.factor**exponent, self.cap_seconds)
        return timedelta(seconds=seconds * (1 - JITTER + 2 * JITTER * jitter))


def due_before(now: datetime, delay: timedelta, deadline: datetime) -> datetime | None:
    """`now + delay`, or the deadline when that comes first: one last attempt. None when the deadline has passed."""
    if now >= deadline:
        return None
    return min(now + delay, deadline)
