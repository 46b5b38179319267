"""What is done together: in groups, each with a result of its own, and never two that want the same."""

import asyncio
from dataclasses import dataclass

import pytest

from federation.together import Together


@dataclass(frozen=True)
class Wish:
    name: str
    claims: frozenset[str]


def wish(name: str, *claims: str) -> Wish:
    return Wish(name, frozenset(claims or (name,)))


async def test_many_share_a_group_and_each_gets_its_own_result() -> None:
    groups: list[list[str]] = []
    has_begun, may_go = asyncio.Event(), asyncio.Event()

    async def work(group: list[Wish]) -> list[str | Exception]:
        groups.append([one.name for one in group])
        has_begun.set()
        await may_go.wait()
        if len(group) > 1 and any(one.name == "bomb" for one in group):
            raise RuntimeError("the whole group fails")
        return [ValueError(one.name) if one.name in ("bad", "bomb") else one.name.upper() for one in group]

    together: Together[Wish, str] = Together()
    first = asyncio.create_task(together.do(wish("first"), work))
    await has_begun.wait()
    names = ["a", "bad", "c", "same", "same", "bomb"]
    others = [asyncio.create_task(together.do(wish(name), work)) for name in names]
    hung_up = asyncio.create_task(together.do(wish("gone"), work))
    await asyncio.sleep(0)
    hung_up.cancel()
    may_go.set()
    results = await asyncio.gather(first, *others, return_exceptions=True)
    assert [str(result) for result in results] == ["FIRST", "A", "bad", "C", "SAME", "SAME", "bomb"]
    assert groups[1] == ["a", "bad", "c", "same", "bomb", "gone"]  # the second "same" waits for the next group
    assert sorted(name for group in groups[2:] for name in group) == ["a", "bad", "bomb", "c", "gone", "same", "same"]
    with pytest.raises(asyncio.CancelledError):
        await hung_up
