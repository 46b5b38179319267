"""A flood from one host costs that host its tokens, and nobody else theirs."""

from datetime import UTC, datetime, timedelta

from policy.rates import RateLimiter

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_host_may_burst_then_waits_and_recovers_while_others_go_on() -> None:
    limiter = RateLimiter(per_second=10, burst=5)
    assert [limiter.check("loud.test", NOW) for _ in range(5)] == [None] * 5
    wait = limiter.check("loud.test", NOW)
    assert wait is not None
    assert 0 < wait <= 0.1
    assert limiter.check("quiet.test", NOW) is None
    assert limiter.check("loud.test", NOW + timedelta(seconds=wait)) is None


def test_the_number_of_hosts_remembered_is_bounded() -> None:
    limiter = RateLimiter(per_second=1, burst=1)
    for number in range(12_000):
        limiter.check(f"h{number}.test", NOW)
    assert len(limiter._buckets) <= 10_000


def test_switched_off_it_lets_everything_through() -> None:
    limiter = RateLimiter(is_on=False, burst=0)
    assert all(limiter.check("loud.test", NOW) is None for _ in range(10))
