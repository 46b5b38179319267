"""Outbound: followers on many hosts, made by signed Follow activities, then posts to them.

A follower is one actor of a host; a host with several has one shared inbox, so it gets each post once.
"""

import time
from dataclasses import dataclass

import aiohttp

from bench.fleet import Fleet
from bench.inbound import CONNECTIONS
from bench.office import Account, BenchFailed, Office
from bench.people import PUBLIC, WORDS, KeyPool, Pen, new_person
from bench.sending import post_all, prepare
from keys.signing import Scheme

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
    """Deliveries; `answer_ms` is how long the client's POST of the first status took, `rfc9421` how many were so."""

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
    """Publish and wait until all of it has arrived at all hosts, and is written down as delivered."""
    await office.settle()
    arrived, signed = fleet.arrived["Create"], fleet.rfc9421
    wanted = posts * hosts
    note = {"type": "Note", "content": f"<p>{WORDS}</p>", "to": [PUBLIC], "cc": [f"{writer.uri}/followers"]}
    cpu, started = office.cpu_seconds, time.perf_counter()
    async with aiohttp.ClientSession() as client:
        answers = [await office.post_outbox(client, writer, note) for _ in range(posts)]
    found = await fleet.wait_for("Create", arrived + wanted, DELIVERY_SECONDS) - arrived
    seconds = time.perf_counter() - started
    await office.wait_for_count(0, 0.0, UNDELIVERED)
    await office.settle()
    cpu = office.cpu_seconds - cpu
    return Outbound(found / seconds, cpu * 1000 / wanted, wanted - found, answers[0] * 1000, fleet.rfc9421 - signed)
