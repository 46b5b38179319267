"""The benchmark's parts against a real office, as small as they get; and what it reads from the system."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import text

from bench.databases import URL
from bench.fleet import running_fleet
from bench.inbound import addresses, gather_readership, measure_inbound
from bench.killed import measure_killed
from bench.office import Office, running_office
from bench.people import KeyPool, Pen, new_person
from bench.sending import post_all, prepare
from keys.signing import Scheme
from models import Database

SLOW = {"sqlite": "SELECT 1", "postgresql": "SELECT sum(one) FROM generate_series(1, 200000) AS one"}


@pytest.fixture(scope="module")
def pool() -> KeyPool:
    return KeyPool(1)


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[bytes]]:
    program = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_cpu_and_memory_are_those_of_the_process(busy: subprocess.Popen[bytes]) -> None:
    office = Office("http://127.0.0.1:1", Path(), busy, {})
    assert 0.25 <= office.cpu_seconds < 1.0
    resident = next(line for line in Path(f"/proc/{busy.pid}/status").read_text().splitlines() if "VmRSS" in line)
    assert office.memory_mib == pytest.approx(int(resident.split()[1]) / 1024, abs=1)


async def test_what_a_database_needs_beside_the_office_is_told_apart(
    database: Database, busy: subprocess.Popen[bytes]
) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    office = Office("http://127.0.0.1:1", Path(), busy, {} if database.is_sqlite else {URL: url})
    async with database.reading() as session:
        before = await office.database_cpu_seconds()
        await session.execute(text(SLOW[session.get_bind().dialect.name]))
        used = await office.database_cpu_seconds() - before
    await office.close()
    assert used == 0 if database.is_sqlite else used > 0


async def test_the_fleet_is_a_peer_and_counts_what_arrives(pool: KeyPool) -> None:
    async with running_fleet(["127.0.0.1", "127.0.0.2"]) as fleet, aiohttp.ClientSession() as client:
        ana, bob = (new_person(fleet.host(address), "someone", pool) for address in ("127.0.0.1", "127.0.0.2"))
        fleet.publish_person(ana)
        async with client.get(ana.uri) as response:
            assert (await response.json(content_type=None))["inbox"] == f"{ana.uri}/inbox"
        async with client.get(bob.uri) as response:
            assert response.status == 404
        async with client.get(f"http://{ana.host}/.well-known/webfinger?resource=acct:someone@{ana.host}") as response:
            assert (await response.json(content_type=None))["links"][0]["href"] == ana.uri
        notes = [Pen("t").create(bob) for _ in range(3)]
        sent = [prepare(bob, f"{ana.uri}/inbox", note, Scheme.RFC9421_ED25519) for note in notes]
        assert await post_all(sent, 2) == {202: 3}
        assert await fleet.wait_for("Create", 3, 30.0) == 3
        assert (fleet.rfc9421, fleet.arrived["Follow"]) == (3, 0)


async def test_a_small_round_loses_nothing_even_when_the_office_is_killed(pool: KeyPool) -> None:
    async with running_fleet(addresses()) as fleet, running_office() as office:
        assert office.memory_mib > 20
        readership = await gather_readership(office, fleet, pool)
        found = await measure_inbound(office, fleet, readership, scheme=Scheme.CAVAGE_RSA, size=40, name="t")
        assert (found.refused, found.lost) == (0, 0)
        assert found.cpu_ms > 0
        assert await measure_killed(office, fleet, readership, 40) == 0
