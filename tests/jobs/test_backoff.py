"""Delays grow, stay bounded and end; circuits open, probe and close."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from jobs.backoff import JITTER, Backoff, due_before
from jobs.circuit import HEALTHY, PROBE_INTERVAL, Circuit, CircuitState

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTES = Backoff(first_seconds=60, factor=2, cap_seconds=3600)


@given(attempts=st.integers(1, 10**9), jitter=st.floats(0, 1))
def test_a_delay_is_never_longer_than_the_cap_and_a_fifth(attempts: int, jitter: float) -> None:
    seconds = MINUTES.delay(attempts, jitter).total_seconds()
    assert 60 * (1 - JITTER) <= seconds <= 3600 * (1 + JITTER) + 0.001


def test_delays_double_until_the_cap() -> None:
    assert [MINUTES.delay(n).total_seconds() for n in (1, 2, 3, 6, 7, 8)] == [60, 120, 240, 1920, 3600, 3600]


def test_the_last_attempt_is_at_the_deadline_and_none_comes_after_it() -> None:
    deadline = NOON + timedelta(minutes=5)
    assert due_before(NOON, timedelta(minutes=1), deadline) == NOON + timedelta(minutes=1)
    assert due_before(NOON, timedelta(minutes=9), deadline) == deadline
    assert due_before(deadline, timedelta(minutes=9), deadline) is None


def failing(circuit: Circuit, *moments: datetime) -> Circuit:
    for moment in moments:
        circuit = circuit.after_failure(moment)
    return circuit


def test_five_failures_within_ten_minutes_open_the_circuit_for_half_an_hour() -> None:
    moments = [NOON + timedelta(minutes=2 * n) for n in range(5)]
    four, five = failing(HEALTHY, *moments[:4]), failing(HEALTHY, *moments)
    assert four.state(moments[3]) is CircuitState.CLOSED
    assert five.state(moments[4]) is CircuitState.OPEN
    assert five.state(moments[4] + PROBE_INTERVAL) is CircuitState.HALF_OPEN


def test_failures_that_are_far_apart_open_nothing() -> None:
    moments = [NOON + timedelta(minutes=11 * n) for n in range(10)]
    assert failing(HEALTHY, *moments).state(moments[-1]) is CircuitState.CLOSED


def test_a_failed_probe_keeps_the_circuit_open() -> None:
    circuit = failing(HEALTHY, *[NOON] * 5)
    probe = NOON + PROBE_INTERVAL
    assert circuit.after_failure(probe).state(probe) is CircuitState.OPEN
    assert circuit.after_failure(probe).state(probe + PROBE_INTERVAL) is CircuitState.HALF_OPEN


def test_a_host_is_dead_after_seven_distinct_failing_days_and_probed_daily() -> None:
    circuit = HEALTHY
    for day in range(7):
        assert not circuit.is_dead
        for hour in (0, 3, 6):
            circuit = circuit.after_failure(NOON + timedelta(days=day, hours=hour))
    for _ in range(5):
        circuit = circuit.after_failure(NOON + timedelta(days=6, hours=7))
    assert circuit.is_dead
    assert circuit.open_until == NOON + timedelta(days=7, hours=7)


def test_hearing_from_the_host_lets_one_probe_go_at_once() -> None:
    circuit = failing(HEALTHY, *[NOON] * 5).after_hearing(NOON)
    assert circuit.state(NOON) is CircuitState.HALF_OPEN
    assert circuit.after_failure(NOON).state(NOON) is CircuitState.OPEN
    assert HEALTHY.after_hearing(NOON) is HEALTHY
