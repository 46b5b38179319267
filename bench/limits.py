"""What this machine can do at best, to hold the results against: signatures, bare HTTP, rows on the disk."""

import asyncio
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from statistics import median
from types import MappingProxyType
from typing import Final

from bench.office import BenchFailed
from bench.processes import cpu_seconds
from bench.sending import Prepared, post_all
from keys.keypairs import ALGORITHMS, PrivateKey, generate_ed25519, generate_rsa

SIGNATURES = 200
REQUESTS = 4_000
ROWS = 20_000
BODY = b"x" * 1536
TIMES = 5  # the median counts: of one run in three something else took a part
# Of the machine on which GoToSocial was measured and the targets were set; they are to be held against these.
WHERE_TARGETS_ARE_FROM: Final[Mapping[str, float]] = MappingProxyType(
    {"RSA-2048: sign (ms)": 1.0, "RSA-2048: verify (ms)": 0.05, "bare aiohttp: GET (ms)": 0.063}
)


async def machine_limits() -> dict[str, float]:
    """Milliseconds of CPU for one of each, but for the rows, which are rows a second."""
    rsa_sign, rsa_verify = _signatures(generate_rsa())
    ed_sign, ed_verify = _signatures(generate_ed25519())
    return {
        "RSA-2048: sign (ms)": rsa_sign,
        "RSA-2048: verify (ms)": rsa_verify,
        "Ed25519: sign (ms)": ed_sign,
        "Ed25519: verify (ms)": ed_verify,
        **await _bare_aiohttp(),
        "SQLite, WAL, FULL: rows a second, 100 in a transaction": _rows_per_second(100),
        "SQLite, WAL, FULL: rows a second, 1 in a transaction": _rows_per_second(1),
    }


def _signatures(key: PrivateKey) -> tuple[float, float]:
    algorithm = ALGORITHMS[key.kind][0]
    signature = key.sign(algorithm, BODY)
    public = key.public
    return (
        _milliseconds(lambda: key.sign(algorithm, BODY)),
        _milliseconds(lambda: public.verify(algorithm, signature, BODY)),
    )


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    for _ in range(SIGNATURES):
        work()
    return (time.process_time() - started) * 1000 / SIGNATURES


async def _bare_aiohttp() -> dict[str, float]:
    """A GET as small as can be, and a POST."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "bench.bare", str(port)])  # noqa: ASYNC220 (it starts in no time)
    try:
        host = f"HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        get = Prepared("127.0.0.1", port, f"GET / {host}\r\n".encode())
        post = Prepared("127.0.0.1", port, f"POST /inbox {host}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY)
        for _ in range(100):
            if (await post_all([post], 1))[202]:
                break
            await asyncio.sleep(0.1)
        else:
            raise BenchFailed("the bare server did not start")
        return {
            "bare aiohttp: GET (ms)": await _cpu_ms(process.pid, get),
            "bare aiohttp: POST of 1.5 KiB (ms)": await _cpu_ms(process.pid, post),
        }
    finally:
        process.terminate()
        process.wait()


async def _cpu_ms(pid: int, request: Prepared) -> float:
    found = []
    for _ in range(TIMES):
        before = cpu_seconds(pid)
        await post_all([request] * REQUESTS, 16)
        found.append((cpu_seconds(pid) - before) * 1000 / REQUESTS)
    return median(found)


def _rows_per_second(at_once: int) -> float:
    rows = ROWS if at_once > 1 else ROWS // 20
    with (
        tempfile.TemporaryDirectory(prefix="tertulia-bench-") as directory,
        closing(sqlite3.connect(f"{directory}/rows.db", isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB)")
        started = time.perf_counter()
        for _ in range(rows // at_once):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO rows (body) VALUES (?)", [(BODY[:200],)] * at_once)
            connection.execute("COMMIT")
        return rows / (time.perf_counter() - started)
