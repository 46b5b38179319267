"""Giving a peer digests of what it was told, lists of single days, and the posts behind numbers.

Like the log: for the instance actor of a full peer alone, about what this very peer was told, and only so often.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select

from federation.services import Services
from federation.serving.answers import Answer, ReadRefused, not_found
from federation.serving.archived import archived_creates, words_of_others
from federation.serving.read_gate import Reader
from federation.sync.digests import (
    DAILY,
    FOLLOWS,
    STANDINGS,
    DigestPage,
    digests_document,
    items_document,
    parse_day,
    parse_numbers,
    posts_document,
)
from federation.sync.peers import office_origin
from inbox.sync.serving import JSON, peer_that_asks
from inbox.sync.standings import digest_of_standings, standing_items, told_standings
from inbox.sync.told import follows_digest, items_of, posts_by_number, told_on
from models.activities import OutboundActivity
from models.statuses import Status
from policy.limits import DIGEST_BYTES, DIGEST_DAYS_AT_ONCE, DIGEST_POSTS_LOOKED_AT
from social.digests import is_over, keep_days

FIRST_DAY: Final = date(2020, 1, 1)


def asking_office(services: Services, reader: Reader) -> str:
    """The origin of the peer that asks. Raises ReadRefused, also for one that asks too often."""
    host = peer_that_asks(services, reader)
    wait = services.peers.memory.digest_requests.check(host, services.clock()) if services.rates.is_on else None
    if wait is not None:
        raise ReadRefused(429, "rate", f"That was asked too often: wait {wait:.0f} seconds.")
    return office_origin(services, host)


async def digests_answer(services: Services, reader: Reader, since: str | None, until: str | None) -> Answer:
    """The digests of some days, at most `DIGEST_DAYS_AT_ONCE`; fewer when they have to be made. Raises ReadRefused."""
    origin = asking_office(services, reader)
    first, last = parse_day(since), parse_day(until)
    today = services.clock().date()
    if first is None or last is None or not FIRST_DAY <= first <= last or first > today + timedelta(days=1):
        raise ReadRefused(400, "days", "Say from and until as days.")
    count = min((last - first).days + 1, DIGEST_DAYS_AT_ONCE)
    days = [first + timedelta(days=number) for number in range(count)]
    over = [day for day in days if is_over(day, services.clock())]
    is_free = reader.policy is None or not reader.policy.restricts
    ready = await keep_days(services.database, over, most_posts=DIGEST_POSTS_LOOKED_AT) if is_free else over
    if len(ready) == len(over):
        ready = days
    if not ready:
        raise ReadRefused(503, "busy", "That day changes right now.")
    async with services.database.reading() as session:
        follows = await follows_digest(session, origin)
        standings = digest_of_standings(await told_standings(session, origin, reader.policy, now=services.clock()))
    told = await told_on(services.database, origin, ready, reader.policy)
    page = DigestPage(first, ready[-1], follows, told, standings)
    return Answer(digests_document(page), JSON)


async def items_answer(
    services: Services, reader: Reader, kind: str | None, day: str | None, after: str | None
) -> Answer:
    """A page of the list behind a digest. Raises ReadRefused."""
    origin = asking_office(services, reader)
    numbers, wanted = parse_numbers(after or "0"), parse_day(day)
    if len(numbers) != 1 or not (kind in (FOLLOWS, STANDINGS) or (kind in DAILY and wanted is not None)):
        raise not_found()
    async with services.database.reading() as session:
        if kind == STANDINGS:
            page = await standing_items(session, origin, reader.policy, now=services.clock(), after=numbers[0])
            return Answer(items_document(page), JSON)
        page = await items_of(session, origin, kind or "", wanted, numbers[0], reader.policy)
    return Answer(items_document(page), JSON)


async def posts_answer(services: Services, reader: Reader, numbers: str | None) -> Answer:
    """The newest state of posts as activities with the proof of their author; of boosts the Announce. As many as fit:
    what is missing is to be asked for again, or isn't for the peer. Raises ReadRefused."""
    origin = asking_office(services, reader)
    async with services.database.reading() as session:
        found = await posts_by_number(session, origin, parse_numbers(numbers), reader.policy)
        boosts = {status.uri: status.id for status in found if status.is_boost}
        announced = await session.execute(
            select(OutboundActivity.uri, OutboundActivity.body).where(OutboundActivity.uri.in_(list(boosts)))
        )
        bodies = {boosts[uri]: body for uri, body in announced}
        posts = [status for status in found if not status.is_boost]
        bodies |= await words_of_others(session, [post for post in posts if not services.addresses.is_local(post.uri)])
    bodies |= await archived_creates(services, [post for post in posts if services.addresses.is_local(post.uri)])
    return Answer(posts_document(_fitting(bodies, found)), JSON)


def _fitting(bodies: dict[int, bytes], statuses: Sequence[Status]) -> dict[int, bytes]:
    kept: dict[int, bytes] = {}
    size = 0
    for status in statuses:
        body = bodies.get(status.id, b"")
        size += len(body)
        if size > DIGEST_BYTES and kept:
            break
        if body:
            kept[status.id] = body
    return kept
