"""Outbound: followers on many hosts, made by signed Follow activities, then posts to them.

A follower is one actor of a host; a host with several has one shared inbox, so it gets each post once.
"""

import statistics
import time
from dataclasses import dataclass

import aiohttp

from bench.fleet import Fleet
from bench.inbound import CONNECTIONS
from bench.office import Account, BenchFailed, Office
from bench.people import WORDS, KeyPool, Pen, new_person
from bench.sending import post_all, prepare
from keys.signing import Scheme

ANSWERS = 20  # so many times a client's post with all followers is answered
FOLLOW_SECONDS = 120.0
DELIVERY_SECONDS = 60.0
UNDELIVERED = "SELECT count(*) FROM deliveries WHERE state = 'queued'"


@dataclass(frozen=True)
class Follows:
    """New followers: seconds from the first Follow to the last Accept, CPU for each."""

    seconds: float
    cpu_ms: float
    lost: int


@dataclass(frozen=True)
class Outbound:
    """Deliveries; `answer_ms` is for how long the client waited (median), `rfc9421` how many were so."""

    per_second: float
    cpu_ms: float
    lost: int
    answer_ms: float
    rfc9421: int


def addresses(network: int, hosts: int) -> list[str]:
    """So many addresses of 127.<network>.0.0/16."""
    return [f"127.{network}.{number // 250}.{number % 250 + 1}" for number in range(hosts)]


async def gather_followers(
    office: Office, fleet: Fleet, pool: KeyPool, writer: Account, name: str, at: list[str], *, speaks_ed25519: bool
) -> Follows:
    """Have somebody called `name` on each of the addresses follow `writer`."""
    people = [new_person(fleet.host(address), name, pool, speaks_ed25519=speaks_ed25519) for address in at]
    pen = Pen(name)
    requests = []
    for person in people:
        fleet.publish_person(person)
        follow = pen.follow(person, writer.uri)
        requests.append(prepare(person, f"{writer.uri}/inbox", follow, Scheme.CAVAGE_RSA))
    await office.settle()
    accepted = fleet.arrived["Accept"]
    cpu, started = office.cpu_seconds, time.perf_counter()
    statuses = await post_all(requests, CONNECTIONS)
    if statuses[202] < len(requests):
        raise BenchFailed(f"Follows were answered {dict(statuses)}")
    found = await fleet.wait_for("Accept", accepted + len(people), FOLLOW_SECONDS) - accepted
    seconds = time.perf_counter() - started
    await office.settle()
    return Follows(seconds, (office.cpu_seconds - cpu) * 1000 / len(people), len(people) - found)


async def measure_posts(office: Office, fleet: Fleet, writer: Account, *, posts: int, hosts: int) -> Outbound:
    """Publish and wait until all of it has arrived at all hosts, and is written down as delivered.

    A single post is followed by others, one after the other, each when the one before has arrived: for what the client
    waits, and nothing else.
    """
    await office.settle()
    arrived, signed = fleet.arrived["Create"], fleet.rfc9421
    wanted = posts * hosts
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {writer.token}"}) as client:
        cpu, started = office.cpu_seconds, time.perf_counter()
        answers = [await _post(client, office) for _ in range(posts)]
        found = await fleet.wait_for("Create", arrived + wanted, DELIVERY_SECONDS) - arrived
        seconds = time.perf_counter() - started
        await office.wait_for_count(0, 0.0, UNDELIVERED)
        await office.settle()
        cpu, signed = office.cpu_seconds - cpu, fleet.rfc9421 - signed
        for number in range(posts, ANSWERS):
            answers.append(await _post(client, office))
            await fleet.wait_for("Create", arrived + found + hosts * (number + 1 - posts), DELIVERY_SECONDS)
            await office.wait_for_count(0, 0.0, UNDELIVERED)
    return Outbound(found / seconds, cpu * 1000 / wanted, wanted - found, statistics.median(answers) * 1000, signed)


async def _post(client: aiohttp.ClientSession, office: Office) -> float:
    """Say something as an app does; how many seconds the answer took."""
    started = time.perf_counter()
    async with client.post(f"{office.origin}/api/v1/statuses", data={"status": WORDS}) as response:
        body = await response.read()
        if response.status != 200:
            raise BenchFailed(f"POST /api/v1/statuses was answered {response.status}: {body[:300]!r}")
    return time.perf_counter() - started
