"""SIGKILL at a random moment in the middle of 500 inbound and 500 outbound activities: none is lost, none is doubled.

The office is killed and started again on the same data directory, three times, each time under new load. It takes the
environment variable TERTULIA_TEST_KILLS to have another number of rounds (`TERTULIA_TEST_KILLS=10 pytest
tests/end_to_end/test_kill.py -s`), and TERTULIA_TEST_SEED to kill at the same moments again.
"""

import asyncio
import os
import random
import time
from collections import Counter
from dataclasses import dataclass

import aiohttp
import pytest

from tests.end_to_end.conftest import OpenInstance
from tests.end_to_end.crowd import Crowd, Parcel, crowd, until_total
from tests.end_to_end.instance import Instance, JsonObject, Person, Running
from tests.end_to_end.waiting import eventually
from tests.remote_peers import PUBLIC

pytestmark = pytest.mark.timeout(600)
ROUNDS = int(os.environ.get("TERTULIA_TEST_KILLS", "3"))
HOSTS, AUTHORS = 50, 10
NOTES, FOLLOWS, POSTS = 490, 10, 10  # 500 in, and 10 to 50 hosts out
LOAD = NOTES + FOLLOWS + POSTS * HOSTS


@dataclass
class Onslaught:
    """One round: what is sent to the office, what its writer says, and the moment at which it is killed."""

    number: int
    office: Instance
    reader: Person
    writer: Person
    crowd: Crowd
    running: Running

    async def parcels(self, dice: random.Random) -> list[Parcel]:
        """Notes for followers, every tenth with a mention, and Follows by people nobody has seen yet."""
        made = [self._note(number) for number in range(NOTES)]
        for server in self.crowd.servers[:FOLLOWS]:
            newcomer = await server.actor(f"newcomer{self.number}")
            made.append(Parcel(newcomer, self.writer.inbox_url, newcomer.follow(self.writer.uri)))
        dice.shuffle(made)
        return made

    def _note(self, number: int) -> Parcel:
        author = self.crowd.authors[number % AUTHORS]
        more: JsonObject = {"to": [author.followers_url], "cc": []}
        if number % 10 == 0:
            more |= {"cc": [self.reader.uri], "tag": [{"type": "Mention", "href": self.reader.uri}]}
        note = author.note(f"<p>Note {number} of round {self.number}</p>", **more)
        return Parcel(author, f"{self.office.origin}/inbox", author.create(note))

    async def run(self, dice: random.Random) -> None:
        """Send, publish, kill, start again, and come to the end of everything that was begun."""
        parcels = await self.parcels(dice)
        accepted, heard = len(self.crowd.accepted), self.crowd.heard
        moment = dice.randrange(LOAD // 20, LOAD * 9 // 10)
        working = asyncio.gather(self.crowd.send_all(parcels), self._publish(accepted, dice))
        try:
            await eventually(lambda: self._has_come_to(accepted + heard + moment), pause=0.001)
            await self.running.kill()
            print(f"round {self.number}: killed after {len(self.crowd.accepted) - accepted} of {len(parcels)} in, "
                  f"{self.crowd.heard - heard} of {POSTS * HOSTS} out")  # fmt: skip
            started = time.perf_counter()
            self.running = await self.office.serve()
            print(f"  up again after {time.perf_counter() - started:.1f} s")
            await working
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
        print(f"  everything answered after {time.perf_counter() - started:.1f} s")
        assert {parcel.id for parcel in parcels} <= self.crowd.accepted

    async def _has_come_to(self, progress: int) -> bool:
        return len(self.crowd.accepted) + self.crowd.heard >= progress

    async def _publish(self, accepted: int, dice: random.Random) -> None:
        """Say ten things while the first half comes in."""
        moments = [accepted + dice.randrange(NOTES // 2) for _ in range(POSTS)]
        texts = [f"Post {number} of round {self.number}" for number in range(POSTS)]
        await asyncio.gather(*(self._publish_one(text, at) for text, at in zip(texts, moments, strict=True)))

    async def _publish_one(self, text: str, moment: int) -> None:
        """Say it when so much has been accepted.

        A client that got no answer looks whether it was said before it says it again.
        """

        async def accepted() -> int:
            return len(self.crowd.accepted)

        await eventually(accepted, lambda found: found >= moment, pause=0.005)
        note = {"type": "Note", "content": text, "to": [PUBLIC], "cc": [self.writer.followers_url]}
        try:
            await self.office.say(self.writer, note)
        except aiohttp.ClientError:
            said = await eventually(self._said, lambda found: found is not None)
            if text not in (said or {}).values():
                await self.office.say(self.writer, note)

    async def _said(self) -> dict[str, str] | None:
        try:
            return await published(self.office, self.writer)
        except aiohttp.ClientError:
            return None


async def published(office: Instance, writer: Person) -> dict[str, str]:
    """Ids of the Creates in the writer's outbox, and what was said."""
    found: dict[str, str] = {}
    page = (await office.get(writer.outbox_url, token=writer.token)).json
    page = page.get("first", page)
    while page is not None:
        if isinstance(page, str):
            page = (await office.get(page, token=writer.token)).json
        for activity in page.get("orderedItems", []):
            note = activity["object"]
            found[activity["id"]] = note["content"].removeprefix("<p>").removesuffix("</p>")
        page = page.get("next")
    return found


async def assert_nothing_lost_or_doubled(office: Instance, reader: Person, writer: Person, around: Crowd) -> None:
    """Wait until all is quiet, then count."""
    notes = {uri for server in around.servers for uri in _notes_of(server.documents.values())}
    rounds = len(notes) // NOTES

    async def feed() -> Counter[str]:
        return Counter(dict(office.rows(
            "SELECT s.uri, count(*) FROM feed_entries f JOIN statuses s ON s.id = f.status_id JOIN accounts a "
            "ON a.id = f.account_id WHERE a.uri = ? GROUP BY s.uri", reader.uri)))  # fmt: skip

    await eventually(feed, lambda found: len(found) == len(notes))
    assert await feed() == Counter(notes)  # the home timeline: each once
    said = await published(office, writer)
    assert sorted(said.values()) == sorted(f"Post {post} of round {each}" for each in range(rounds)
                                           for post in range(POSTS))  # fmt: skip
    everywhere = dict.fromkeys((server.host for server in around.servers), said.keys())

    async def heard() -> dict[str, set[str]]:
        return {host: set(ids) for host, ids in around.arrived("Create").items()}

    await eventually(heard, lambda found: found == everywhere)  # everybody got all of it, under the same ids
    queues = await eventually(office.queues, lambda found: found["deliveries"]["queued"] == 0)
    assert queues["deliveries"] == {"queued": 0, "dead": 0}
    assert queues["inbound"] == {"queued": 0, "failed": 0}
    _assert_told_once(office, notes, rounds)
    _assert_accepted_once(around, rounds)
    await until_total(office, writer, "followers", HOSTS + FOLLOWS * rounds)


def _notes_of(documents: "object") -> list[str]:
    return [str(document["id"]) for document in documents  # type: ignore[attr-defined]
            if isinstance(document, dict) and document["type"] == "Note"]  # fmt: skip


def _assert_told_once(office: Instance, notes: set[str], rounds: int) -> None:
    """Notifications are visible effects: one a mention, one a follower."""
    told = Counter(dict(office.rows("SELECT kind, count(*) FROM notifications GROUP BY kind")))
    assert told == {"mention": NOTES // 10 * rounds, "follow": HOSTS + FOLLOWS * rounds}
    assert office.rows("SELECT count(*) FROM statuses WHERE uri NOT LIKE ?", f"{office.origin}/%") == [(len(notes),)]
    assert office.rows("SELECT state, count(*) FROM inbound_activities GROUP BY state") == [
        ("done", len(notes) + AUTHORS + HOSTS + FOLLOWS * rounds)
    ]


def _assert_accepted_once(around: Crowd, rounds: int) -> None:
    """A Follow that was sent twice is one Follow, and has one answer, whatever happened in between."""
    accepts: dict[str, set[str]] = {}
    for server in around.servers:
        for one in server.received:
            if one.type == "Accept":
                accepts.setdefault(one.json["object"]["id"], set()).add(one.json["id"])
    assert len(accepts) == HOSTS + FOLLOWS * rounds
    assert {len(ids) for ids in accepts.values()} == {1}


async def test_a_killed_office_loses_nothing_and_repeats_nothing_visible(open_instance: OpenInstance) -> None:
    seed = int(os.environ.get("TERTULIA_TEST_SEED", random.randrange(1 << 30)))
    print(f"\nseed {seed}")
    office = await open_instance("madrid", federation="open", rate_limits="off", default_communities="none")
    running = await office.serve()
    reader, writer = await office.create_person("reader"), await office.create_person("writer")
    async with crowd(HOSTS, AUTHORS) as around:
        await around.befriend(office, reader, writer)
        for number in range(ROUNDS):
            onslaught = Onslaught(number, office, reader, writer, around, running)
            await onslaught.run(random.Random(seed + number))
            running = onslaught.running
        await assert_nothing_lost_or_doubled(office, reader, writer, around)
        assert await running.terminate() == 0
        report(around)


def report(around: Crowd) -> None:
    """The figures, for those who run it with -s."""
    creates = sum(sum(ids.values()) for ids in around.arrived("Create").values())
    deliveries = POSTS * HOSTS * ROUNDS
    print(f"{ROUNDS} kills: {len(around.accepted)} activities accepted, {len(around.unanswered)} of them sent again; "
          f"{deliveries} deliveries arrived, {creates - deliveries} of them twice")  # fmt: skip
