"""One round: a fresh instance, everything that is measured on it, in an order that doesn't change."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench import inbound, outbound
from bench.fleet import Fleet, running_fleet
from bench.growth import SIZES
from bench.guard import Guard, Report
from bench.inbound import UNFINISHED, Inbound, Readership, gather_readership, measure_inbound
from bench.killed import measure_killed
from bench.office import Office, running_office
from bench.outbound import Outbound, gather_followers, measure_posts
from bench.people import KeyPool
from bench.reads import Reader, measure_reads
from bench.scale import Amount
from keys.signing import Scheme

RSA_NETWORK, ED25519_NETWORK = 1, 2
READS_FOR_MEMORY = 100  # of each kind: what reading keeps is part of what an office needs


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    activities: int
    hosts: int
    some_hosts: int
    posts: int
    requests: int
    statuses: tuple[int, ...]
    sockets: int
    scale: Amount


FULL = Size(activities=1800, hosts=1000, some_hosts=50, posts=20, requests=2000, statuses=SIZES, sockets=1000,
            scale=Amount(reads=1000, inbound=900, posts=20, hosts=50))  # fmt: skip
QUICK = Size(activities=400, hosts=100, some_hosts=20, posts=5, requests=200, statuses=(2_000, 10_000), sockets=100,
             scale=Amount(reads=200, inbound=200, posts=6, hosts=20))  # fmt: skip
Results = dict[str, float]
Settings = Mapping[str, str]


async def run_round(
    size: Size, pool: KeyPool, parts: frozenset[str], guard: Guard, results: Results, settings: Settings | None = None
) -> None:
    """Measure what is asked and received, once; figures are added by the names that `bench.table` knows."""
    rsa, ed25519 = outbound.addresses(RSA_NETWORK, size.hosts), outbound.addresses(ED25519_NETWORK, size.hosts)
    everywhere = inbound.addresses() + (rsa + ed25519 if "outbound" in parts else [])
    async with running_fleet(everywhere) as fleet, running_office(settings=settings) as office:
        results["memory.start"] = office.memory_mib
        readership = await gather_readership(office, fleet, pool) if parts & {"inbound", "killed"} else None
        if readership and "inbound" in parts:
            async with guard.part("inbound"):
                await _inbound(office, fleet, readership, size, guard.report, results)
        if "outbound" in parts:
            async with guard.part("outbound"):
                await _outbound(office, fleet, pool, size, {"rsa": rsa, "ed25519": ed25519}, guard.report, results)
        if readership:
            await measure_reads(Reader(office.origin, readership.reader.token), READS_FOR_MEMORY, None)
        await office.settle()
        results["memory.end"] = office.memory_mib
        if readership and "killed" in parts:
            async with guard.part("killing it"):
                results["killed.lost"] = await measure_killed(office, fleet, readership, size.activities)


async def _inbound(
    office: Office, fleet: Fleet, readership: Readership, size: Size, report: Report, results: Results
) -> None:
    for name, scheme, proofs in (
        ("rsa", Scheme.CAVAGE_RSA, False),
        ("ed25519", Scheme.RFC9421_ED25519, False),
        ("proofs", Scheme.RFC9421_ED25519, True),
    ):
        found = await measure_inbound(
            office, fleet, readership, scheme=scheme, size=size.activities, name=name, proofs=proofs
        )
        report(f"inbound, {name}: {_shown(found)}")
        if found.lost:
            report(f"what became of them: {await office.rows(UNFINISHED)}")
        results |= {
            f"inbound.{name}.rate": found.per_second,
            f"inbound.{name}.cpu": found.cpu_ms,
            f"inbound.{name}.lost": found.lost + found.refused,
        }


async def _outbound(
    office: Office, fleet: Fleet, pool: KeyPool, size: Size, at: dict[str, list[str]], report: Report, results: Results
) -> None:
    for kind, all_hosts in at.items():
        is_ed25519 = kind == "ed25519"
        many, some = await office.new_account(f"many_{kind}"), await office.new_account(f"some_{kind}")
        made = await gather_followers(office, fleet, pool, many, "m", all_hosts, speaks_ed25519=is_ed25519)
        report(f"follows, {kind}: {made.seconds:.1f} s, {made.cpu_ms:.2f} ms CPU each, {made.lost} unanswered")
        results |= {f"follows.{kind}.seconds": made.seconds, f"follows.{kind}.cpu": made.cpu_ms}
        some_hosts = all_hosts[: size.some_hosts]
        await gather_followers(office, fleet, pool, some, "s", some_hosts, speaks_ed25519=is_ed25519)
        for name, writer, posts, hosts in (
            ("some", some, size.posts, size.some_hosts),
            ("many", many, 1, size.hosts),
        ):
            found = await measure_posts(office, fleet, writer, posts=posts, hosts=hosts)
            report(f"outbound, {kind}, {posts} × {hosts}: {_shown(found)}, {found.rfc9421} RFC 9421")
            results |= {
                f"outbound.{kind}.{name}.rate": found.per_second,
                f"outbound.{kind}.{name}.cpu": found.cpu_ms,
                f"outbound.{kind}.{name}.lost": found.lost,
                f"outbound.{kind}.{name}.answer": found.answer_ms,
            }


def _shown(found: Inbound | Outbound) -> str:
    return f"{found.per_second:.0f} a second, {found.cpu_ms:.2f} ms CPU each, {found.lost} lost"
