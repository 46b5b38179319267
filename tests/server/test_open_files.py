"""How many files an office may open, and how many of them idle connections may be."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
before, hard = int(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))
from federation.client.connections import spare_descriptors
from server.open_files import allow_open_files
idle = spare_descriptors()
print(allow_open_files(), *resource.getrlimit(resource.RLIMIT_NOFILE), idle, spare_descriptors())
"""


def with_limits(soft: int, hard: int) -> tuple[list[int], str]:
    """What it comes to in a process that starts with these limits, and what that one logs."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(soft), str(hard)], capture_output=True, text=True, check=True
    )
    *logged, found = ended.stdout.splitlines()
    return [int(number) for number in found.split()], "\n".join(logged)


@pytest.mark.parametrize(
    ("soft", "hard", "allowed", "idle"),
    [
        (1_024, 8_192, 8_192, (256, 1_024)),  # a login: raised as far as it goes
        (8_192, 8_192, 8_192, (1_024, 1_024)),  # nothing to raise
    ],
)
def test_an_office_may_open_as_many_files_as_the_system_allows(
    soft: int, hard: int, allowed: int, idle: tuple[int, int]
) -> None:
    found, logged = with_limits(soft, hard)
    assert found == [allowed, allowed, hard, *idle]
    assert logged == ""


def test_who_may_open_few_files_is_told_and_keeps_few_connections() -> None:
    found, logged = with_limits(200, 400)
    assert found == [400, 400, 400, 50, 100]
    assert "open_files.few" in logged
    assert "LimitNOFILE" in logged
