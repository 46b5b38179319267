"""Inbound: signed activities from 20 authors on 5 hosts, from POST until they are in a follower's home timeline."""

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

from bench.fleet import Fleet
from bench.office import Account, BenchFailed, Office
from bench.people import Document, KeyPool, Pen, Person, new_person
from bench.sending import Prepared, post_all, prepare
from keys.integrity_proofs import add_proof
from keys.signing import Scheme

AUTHORS = 20
HOSTS = 5
CONNECTIONS = 16
WARM_UP_EACH = 10  # notes of each author, sent first: what replies answer and boosts share
STALLED_SECONDS = 10.0
# What became of activities that had no effect.
UNFINISHED = "SELECT state, outcome, count(*) FROM inbound_activities WHERE outcome <> 'applied' GROUP BY 1, 2"
FOLLOWED = """SELECT count(*) FROM follows JOIN accounts ON accounts.id = followee_id
    WHERE follower_id = ? AND state = 'accepted' AND domain IS NOT NULL"""  # not the community of everybody here
IN_FEED = "SELECT count(*) FROM feed_entries WHERE account_id = ?"


@dataclass(frozen=True)
class Inbound:
    """What a round came to; `refused` were not answered 202, `lost` never reached the timeline."""

    per_second: float
    cpu_ms: float
    refused: int
    lost: int


@dataclass
class Readership:
    """A local account that follows all authors, and what the authors have written before the clock starts."""

    reader: Account
    authors: list[Person]
    pen: Pen
    earlier: list[Document]
    boosts: list[tuple[Person, Document]]  # that nobody has made yet


def addresses() -> list[str]:
    """Where the authors live."""
    return [f"127.0.1.{number}" for number in range(1, HOSTS + 1)]


async def gather_readership(office: Office, fleet: Fleet, pool: KeyPool) -> Readership:
    """Have a local account follow every author, and every author be known."""
    hosts = [fleet.host(address) for address in addresses()]
    authors = [new_person(hosts[number % HOSTS], f"author{number}", pool) for number in range(AUTHORS)]
    for author in authors:
        fleet.publish_person(author)
    reader = await office.new_account("reader")
    async with aiohttp.ClientSession() as client:
        for author in authors:
            follow = {"type": "Follow", "object": author.uri, "to": [author.uri]}
            await office.post_outbox(client, reader, follow)
    accepted = await office.wait_for_count(AUTHORS, STALLED_SECONDS, FOLLOWED, reader.id)
    if accepted < AUTHORS:
        raise BenchFailed(f"only {accepted} of {AUTHORS} authors are followed")
    readership = Readership(reader, authors, Pen("w"), [], [])
    await _warm_up(office, fleet, readership)
    return readership


async def _warm_up(office: Office, fleet: Fleet, readership: Readership) -> None:
    activities = [
        readership.pen.create(author) for _ in range(WARM_UP_EACH) for author in readership.authors
    ]  # fmt: skip
    fleet.publish_notes(readership.pen.notes.values())
    readership.earlier = list(readership.pen.notes.values())
    readership.boosts = [(author, note) for author in readership.authors for note in readership.earlier]
    random.Random(0).shuffle(readership.boosts)
    before = await office.count(IN_FEED, readership.reader.id)
    for scheme in (Scheme.CAVAGE_RSA, Scheme.RFC9421_ED25519):  # the second time only the keys are news
        answers = await post_all(signed(office, readership, activities, scheme), CONNECTIONS)
        if answers[202] < len(activities):
            raise BenchFailed(f"while warming up, activities were answered {dict(answers)}")
    wanted = before + len(activities)
    found = await office.wait_for_count(wanted, STALLED_SECONDS, IN_FEED, readership.reader.id)
    if found < wanted:
        became = await office.rows(UNFINISHED)
        raise BenchFailed(f"only {found} of {wanted} notes reached the timeline while warming up: {became}")


async def measure_inbound(
    office: Office, fleet: Fleet, readership: Readership, *, scheme: Scheme, size: int, name: str, proofs: bool = False
) -> Inbound:
    """Send `size` activities and watch them arrive."""
    pen = Pen(name)
    activities = activities_of(readership, pen, size, random.Random(name))
    fleet.publish_notes(pen.notes.values())
    requests = signed(office, readership, activities, scheme, proofs=proofs)
    await office.settle()
    before = await office.count(IN_FEED, readership.reader.id)
    cpu, started = office.cpu_seconds, time.perf_counter()
    statuses = await post_all(requests, CONNECTIONS)
    found = await office.wait_for_count(before + size, STALLED_SECONDS, IN_FEED, readership.reader.id) - before
    seconds = time.perf_counter() - started - (STALLED_SECONDS if found < size else 0)
    cpu = office.cpu_seconds - cpu
    return Inbound(found / seconds, cpu * 1000 / size, size - statuses[202], size - found)


def activities_of(readership: Readership, pen: Pen, size: int, dice: random.Random) -> list[Document]:
    """70 % notes, 20 % replies, 10 % boosts, well mixed; nobody boosts a note twice."""
    made = []
    for number in range(size):
        author = readership.authors[number % AUTHORS]
        match number % 10:
            case 0:
                made.append(pen.announce(*readership.boosts.pop()))
            case 3 | 7:
                made.append(pen.create(author, dice.choice(readership.earlier)))
            case _:
                made.append(pen.create(author))
    dice.shuffle(made)
    return made


def signed(
    office: Office, readership: Readership, activities: list[Document], scheme: Scheme, *, proofs: bool = False
) -> list[Prepared]:
    people = {author.uri: author for author in readership.authors}
    inbox_url = f"{office.origin}/inbox"
    return [
        prepare(people[activity["actor"]], inbox_url, _proven(people[activity["actor"]], activity, proofs), scheme)
        for activity in activities
    ]


def _proven(author: Person, activity: Document, is_wanted: bool) -> Document:
    """The activity with its author's proof (FEP-8b32), as every Tertulia sends it."""
    if not is_wanted:
        return activity
    key_id, key = author.key(Scheme.RFC9421_ED25519)
    context = [*_listed(activity["@context"]), "https://w3id.org/security/data-integrity/v2"]
    return add_proof({**activity, "@context": context}, key=key, verification_method=key_id, now=datetime.now(UTC))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
