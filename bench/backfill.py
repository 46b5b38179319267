"""Backfill: an office follows a hashtag under which another has written 10,000 posts; how fast they are here.

Both are real offices, each a process of its own on the same machine, so the one that gives costs as much as the one
that reads. Every post carries its author's proof, and each is verified.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from access.tokens import create_token
from bench.office import BenchFailed, Office, free_domain, running_office
from bench.people import WORDS
from models.accounts import Account
from models.visibility import Visibility
from outbox.composing import compose
from outbox.statuses import publish_status
from server.context import open_services
from server.settings import load_settings
from server.users import create_user

AUTHORS = 20
AT_ONCE = 100
STALLED_SECONDS = 30.0
TAG = "biblioteca"
STORED = "SELECT count(*) FROM status_tags"
COMPLETE = "SELECT count(*) FROM topic_subscriptions WHERE complete_at IS NOT NULL"


@dataclass(frozen=True)
class Backfilled:
    """`cpu_ms` are of one post, at the office that reads and at the one that gives."""

    posts: int
    seconds: float
    reader_cpu_ms: float
    giver_cpu_ms: float
    memory_mib: float

    @property
    def per_second(self) -> float:
        return self.posts / self.seconds


async def measure_backfill(
    posts: int, report: Callable[[str], None], settings: tuple[Mapping[str, str], Mapping[str, str]]
) -> Backfilled:
    """Fill one office, have the other follow, and watch. Each has settings of its own: where its database is."""
    giver, reader = free_domain("127.0.0.1"), free_domain("127.0.0.2")
    tokens: list[str] = []

    async def fill(environ: dict[str, str]) -> None:
        report(f"backfill: writing {posts} posts")
        await _fill(environ, reader, posts)

    async def make_reader(environ: dict[str, str]) -> None:
        tokens.append(await _make_reader(environ, giver))

    async with (
        running_office(domain=giver, prepare=fill, settings=settings[0]) as madrid,
        running_office(domain=reader, prepare=make_reader, settings=settings[1]) as lisbon,
    ):
        await madrid.settle()
        await lisbon.settle()
        return await _watch(madrid, lisbon, tokens[0], posts)


async def _watch(madrid: Office, lisbon: Office, token: str, posts: int) -> Backfilled:
    before = (madrid.cpu_seconds, lisbon.cpu_seconds)
    started = time.perf_counter()
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{lisbon.origin}/api/v1/tags/{TAG}/follow"
    async with aiohttp.ClientSession(headers=headers) as client, client.post(address) as response:
        if response.status != 200:
            raise BenchFailed(f"following was answered {response.status}: {await response.text()}")
    if await lisbon.wait_for_count(posts, STALLED_SECONDS, STORED) < posts:
        raise BenchFailed(f"only {await lisbon.count(STORED)} of {posts} posts came")
    await lisbon.wait_for_count(1, STALLED_SECONDS, COMPLETE)
    seconds = time.perf_counter() - started
    return Backfilled(
        posts,
        seconds,
        (lisbon.cpu_seconds - before[1]) * 1000 / posts,
        (madrid.cpu_seconds - before[0]) * 1000 / posts,
        lisbon.memory_mib,
    )


async def _fill(environ: dict[str, str], peer: str, posts: int) -> None:
    settings = load_settings(None, environ)
    async with open_services(settings) as services:
        authors: list[Account] = []
        async with services.database.unit_of_work() as unit:
            await services.peers.admit(unit, peer, is_limited=False)
            for number in range(AUTHORS):
                made = await create_user(unit, services, name=f"author{number}", email=f"a{number}@bench.example",
                                         password_hash=None)  # fmt: skip
                authors.append(made.account)
        for start in range(0, posts, AT_ONCE):
            async with services.database.unit_of_work() as unit:
                unit.now -= timedelta(seconds=posts - start)
                for number in range(start, min(start + AT_ONCE, posts)):
                    unit.now += timedelta(seconds=1)  # one moment has room for few ids
                    author = await unit.session.get_one(Account, authors[number % AUTHORS].id)
                    text = f"{number}. {WORDS[:300]} #{TAG}"
                    draft = await compose(services, author, text, visibility=Visibility.PUBLIC)
                    await publish_status(services, unit, author, draft)
            await asyncio.sleep(0)


async def _make_reader(environ: dict[str, str], peer: str) -> str:
    settings = load_settings(None, environ)
    async with open_services(settings) as services, services.database.unit_of_work() as unit:
        await services.peers.admit(unit, peer, is_limited=False)
        made = await create_user(unit, services, name="reader", email="reader@bench.example", password_hash=None)
        await unit.session.flush()
        return create_token(unit, made.user, "read write follow")


def render_backfill(found: Backfilled) -> str:
    """One line."""
    return (
        f"backfill of {found.posts} posts: {found.per_second:.0f} a second ({found.seconds:.1f} s);"
        f" CPU of a post {found.reader_cpu_ms:.2f} ms where it is read, {found.giver_cpu_ms:.2f} ms where it is given;"
        f" {found.memory_mib:.0f} MiB after it"
    )
