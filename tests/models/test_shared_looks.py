"""Who asks the same question of different things at the same time shares a look, and is answered as if alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select

from models import Database
from models.accounts import Account
from models.questions import WORDS, Question, Row, among
from models.shared_looks import SharedLooks
from tests.models.test_database import account

NAMED = Question(select(Account.username, Account.id).where(among(Account.username, "names", WORDS)))


class Server:
    """Knows who is called how when it is asked; answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.known = {"ana": [("ana", 1)], "bob": [("bob", 2), ("bob", 3)]}
        self.was_asked = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.is_broken = False

    @asynccontextmanager
    async def glancing(self) -> AsyncIterator[Any]:
        yield self

    async def ask(self, _question: Question, values: Mapping[str, Any]) -> list[Row]:
        names = values["names"]
        self.asked.append(names)
        self.was_asked.set()
        found = [row for name in reversed(names) for row in self.known.get(name, ())]
        await self.open.wait()
        if self.is_broken:
            raise ConnectionError
        return found


async def test_those_who_come_together_share_a_look_and_each_gets_what_is_about_his() -> None:
    server = Server()
    looks = SharedLooks(server.glancing)
    found = await asyncio.gather(*(looks.rows(NAMED, "names", names) for names in (["bob"], ["ana", "eve"], ["bob"])))
    assert found == [server.known["bob"], server.known["ana"], server.known["bob"]]
    assert server.asked == [["bob", "ana", "eve"]]


async def test_who_comes_during_a_look_is_told_what_a_later_one_finds() -> None:
    server = Server()
    server.open.clear()
    looks = SharedLooks(server.glancing)
    first = asyncio.create_task(looks.rows(NAMED, "names", ["ana"]))
    await server.was_asked.wait()
    others = [asyncio.create_task(looks.rows(NAMED, "names", [name])) for name in ("ana", "bob")]
    await asyncio.sleep(0)
    server.known["ana"] = [("ana", 4)]
    server.open.set()
    assert await first == [("ana", 1)]
    assert await asyncio.gather(*others) == [[("ana", 4)], server.known["bob"]]
    assert server.asked == [["ana"], ["ana", "bob"]]


async def test_a_failure_is_everybodys_and_the_next_look_is_a_new_one() -> None:
    server = Server()
    server.is_broken = True
    looks = SharedLooks(server.glancing)
    outcomes = await asyncio.gather(
        *(looks.rows(NAMED, "names", [name]) for name in ("ana", "bob")), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [ConnectionError, ConnectionError]
    server.is_broken = False
    assert await looks.rows(NAMED, "names", ["ana"]) == server.known["ana"]


async def test_who_goes_away_does_not_take_the_answer_from_the_others() -> None:
    server = Server()
    server.open.clear()
    looks = SharedLooks(server.glancing)
    gone, stays = (asyncio.create_task(looks.rows(NAMED, "names", [name])) for name in ("ana", "bob"))
    await server.was_asked.wait()
    gone.cancel()
    server.open.set()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await stays == server.known["bob"]


async def test_a_database_is_asked_for_all_of_them(database: Database) -> None:
    async with database.unit_of_work() as unit:
        made = [account(unit, name) for name in ("ana", "bob")]
        unit.session.add_all(made)
    ana, bob = (one.id for one in made)
    wishes = (["bob", "ana"], ["eve"], ["ana"])
    found = await asyncio.gather(*(database.glance_together(NAMED, "names", names) for names in wishes))
    assert [sorted(rows) for rows in found] == [[("ana", ana), ("bob", bob)], [], [("ana", ana)]]
