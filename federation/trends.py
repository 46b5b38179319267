"""Trends over the network: what this office publishes of its hashtags, and what it takes from its peers.

Published are counts of our own people's public posts a day, and only where at least `trends_min_people` people used a
hashtag on that day: no number is about fewer. The document is for peers alone, signed by the instance actor (FEP-8b32).

What a peer publishes is asked for every hour, by a job of its own, and believed within bounds: the proof must be its
instance actor's, the document at home at its own address, younger than a day and newer than the one we have; at most
`MAX_COUNTS` counts, of days of this week; and no peer has more people in them than we know there or have here
ourselves, whichever is more.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from content.hashtags import normalise_hashtag
from federation.client import RemoteError
from federation.contexts import AS2_URL
from federation.dereference import fetch_document
from federation.json_ld import DocumentRefused, JsonObject, parse_document
from federation.json_ld.dates import parse_time
from federation.services import Services
from federation.trust.origins import same_origin
from federation.trust.proofs import is_proven
from jobs.queue import enqueue_jobs
from keys.integrity_proofs import add_proof
from keys.keypairs import KeyKind
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.insertion import insert_missing
from models.peers import Peer
from models.statuses import Tag
from models.trends import PeerTrends
from policy.peers import FREE, PeerPolicy
from social.trends import MOST, TREND_DAYS, own_tag_counts

PATH: Final = "/.well-known/tertulia/trends"
FETCH_TRENDS: Final = "fetch_trends"
MAX_COUNTS: Final = MOST * TREND_DAYS
MAX_AGE: Final = timedelta(days=1)
MAX_AHEAD: Final = timedelta(minutes=10)
MAX_NAME: Final = 100
USES_PER_PERSON: Final = 20
CONTEXT: Final[list[str | dict[str, Any]]] = [
    AS2_URL,
    "https://w3id.org/security/data-integrity/v2",
    {"tertulia": "urn:tertulia:", "counts": {"@id": "tertulia:counts", "@type": "@json"}},
]

log = structlog.get_logger(__name__)


async def trends_document(services: Services, policy: PeerPolicy = FREE) -> JsonObject:
    """What we publish now, signed; for a peer with a policy without the hashtags that aren't there for it."""
    now = services.clock()
    async with services.database.reading() as session:
        found = await own_tag_counts(session, now, least=services.settings.trends_min_people)
    counts = [count for count in found if policy.has_topic(count[0])]
    document: JsonObject = {
        "@context": CONTEXT,
        "id": services.addresses.origin + PATH,
        "type": "Collection",
        "attributedTo": services.addresses.instance_actor,
        "published": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "totalItems": len(counts),
        "counts": [{"name": name, "day": day.isoformat(), "uses": uses, "accounts": accounts}
                   for name, day, uses, accounts in counts],
    }  # fmt: skip
    key = await services.keyring.signing_key(INSTANCE_ACTOR_ID, KeyKind.ED25519)
    return add_proof(document, key=key.private, verification_method=key.key_id, now=now)


async def request_trends(services: Services) -> None:
    """Have every peer asked that publishes trends: a job each, so that a slow one keeps nobody waiting."""
    await services.peers.refreshed()
    jobs = {f"{FETCH_TRENDS}:{domain}": {"domain": domain} for domain in services.peers.active(is_full=True)}
    if jobs:
        async with services.database.unit_of_work() as unit:
            await enqueue_jobs(unit, FETCH_TRENDS, jobs, is_reminder=True)


async def fetch_trends_of(services: Services, payload: dict[str, Any]) -> None:
    """The job: a peer that doesn't answer, or wrongly, keeps what it said before, and is asked again in an hour."""
    domain = str(payload["domain"])
    try:
        await fetch_trends(services, domain)
    except (RemoteError, TrendsRefused) as refused:
        log.info("no trends of a peer", peer=domain, reason=str(refused))


class TrendsRefused(Exception):
    """The document of a peer can't be believed, or says nothing new."""


async def fetch_trends(services: Services, domain: str) -> None:
    """Ask one peer and keep what it says. Raises RemoteError, TrendsRefused."""
    actor_uri = await _instance_actor(services, domain)
    parts = urlsplit(actor_uri)
    fetched = await fetch_document(services, f"{parts.scheme}://{parts.netloc}{PATH}")
    try:
        document = parse_document(fetched.raw)
    except DocumentRefused as refused:
        raise TrendsRefused("it can't be read") from refused
    if not same_origin(fetched.url, actor_uri) or not await is_proven(services, document, actor_uri):
        raise TrendsRefused("it isn't signed by the peer's instance actor")
    now = services.clock()
    published_at = parse_time(document.get("published"))
    if published_at is None or not now - MAX_AGE <= published_at <= now + MAX_AHEAD:
        raise TrendsRefused("it is too old, or of the future")
    async with services.database.unit_of_work() as unit:
        bound = await _people_bound(unit.session, domain)
        counts = checked_counts(document.get("counts"), today=now.date(), bound=bound)
        await _keep(unit, domain, published_at, counts)


def checked_counts(given: object, *, today: date, bound: int) -> list[dict[str, Any]]:
    """The counts of a peer that can be taken, cut down to `bound` people. Raises TrendsRefused for another shape."""
    if not isinstance(given, list) or len(given) > MAX_COUNTS:
        raise TrendsRefused("its counts are no list, or too many")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in given:
        if not isinstance(one, dict):
            raise TrendsRefused("a count is no object")
        name, day = one.get("name"), _day(one.get("day"))
        uses, accounts = one.get("uses"), one.get("accounts")
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or normalise_hashtag(name) != name or day is None:
            raise TrendsRefused("a count names no hashtag, or no day")
        if type(uses) is not int or type(accounts) is not int or not 0 < accounts <= uses:
            raise TrendsRefused("a count is no number")
        if not today - timedelta(days=TREND_DAYS) < day <= today:
            continue
        people = min(accounts, bound)
        row: dict[str, Any] = {
            "name": name,
            "day": day.isoformat(),
            "uses": min(uses, people * USES_PER_PERSON),
            "accounts": people,
        }
        found.setdefault((name, day.isoformat()), row)
    return [row for row in found.values() if row["accounts"] > 0]


def _day(given: object) -> date | None:
    try:
        return date.fromisoformat(given) if isinstance(given, str) and len(given) == 10 else None
    except ValueError:
        return None


async def _instance_actor(services: Services, domain: str) -> str:
    async with services.database.reading() as session:
        known: str | None = await session.scalar(select(Peer.actor_uri).where(Peer.domain == domain))
    return known or f"{services.addresses.scheme}://{domain}/actor"


async def _people_bound(session: AsyncSession, domain: str) -> int:
    """How many people a peer may claim: as many as we know there, or as there are here."""
    people = select(func.count(Account.id)).where(Account.actor_type == "Person", Account.gone_at.is_(None))
    theirs = await session.scalar(people.where(Account.domain == domain)) or 0
    ours = await session.scalar(people.where(Account.domain.is_(None))) or 0
    return max(theirs, ours)


async def _keep(unit: UnitOfWork, domain: str, published_at: datetime, counts: Sequence[dict[str, Any]]) -> None:
    kept = await unit.session.get(PeerTrends, domain)
    if kept is not None and published_at <= kept.published_at:
        raise TrendsRefused("it is not newer than the one we have")
    names = list(dict.fromkeys(row["name"] for row in counts))
    tags = [{"id": unit.new_id(), "name": name, "display_name": name, "created_at": unit.now} for name in names]
    await insert_missing(unit.session, Tag, tags)
    if kept is None:
        kept = PeerTrends(domain=domain)
        unit.session.add(kept)
    kept.published_at, kept.fetched_at, kept.counts = published_at, unit.now, list(counts)
