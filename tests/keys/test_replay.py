from datetime import UTC, datetime, timedelta

from keys.replay import ReplayCache

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_token_is_new_once() -> None:
    cache = ReplayCache()
    assert cache.check_and_add(b"a", NOW + HOUR, NOW)
    assert not cache.check_and_add(b"a", NOW + HOUR, NOW)
    assert not cache.check_and_add(b"a", NOW + 2 * HOUR, NOW + HOUR)
    assert cache.check_and_add(b"b", NOW + HOUR, NOW)


def test_a_token_is_forgotten_when_its_signature_is_stale() -> None:
    cache = ReplayCache()
    cache.check_and_add(b"a", NOW + HOUR, NOW)
    assert not cache.check_and_add(b"a", NOW + HOUR, NOW + HOUR)
    cache.check_and_add(b"b", NOW + 3 * HOUR, NOW + HOUR + timedelta(seconds=1))
    assert len(cache) == 1


def test_a_stale_signature_is_never_new() -> None:
    assert not ReplayCache().check_and_add(b"a", NOW - HOUR, NOW)


def test_a_full_cache_forgets_what_ends_first() -> None:
    cache = ReplayCache(max_entries=2)
    cache.check_and_add(b"long", NOW + 2 * HOUR, NOW)
    cache.check_and_add(b"short", NOW + HOUR, NOW)
    cache.check_and_add(b"third", NOW + 3 * HOUR, NOW)
    assert len(cache) == 2
    assert not cache.check_and_add(b"long", NOW + 2 * HOUR, NOW)
    assert not cache.check_and_add(b"third", NOW + 3 * HOUR, NOW)
