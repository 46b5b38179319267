"""What keeps a long run honest: parts that fail alone, and processes held to their share of a core."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.guard import Guard
from bench.office import BenchFailed
from bench.processes import cpu_seconds
from bench.throttle import Held, throttled

PATIENCE_SECONDS = 30.0


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        yield process
        process.kill()


def is_stopped(process: subprocess.Popen[bytes]) -> bool:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def wait_until_stopped(process: subprocess.Popen[bytes], expected: bool) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_stopped(process) is not expected:
        assert time.monotonic() < deadline


def wait_until_used(process: subprocess.Popen[bytes], seconds: float) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while cpu_seconds(process.pid) < seconds:
        assert time.monotonic() < deadline


async def test_a_part_that_fails_costs_its_own_figures_only(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    guard, found = Guard(told.append), {}
    for name, error in (("one", None), ("two", BenchFailed("no answer")), ("three", KeyError("x")), ("four", None)):
        async with guard.part(name):
            found[name] = 1.0
            if error is not None:
                raise error
    assert list(found) == ["one", "two", "three", "four"]
    assert guard.failures == ["two: no answer", "three: 'x'"]
    assert guard.summary == "\n\nNot finished: two: no answer\n\nNot finished: three: 'x'"
    assert told == ["one", "two", "NOT FINISHED: two: no answer", "three", "NOT FINISHED: three: 'x'", "four"]
    assert "KeyError" in capsys.readouterr().err  # what nobody foresaw is told with where it was


def test_who_used_more_than_its_share_is_stopped_until_time_has_made_up_for_it(busy: subprocess.Popen[bytes]) -> None:
    wait_until_used(busy, 0.1)
    held = Held(busy.pid, 0.5)
    held.look(0.0)
    wait_until_stopped(busy, True)
    used = held.used
    held.look(held.used)  # at half a core, it takes twice as long
    assert held.is_stopped
    held.look(10 * held.used + 1)
    wait_until_stopped(busy, False)
    wait_until_used(busy, used + 0.1)
    held.look(0.0)  # nothing but a few milliseconds was saved up
    wait_until_stopped(busy, True)
    held.look(1000.0)
    wait_until_stopped(busy, False)


async def test_a_process_is_held_when_the_block_begins_and_goes_on_when_it_ends(busy: subprocess.Popen[bytes]) -> None:
    wait_until_used(busy, 0.1)
    async with throttled(0.000001, [busy.pid]):
        wait_until_stopped(busy, True)
        used = cpu_seconds(busy.pid)
    wait_until_stopped(busy, False)
    wait_until_used(busy, used + 0.001)


def test_who_held_a_process_lets_it_go_on_at_the_end(busy: subprocess.Popen[bytes]) -> None:
    arguments = [sys.executable, "-m", "bench.throttle", "0.000001", str(busy.pid)]
    with subprocess.Popen(arguments) as throttle:
        wait_until_stopped(busy, True)
        throttle.terminate()
    wait_until_stopped(busy, False)
