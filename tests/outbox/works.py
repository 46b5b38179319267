"""Claimed deliveries made up for tests of bookkeeping."""

from datetime import UTC, datetime

from outbox.work import ActivityBytes, Work

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTIVITY = ActivityBytes(1, "https://office.test/activities/1", "Create", "public", b"{}", b"")


def work(number: int, host: str, attempts: int = 0) -> Work:
    return Work(number, 1, f"https://{host}/inbox", host, "k", attempts, NOON, NOON, ACTIVITY)
