"""`python -m bench.search`: how long a search over very many posts takes a client, on SQLite or PostgreSQL.

An office is started and filled with posts of a made-up language whose words are as unevenly used as those of real ones
(Zipf); then searches of several kinds go over HTTP, one after the other, as an app sends them.
"""

import itertools
import os
import platform
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import click
import uvloop
from sqlalchemy import insert

from bench.databases import URL, running_postgresql
from bench.office import Account, BenchFailed, Office, running_office
from bench.table import Row, render
from models import Database, UnitOfWork
from models import accounts as account_tables
from models.statuses import Mention, Status
from social.search.refill import fill_index, tidy_index

AUTHORS = 300
WORDS = 20_000
LENGTH = 30
AT_ONCE = 2_000
TIMES = 40
SPAN = timedelta(days=700)
SYLLABLES = "ba ce di fo gu la me ni ro su ta ve pi lo ca".split()
# A word of private mail only: the worst that a search can meet.
HIDDEN = "confidencial"


@click.command()
@click.option("--statuses", default=200_000, show_default=True, type=click.IntRange(1_000, 5_000_000))
@click.option("--postgresql", is_flag=True, help="On a PostgreSQL from the wheel that the tests use.")
def main(statuses: int, postgresql: bool) -> None:
    """Measure searches and print a table."""
    with ExitStack() as stack:
        settings = {"TERTULIA_FEDERATION": "closed"}
        if postgresql:
            settings[URL] = stack.enter_context(running_postgresql())
        found = uvloop.run(measure(statuses, settings))
    database = "PostgreSQL" if postgresql else "SQLite"
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}, Python "
        f"{platform.python_version()}), load {os.getloadavg()[0]:.1f}, {database}, {statuses} posts\n"
    )
    print(render([found], {}, rows=rows()))


def words() -> list[str]:
    """Made-up words, the most used first."""
    return ["".join(parts) for parts in itertools.islice(itertools.product(SYLLABLES, repeat=4), WORDS)]


def queries(chance: random.Random) -> dict[str, list[str]]:
    """Searches of each kind."""
    known = words()

    def some(start: int, end: int) -> str:
        return chance.choice(known[start:end])

    kinds = {
        "common": lambda: some(0, 10),
        "usual": lambda: some(200, 1_000),
        "rare": lambda: some(15_000, 20_000),
        "two": lambda: f"{some(0, 30)} {some(0, 30)}",
        "mixed": lambda: f"{some(0, 10)} {some(5_000, 20_000)}",
        "three": lambda: f"{some(0, 100)} {some(0, 100)} {some(100, 1_000)}",
        "phrase": lambda: f'"{some(0, 10)} {some(0, 10)}"',
        "prefix": lambda: f"{some(0, 1_000)[:5]}*",
        "from": lambda: f"from:author{chance.randrange(AUTHORS)}@peer.test {some(0, 30)}",
        "facets": lambda: f"{some(0, 100)} language:es before:{chance.randrange(2025, 2027)}-06 -{some(0, 100)}",
        "nothing": lambda: "inexistente",
        "hidden": lambda: HIDDEN,
    }
    return {name: [make() for _ in range(TIMES)] for name, make in kinds.items()}


def rows() -> list[Row]:
    labels = {
        "common": "one of the ten commonest words", "usual": "a word of everyday", "rare": "a rare word",
        "two": "two common words", "mixed": "a common and a rare word", "three": "three words",
        "phrase": "a phrase of common words", "prefix": "the beginning of a word", "from": "a word by one author",
        "facets": "a word in a language, up to a month, without another", "nothing": "a word that nobody wrote",
        "hidden": "a word of 10 % of the posts, none of them for the reader", "all": "all of them",
    }  # fmt: skip
    made = [Row("index", "writing the index", "a second")]
    for name, label in labels.items():
        made += [Row(f"{name}.50", f"{label}: p50", "ms"), Row(f"{name}.95", "– p95", "ms", most=100)]
        made += [Row(f"{name}.cpu", "– CPU of the server each", "ms")]
    return made


async def measure(count: int, settings: dict[str, str]) -> dict[str, float]:
    """Every figure by its name."""
    async with running_office(settings=settings) as office, aiohttp.ClientSession() as client:
        reader = await office.new_account("reader")
        database = office.open_database()
        chance = random.Random(7)
        started = time.perf_counter()
        await fill(database, count, chance)
        print(f"  {count} posts in {time.perf_counter() - started:.0f} s", flush=True)
        started = time.perf_counter()
        await fill_index(database)
        found = {"index": count / (time.perf_counter() - started)}
        await tidy_index(database)
        if not database.is_sqlite:
            await _analyse(database)
        await database.close()
        times: dict[str, list[float]] = {}
        await office.settle()
        for name, texts in queries(chance).items():
            before = office.cpu_seconds
            times[name] = sorted([await _search(office, client, reader, text) for text in texts])
            found[f"{name}.cpu"] = (office.cpu_seconds - before) * 1000 / len(texts)
        times["all"] = sorted(itertools.chain(*times.values()))
    for name, values in times.items():
        found |= {f"{name}.{part}": values[len(values) * part // 100] * 1000 for part in (50, 95)}
    return found


async def _analyse(database: Database) -> None:
    async with database.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.exec_driver_sql("VACUUM ANALYZE")


async def _search(office: Office, client: aiohttp.ClientSession, reader: Account, text: str) -> float:
    started = time.perf_counter()
    async with client.get(
        f"{office.origin}/api/v2/search",
        params={"q": text, "type": "statuses"},
        headers={"Authorization": f"Bearer {reader.token}"},
    ) as response:
        body = await response.read()
        if response.status != 200:
            raise BenchFailed(f"a search was answered {response.status}: {body[:300]!r}")
    return time.perf_counter() - started


async def fill(database: Database, count: int, chance: random.Random) -> None:
    """Authors at a peer and their posts: 85 % public, 10 % to somebody else, 5 % for followers."""
    async with database.unit_of_work() as unit:
        authors = [_author(unit, number) for number in range(AUTHORS)]
        await unit.session.execute(insert(account_tables.Account), authors)
    known, weights = words(), list(itertools.accumulate(1 / rank for rank in range(1, WORDS + 1)))
    for start in range(0, count, AT_ONCE):
        async with database.unit_of_work() as unit:
            size = min(AT_ONCE, count - start)
            posts = list(_posts(unit, authors, size, SPAN * (1 - start / count), known, weights, chance))
            await unit.session.execute(insert(Status), posts)
            mail = [
                {"status_id": post["id"], "account_id": authors[0]["id"]}
                for post in posts
                if post["visibility"] == "direct"
            ]
            await unit.session.execute(insert(Mention), mail)


def _author(unit: UnitOfWork, number: int) -> dict[str, Any]:
    uri = f"https://peer.test/users/author{number}"
    return {
        "id": unit.new_id(), "uri": uri, "username": f"author{number}", "domain": "peer.test",
        "inbox_url": f"{uri}/inbox", "created_at": unit.now, "updated_at": unit.now,
    }  # fmt: skip


def _posts(
    unit: UnitOfWork, authors: list[dict[str, Any]], size: int, age: timedelta, known: list[str], weights: list[float],
    chance: random.Random,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    for number in range(size):
        published_at = unit.now - age + timedelta(seconds=number)
        status_id = unit.new_id(published_at)
        audience = chance.random()
        visibility = "direct" if audience < 0.1 else "private" if audience < 0.15 else "public"
        text = " ".join(chance.choices(known, cum_weights=weights, k=LENGTH))
        yield {
            "id": status_id, "uri": f"https://peer.test/statuses/{status_id}", "visibility": visibility,
            "account_id": chance.choice(authors)["id"], "conversation_id": status_id, "published_at": published_at,
            "content_html": f"<p>{HIDDEN + ' ' if visibility == 'direct' else ''}{text}</p>", "created_at": unit.now,
            "language": chance.choice(("es", "en", "de", "fr", "pt")),
        }  # fmt: skip


if __name__ == "__main__":
    main()
