"""Two offices started by hand, with the commands of the manual, under address:port: everything crosses, both ways.

First with draft-cavage signatures only, then with RFC 9421 only; in another test with whatever the two agree on, one
office then being split over processes on PostgreSQL. A reverse proxy in front of each sees to that, and counts.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.conftest import Postgres
from tests.end_to_end import crossing
from tests.end_to_end.conftest import OpenInstance
from tests.end_to_end.crossing import Somebody
from tests.end_to_end.front import EVERY_KIND, Front, front
from tests.end_to_end.instance import Instance, JsonObject, make_peers
from tests.end_to_end.waiting import eventually

pytestmark = pytest.mark.timeout(600)  # some fifty processes, one after the other
PEOPLE = ("staying", "leaving", "arriving")
Place = tuple[int, str]  # which office, and who there


@dataclass(frozen=True)
class Pair:
    """Two offices that are peers, with much the same names in each, and what stands in front of them."""

    offices: tuple[Instance, Instance]
    fronts: tuple[Front, Front]
    people: dict[tuple[int, str], Somebody]

    def somebody(self, office: int, name: str = "staying") -> Somebody:
        return self.people[office, name]


class Opening:
    """Opens pairs; everything ends with the test."""

    def __init__(self, open_instance: OpenInstance, stack: AsyncExitStack) -> None:
        self._open_instance = open_instance
        self._stack = stack

    async def __call__(self, understands: Collection[str], database_url: str = "") -> Pair:
        fronts = (
            await self._stack.enter_async_context(front("127.0.0.1", understands)),
            await self._stack.enter_async_context(front("127.9.0.3", understands)),
        )
        madrid = await self._open_instance("madrid", "127.0.0.1", **_settings(fronts[0]), database_url=database_url)
        lisbon = await self._open_instance("lisbon", "127.9.0.3", **_settings(fronts[1]))
        if database_url:
            await madrid.done("migrate")
        early = await madrid.command("peer", "add", lisbon.domain)  # isn't up yet
        assert early.exit_code == 1
        assert "Nothing was proposed" in early.errors
        await asyncio.gather(_start(madrid, is_split=bool(database_url)), _start(lisbon, is_split=False))
        await make_peers(madrid, lisbon)
        hired = await asyncio.gather(_hire(madrid, *PEOPLE, "late"), _hire(lisbon, *PEOPLE))
        people = {(number, name): made for number in (0, 1) for name, made in hired[number].items()}
        return Pair((madrid, lisbon), fronts, people)


def _settings(proxy: Front) -> dict[str, str]:
    return {"domain": proxy.domain, "listen": proxy.listen, "log_level": "debug"}


async def _start(office: Instance, *, is_split: bool) -> None:
    if not is_split:
        await office.serve()
        return
    await office.serve("--roles", "http")
    await office.until_working(await office.start("worker", "--roles", "inbox,delivery,jobs"))


async def _hire(office: Instance, *names: str) -> dict[str, Somebody]:
    return {name: Somebody(office, await office.create_person(name)) for name in names}


@pytest.fixture
async def open_pair(open_instance: OpenInstance) -> AsyncIterator[Opening]:
    async with AsyncExitStack() as stack:
        yield Opening(open_instance, stack)


@pytest.fixture
async def postgres_url(postgres: Postgres) -> AsyncIterator[str]:
    """A database without tables."""
    url = postgres.url.set(database=f"tertulia_{uuid.uuid4().hex}")
    await postgres.execute(f'CREATE DATABASE "{url.database}"')
    yield url.render_as_string(hide_password=False)
    await postgres.drop_database(url)


async def test_everything_crosses_both_ways_over_either_kind_of_signature(open_pair: Opening) -> None:
    pair = await open_pair({"cavage"})
    await everything_crosses(pair, [((0, "leaving"), (1, "arriving")), ((1, "leaving"), (0, "arriving"))])
    await was_signed_by(pair, "cavage")

    for one in pair.fronts:  # as if both had been exchanged for software that has never heard of the draft
        one.understands = {"rfc9421"}
        one.delivered.clear()
        one.refused.clear()
    await everything_crosses(pair, [((0, "arriving"), (1, "arriving")), ((1, "arriving"), (0, "late"))])
    await was_signed_by(pair, "rfc9421")


async def was_signed_by(pair: Pair, kind: str) -> None:
    """Both offices deliver with this kind only, and know it: they don't find it out each time anew."""
    for one in pair.fronts:
        assert one.delivered.keys() == {kind}
        assert one.refused.total() < 10
    for office, other in (pair.offices, pair.offices[::-1]):
        shown = (await office.done("peer", "show", other.domain, "--json")).json
        assert shown["scheme"].startswith(kind)


async def test_everything_crosses_both_ways_from_an_office_on_postgresql(open_pair: Opening, postgres_url: str) -> None:
    pair = await open_pair(EVERY_KIND, postgres_url)
    await everything_crosses(pair, [((0, "leaving"), (1, "arriving")), ((1, "leaving"), (0, "arriving"))])
    for one in pair.fronts:
        assert one.refused.total() == 0
        assert one.delivered["rfc9421"] > one.delivered["cavage"]  # announced by FEP-844e, and preferred


async def everything_crosses(pair: Pair, moves: list[tuple[Place, Place]]) -> None:
    """The whole list, in both directions."""
    ways = [(pair.somebody(0), pair.somebody(1)), (pair.somebody(1), pair.somebody(0))]
    for here, there in ways:
        await nothing_is_shown_to_strangers(here, there)
        await crossing.a_follow(here, there)
    for here, there in ways:
        await crossing.a_post_with_everything_that_answers_it(here, there)
        await crossing.a_poll_with_votes(here, there)
    for here, there in ways:
        await crossing.a_block(here, there)
    for leaving, arriving in moves:
        await crossing.a_move(pair.somebody(*leaving), pair.somebody(*arriving), [*ways[0]])
    for office in pair.offices:
        queues = await eventually(office.queues, lambda found: found["deliveries"]["queued"] == 0)
        assert (queues["deliveries"]["dead"], queues["inbound"]["failed"], queues["jobs"]["failed"]) == (0, 0, 0)
        assert errors_logged(office) == []


async def nothing_is_shown_to_strangers(here: Somebody, there: Somebody) -> None:
    """WebFinger is for everybody, posts of a closed network are for peers that sign."""
    found = (await there.office.done("lookup", f"@{here.person.acct}")).json
    assert found["id"] == here.uri
    post = await here.write("<p>Among ourselves</p>")
    assert (await here.office.get(post)).status == 401
    looked_up = (await there.office.done("lookup", post)).json  # fetched, signed by the instance actor
    assert (looked_up["id"], looked_up["content"]) == (post, "<p>Among ourselves</p>")


def errors_logged(office: Instance) -> list[JsonObject]:
    return [line for running in office.running for line in running.log_lines() if line["level"] == "error"]
