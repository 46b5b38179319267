"""Repairing one day: what a peer told us and we lack is fetched from it, and what it doesn't tell is asked about.

Posts come many at a time, each as a Create that proves itself by its author's key (FEP-8b32), and are stored quietly:
home timelines have them in the place of their date, nobody is notified. Boosts go the way of what is delivered. A list
proves nothing by its silence: a post that isn't on it is removed when its own address answers that it is gone, and only
if it is of that peer, which must still know its author. What a peer lists is believed to exist, not to be for us: whom
nobody here follows, and what carries no hashtag that we subscribe to, isn't taken.

On failure (RemoteError, PageUnreadable) what was stored stays; the comparison stops at this day.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date
from typing import Final

import orjson
import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from federation.activity import Activity, parse_activity
from federation.actors import ActorRefused, resolve_actor
from federation.client import FetchBudget, RemoteError
from federation.dereference import Gone, NotFound, fetch_document, fetch_signed
from federation.json_ld import DocumentRefused, JsonObject
from federation.parse import visibility_of
from federation.services import Services
from federation.sync.digests import Item, items_url, parse_items, parse_posts, posts_url
from federation.sync.pages import MAX_PAGE_BYTES, PageUnreadable
from federation.trust.authentication import ActorGone
from federation.trust.origins import same_origin
from federation.trust.proofs import breaks_own_proof
from inbox.archives import Stored, prove, store_old
from inbox.fetching import fetch_status
from inbox.journal import journal_row
from inbox.sync.heard import followed_there, posts_here, topics_of
from inbox.sync.serving import JSON
from models import UnitOfWork
from models.accounts import Account
from models.activities import SHARED_INBOX, InboundActivity
from models.insertion import insert_missing
from models.signals import INBOUND
from models.statuses import Status, Tombstone
from models.values import dataclass
from models.visibility import Visibility
from policy.limits import (
    ARCHIVE_AUTHORS_AT_ONCE,
    DIGEST_DOUBTS,
    DIGEST_ITEM_PAGES,
    DIGEST_POSTS_AT_ONCE,
    DIGEST_REPAIRS_A_DAY,
    FETCHES_PER_ACTIVITY,
)
from social.digests import TOLD_KINDS, version_of
from social.drafts import StatusDraft
from social.edits import delete_status
from social.statuses import status_by_uri

_FOLLOWERS: Final = frozenset(TOLD_KINDS)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Repair:
    """What was found on a day, and what came of it: posts missing or outdated, mended, and left as they are."""

    missing: int = 0
    repaired: int = 0
    unrepaired: int = 0

    def __add__(self, other: "Repair") -> "Repair":
        return Repair(self.missing + other.missing, self.repaired + other.repaired, self.unrepaired + other.unrepaired)

    @classmethod
    def of(cls, missing: int, repaired: int) -> "Repair":
        """What wasn't mended is left as it is."""
        return cls(missing, repaired, max(0, missing - repaired))


async def listed_items(services: Services, origin: str, kind: str, day: date | None) -> list[Item]:
    """Everything that a peer lists under a digest. Raises RemoteError, PageUnreadable also for an endless list."""
    found: list[Item] = []
    after = 0
    for _ in range(DIGEST_ITEM_PAGES):
        url = items_url(origin, kind, day, after)
        page = parse_items((await _get(services, url)), kind, after, origin)
        found += page.items
        if page.following is None:
            return found
        after = page.following
    raise PageUnreadable("the list has more pages than anybody reads")


async def repair_day(services: Services, host: str, origin: str, day: date, kinds: Sequence[str]) -> Repair:
    """Make one day equal, as far as that can be done. Raises RemoteError, PageUnreadable."""
    listed: dict[str, Item] = {}
    for kind in kinds:
        listed |= {item.uri: item for item in await listed_items(services, origin, kind, day)}
    async with services.database.reading() as session:
        here = await posts_here(session, host, origin, kinds, day)
        known = await versions_here(session, list(listed))
    lacking = [item for uri, item in listed.items() if uri not in known or known[uri] < item.version]
    doubtful = [uri for uri in here if uri not in listed]
    found = Repair(missing=len(lacking) + len(doubtful))
    if not found.missing:
        return found
    found.repaired = await _fetch(services, host, origin, lacking[:DIGEST_REPAIRS_A_DAY])
    found.repaired += await ask_about(services, origin, doubtful[:DIGEST_DOUBTS])
    found.unrepaired = max(0, found.missing - found.repaired)
    log.info("sync.repaired", host=host, day=day.isoformat(), missing=found.missing, repaired=found.repaired)
    return found


async def versions_here(session: AsyncSession, uris: list[str]) -> dict[str, int]:
    """The versions of those of these posts that are here."""
    found: dict[str, int] = {}
    for start in range(0, len(uris), 500):
        query = select(Status.uri, Status.edited_at).where(Status.uri.in_(uris[start : start + 500]))
        found |= {uri: version_of(edited_at) for uri, edited_at in await session.execute(query)}
    return found


async def _fetch(services: Services, host: str, origin: str, items: Sequence[Item]) -> int:
    """Fetch and take in these posts; how many."""
    done = 0
    async for came in bodies_of(services, origin, items):
        done += await _take_in(services, host, origin, {item.uri: body for item, body in came})
    return done


async def bodies_of(services: Services, origin: str, items: Sequence[Item]) -> AsyncIterator[list[tuple[Item, bytes]]]:
    """The activities behind items, as the peer gives them, some at a time. Raises RemoteError, PageUnreadable."""
    by_number = {item.number: item for item in items}
    while by_number:
        asked = sorted(by_number)[:DIGEST_POSTS_AT_ONCE]
        came = parse_posts(await _get(services, posts_url(origin, asked)), asked)
        yield [(by_number[number], came[number]) for number in sorted(came)]
        # What didn't come is asked for again only if something came: an answer holds as much as fits.
        for number in came or asked:
            del by_number[number]


async def _take_in(services: Services, host: str, origin: str, came: Mapping[str, bytes]) -> int:
    creates: list[JsonObject] = []
    boosts: list[Activity] = []
    for uri, body in came.items():
        document = document_of(body)
        if document is None:
            continue
        if document.get("type") != "Announce":
            creates.append(document)
        elif (boost := await _judged(services, origin, uri, body)) is not None:
            boosts.append(boost)
    stored = await _store(services, host, origin, creates, set(came))
    async with services.database.unit_of_work() as unit:
        await journal_again(unit, host, boosts)
    return stored.made + stored.edited + len(boosts)


def document_of(body: bytes) -> JsonObject | None:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


async def _store(
    services: Services, host: str, origin: str, creates: Sequence[JsonObject], asked: Collection[str]
) -> Stored:
    def refusal(activity: Activity, draft: StatusDraft) -> str | None:
        is_of_author = draft.attributed_to == activity.actor and same_origin(activity.actor, origin)
        if not is_of_author or draft.is_vote:
            return "foreign-author"
        return None if draft.uri in asked else "not-asked-for"

    budget = FetchBudget(ARCHIVE_AUTHORS_AT_ONCE)
    proven = await prove(services, creates, origin=origin, refusal=refusal, budget=budget)
    if proven.refused:
        log.warning("sync.posts_refused", host=host, **proven.refused)
    if not proven.drafts:
        return Stored()
    await get_to_know(services, proven.drafts)
    authors = {draft.attributed_to or "" for draft in proven.drafts}
    async with services.database.reading() as session:
        query = select(Account.uri).where(Account.uri.in_(authors), Account.id.in_(followed_there(origin)))
        followed, topics = set(await session.scalars(query)), await topics_of(session, host)

    def audience(author: Account, draft: StatusDraft) -> Visibility | None:
        visibility = visibility_of(draft.to, (*draft.cc, *draft.audience), author.followers_url)
        if author.uri in followed and visibility.value in _FOLLOWERS:
            return visibility
        is_archived = visibility is Visibility.PUBLIC and any(tag.name in topics for tag in draft.tags)
        return visibility if is_archived else None

    async with services.database.unit_of_work() as unit:
        unit.is_restoring = True
        return await store_old(unit, proven.drafts, audience)


async def get_to_know(services: Services, drafts: Sequence[StatusDraft]) -> None:
    """Get to know who is mentioned, as the ordinary way does; who can't be had stays unknown."""
    mentioned = {mention.href for draft in drafts for mention in draft.mentions}
    async with services.database.reading() as session:
        known = set(await session.scalars(select(Account.uri).where(Account.uri.in_(mentioned))))
    budget = FetchBudget(FETCHES_PER_ACTIVITY)
    for uri in sorted(mentioned - known):
        if services.addresses.is_local(uri):
            continue
        try:
            await resolve_actor(services, uri, budget=budget)
        except (ActorRefused, ActorGone, DocumentRefused, RemoteError):
            log.debug("sync.stranger", uri=uri)


async def _judged(services: Services, origin: str, uri: str, body: bytes) -> Activity | None:
    """A boost as the peer tells of it, judged like an entry of its log."""
    try:
        activity = parse_activity(body)
    except DocumentRefused:
        return None
    if activity.type != "Announce" or activity.id != uri or not same_origin(activity.actor, origin):
        return None
    return None if await breaks_own_proof(services, activity) else activity


async def journal_again(unit: UnitOfWork, host: str, activities: Sequence[Activity]) -> None:
    """Have them done; those that were done before and left nothing here are done again."""
    if not activities:
        return
    rows = [journal_row(unit.new_id(), one, inbox_id=SHARED_INBOX, host=host, now=unit.now) for one in activities]
    await insert_missing(unit.session, InboundActivity, rows)
    again = (
        InboundActivity.dedup_key.in_([one.dedup_key for one in activities]),
        InboundActivity.inbox_id == SHARED_INBOX,
    )
    values = {"state": "queued", "due_at": unit.now, "attempts": 0, "lease_until": None, "finished_at": None}
    await unit.session.execute(update(InboundActivity).where(*again, InboundActivity.state != "queued").values(values))
    unit.signal(INBOUND)


async def ask_about(services: Services, origin: str, uris: Sequence[str]) -> int:
    """Ask a peer for posts that it doesn't list, each at its address; how many turned out to be gone, or edited."""
    done = 0
    budget = FetchBudget(2 * DIGEST_DOUBTS)
    for uri in uris:
        if not same_origin(uri, origin):
            continue
        before = await _edited_at(services, uri)
        try:
            await fetch_status(services, uri, budget=budget, is_fresh=True)
            done += await _edited_at(services, uri) != before
        except NotFound as error:
            is_gone = isinstance(error, Gone)
            if not is_gone and await _has_lost_author(services, uri, budget):
                done += 1  # nothing to be mended: what we have is all that there is
            else:
                done += await remove_copy(services, origin, uri, is_for_good=is_gone)
    return done


async def _has_lost_author(services: Services, uri: str, budget: FetchBudget) -> bool:
    """Whether the office doesn't know the author of a post any more: it was restored to before there was one.

    Then it can't say that the post was taken back, and no copy is ended for it. An account that was deleted is gone
    (410), which is another answer.
    """
    query = select(Account.uri).join(Status, Status.account_id == Account.id).where(Status.uri == uri)
    async with services.database.reading() as session:
        author_uri = await session.scalar(query)
    try:
        if author_uri is not None:
            await fetch_document(services, author_uri, budget=budget)
    except NotFound as error:
        if not isinstance(error, Gone):
            log.warning("sync.author_lost", author=author_uri, post=uri)
            return True
    except (DocumentRefused, RemoteError) as error:
        log.info("sync.author_not_asked", author=author_uri, error=str(error))
    return False


async def _edited_at(services: Services, uri: str) -> object:
    async with services.database.reading() as session:
        return await session.scalar(select(Status.edited_at).where(Status.uri == uri))


async def remove_copy(services: Services, origin: str, uri: str, *, is_for_good: bool) -> bool:
    """Remove a post of the peer's here. What is only out of sight (404) may come back; what is gone (410) may not."""
    async with services.database.unit_of_work() as unit:
        status = await status_by_uri(unit, uri)
        author = None if status is None else await unit.session.get(Account, status.account_id)
        if status is None or author is None or author.is_local or not same_origin(author.uri, origin):
            return False
        await delete_status(unit, status, owner_uri=author.uri)
        if not is_for_good:
            stone = (Tombstone.uri == uri, Tombstone.owner_uri == author.uri)
            await unit.session.execute(delete(Tombstone).where(*stone).execution_options(synchronize_session=False))
        return True


async def _get(services: Services, url: str) -> bytes:
    return (await fetch_signed(services, url, accept=JSON, max_bytes=MAX_PAGE_BYTES)).body
