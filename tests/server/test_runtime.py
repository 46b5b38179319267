"""The loops of a process: which belong to a role, and that a failing one comes back."""

import asyncio

import pytest

import server.runtime
from server.runtime import Workers, keep_running
from tests.peers import Office


async def test_a_role_has_its_loops(office: Office) -> None:
    def names(*roles: str) -> list[str]:
        return Workers(office.services, office.journal, roles=roles).names

    assert names("inbox", "delivery", "jobs") == ["inbox", "delivery", "jobs", "sync", "housekeeping", "takeover"]
    assert names("http", "delivery") == ["delivery", "takeover"]
    assert names("http") == []


async def test_a_loop_that_fails_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.runtime, "RESTART_SECONDS", 0)
    starts: list[int] = []

    async def fragile(stop: asyncio.Event) -> None:
        starts.append(len(starts))
        if len(starts) < 3:
            raise RuntimeError("unforeseen")
        stop.set()

    await keep_running("fragile", fragile, asyncio.Event())
    assert starts == [0, 1, 2]


async def test_all_loops_end_when_they_are_told_to(office: Office) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(Workers(office.services, office.journal).run(stop))
    await office.get("/healthz")
    stop.set()
    office.services.database.signals.set("inbound", "deliveries", "jobs")
    async with asyncio.timeout(10):
        await running
