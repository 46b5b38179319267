"""Signatures that are made in other threads: several on one way, each for whoever asked."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from federation.signatures import AT_ONCE, Signatures

THREADS = 2


class CountingExecutor(ThreadPoolExecutor):
    """Counts the ways to its threads."""

    ways = 0

    def submit(self, *arguments: Any, **named: Any) -> Any:
        self.ways += 1
        return super().submit(*arguments, **named)


@pytest.fixture
def executor() -> Iterator[CountingExecutor]:
    with CountingExecutor(THREADS) as made:
        yield made


async def test_those_who_ask_together_go_together_and_each_gets_its_own(executor: CountingExecutor) -> None:
    signatures = Signatures(executor, THREADS)

    asked = [signatures.made(partial(dict, Signature=str(number))) for number in range(4 * AT_ONCE)]
    made = await asyncio.gather(*asked)

    assert [one["Signature"] for one in made] == [str(number) for number in range(4 * AT_ONCE)]
    assert executor.ways == 4


async def test_what_fails_is_raised_to_whoever_asked_and_to_nobody_else(executor: CountingExecutor) -> None:
    signatures = Signatures(executor, THREADS)

    def fails() -> dict[str, str]:
        raise ValueError("no such key")

    asked = [signatures.made(sign) for sign in (dict, fails, dict, dict)]
    made = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(one) for one in made] == [dict, ValueError, dict, dict]


async def test_who_gives_up_leaves_the_others_theirs(executor: CountingExecutor) -> None:
    signatures = Signatures(executor, THREADS)
    impatient, patient = (asyncio.create_task(signatures.made(dict)) for _ in range(2))
    await asyncio.sleep(0)

    impatient.cancel()

    assert await patient == {}
    assert await signatures.made(dict) == {}


async def test_nobody_waits_for_ever_when_the_process_ends(executor: CountingExecutor) -> None:
    signatures = Signatures(executor, THREADS)
    executor.shutdown()

    with pytest.raises(RuntimeError):
        await signatures.made(dict)
