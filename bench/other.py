"""Reading a server that somebody else has started: whatever has Mastodon's client API, by its origin and a token."""

from urllib.parse import urlsplit

import aiohttp

from bench.guard import Report
from bench.office import BenchFailed
from bench.reads import Reader, measure_reads

ANSWER_SECONDS = 30.0
ME = "/api/v1/accounts/verify_credentials"


async def measure_other(origin: str, token: str, requests: int, runs: int, report: Report) -> list[dict[str, float]]:
    """So many rounds of readings, without CPU, which is the server's own business. Raises BenchFailed."""
    await check_other(origin, token)
    reader, rounds = Reader(origin, token), []
    for number in range(1, runs + 1):
        report(f"reading {origin}, round {number} of {runs}")
        rounds.append(await measure_reads(reader, requests, None))
    return rounds


async def check_other(origin: str, token: str) -> None:
    """Whether it can be read. Raises BenchFailed, which says what to do."""
    parts = urlsplit(origin)
    if parts.scheme != "http" or not parts.hostname:
        raise BenchFailed(
            f"{origin} isn't the origin of a server that speaks plain http, such as http://127.0.0.1:3000: requests "
            "are bytes on a socket, so aim at the port behind the proxy that has the certificate"
        )
    headers, timeout = {"Authorization": f"Bearer {token}"}, aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=timeout) as client,
            client.get(origin + ME, allow_redirects=False) as response,
        ):
            status = response.status
    except (aiohttp.ClientError, TimeoutError) as error:
        reason = str(error) or f"no answer within {ANSWER_SECONDS:.0f} s"
        raise BenchFailed(
            f"{origin} can't be reached ({reason}): check the address, and that the server runs"
        ) from error
    if status in (401, 403):
        raise BenchFailed(f"{origin} doesn't take the token ({status}): give one that may read, by --token")
    if status != 200:
        raise BenchFailed(f"{origin}{ME} was answered {status}: it has to be a server with Mastodon's client API")
