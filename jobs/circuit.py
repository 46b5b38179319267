"""The circuit of a host: when to leave it alone, when to probe it, when to call it dead.

Pure values: five failures within ten minutes open the circuit; about every half hour one request may probe the host;
a probe that fails keeps the circuit open, a success forgets everything. A host that failed on seven days without a
success between them is dead and is probed once a day. What the host is asked stays in the queue meanwhile.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from models.values import dataclass

FAILURES_TO_OPEN = 5
WINDOW = timedelta(minutes=10)
PROBE_INTERVAL = timedelta(minutes=30)
DEAD_PROBE_INTERVAL = timedelta(hours=24)
DAYS_TO_DIE = 7
JITTER = 0.1


class CircuitState(StrEnum):
    """CLOSED: go on; OPEN: leave it alone; HALF_OPEN: one request may go, to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Circuit:
    """What went wrong lately. `first_failure_at` begins the present window, and tells the last day that counted."""

    failures: int = 0
    first_failure_at: datetime | None = None
    open_until: datetime | None = None
    failing_days: int = 0

    @property
    def is_dead(self) -> bool:
        return self.failing_days >= DAYS_TO_DIE

    def state(self, now: datetime) -> CircuitState:
        if self.open_until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self.open_until else CircuitState.HALF_OPEN

    def after_failure(self, now: datetime, jitter: float = 0.0) -> "Circuit":
        """One more failure. `jitter` (0…1) probes up to a tenth earlier, so that not all hosts are probed at once."""
        start = self.first_failure_at
        is_in_window = start is not None and now - start <= WINDOW
        is_new_day = start is None or now.date() > start.date()
        failures = self.failures + 1 if is_in_window or self.open_until is not None else 1
        failing_days = self.failing_days + is_new_day
        open_until = None
        if failures >= FAILURES_TO_OPEN or self.open_until is not None:
            interval = DEAD_PROBE_INTERVAL if failing_days >= DAYS_TO_DIE else PROBE_INTERVAL
            open_until = now + interval * (1 - JITTER * jitter)
        first = start if is_in_window and not is_new_day else now
        return Circuit(failures, first, open_until, failing_days)

    def after_hearing(self, now: datetime) -> "Circuit":
        """The host spoke to us, so it lives: what waits for it may go at once, behind one probe."""
        if self.open_until is None:
            return self
        return replace(self, open_until=min(self.open_until, now), failing_days=0)


HEALTHY = Circuit()
