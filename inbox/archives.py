"""Reading the archive of a topic back from another office: page by page, each post once, each proven by its author.

A page is fetched from where the topic lives and believed only for what it may say (`read_page`): it is the page that
was asked for, it leads to one strictly further back on the same collection, and it isn't larger than it may be. So no
archive can go round in circles, lead elsewhere, or never end (`policy.limits`). Of each item only the author's Create
counts: by an author of that very office, signed with a key that this author lists (FEP-8b32), public, and carrying the
hashtag. Nothing else is fetched but authors that we don't know, a bounded number at a time.

What comes is stored by the ordinary way, one transaction a page together with the position reached; a run that dies
goes on there. It is old: nobody is notified and no feed shows it but the home timelines of those who follow the
hashtag, in the place of its date. Once the end has been reached, a later run stops at a page that brings nothing new.

What isn't acceptable is left out and counted by its reason; the last reason stays with the subscription.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import select

from federation.activity import Activity, activity_from
from federation.client import FetchBudget, RemoteError
from federation.client.errors import BudgetExhausted
from federation.dereference import fetch_bytes
from federation.json_ld import DocumentRefused, JsonObject, normalise, parse_document
from federation.json_ld.strict_json import Limits
from federation.parse import status_draft, visibility_of
from federation.services import Services
from federation.trust.key_finding import KeyOwnerGone, find_public_key
from federation.trust.origins import same_origin
from inbox.communities import placed
from keys.integrity_proofs import ProofRefused, proofs_of, verify_proof
from keys.keypairs import PublicKey
from models import UnitOfWork
from models.accounts import Account, Keypair
from models.statuses import Status, Tag
from models.topics import TopicSubscription
from models.values import dataclass
from models.visibility import Visibility
from outbox.subscriptions import ACCEPTED, backfill_later
from policy.limits import (
    ARCHIVE_AUTHORS_AT_ONCE,
    ARCHIVE_PAGE_BYTES,
    ARCHIVE_PAGE_POSTS,
    ARCHIVE_PAGES,
    ARCHIVE_PAGES_AT_ONCE,
)
from social.accounts import preload_accounts
from social.drafts import StatusDraft
from social.edits import edit_status
from social.statuses import create_status, preload_statuses
from social.tombstones import buried

RUN_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 1.0
MAX_ERROR_CHARACTERS: Final = 500
PAGE_LIMITS: Final = Limits(body_bytes=ARCHIVE_PAGE_BYTES, nodes=400 * ARCHIVE_PAGE_POSTS)

log = structlog.get_logger(__name__)


Refusal = Callable[[Activity, StatusDraft], str | None]
Audience = Callable[[Account, StatusDraft], Visibility | None]
Keys = Mapping[str, tuple[PublicKey, str] | None]


class ArchiveRefused(Exception):
    """The archive doesn't behave like one; the message says how."""


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """The Creates on a page, as they were sent, and the id before which the next page begins."""

    creates: list[JsonObject]
    following: int | None


@dataclass(slots=True)
class Proven:
    """What of a page may be stored, and why the rest may not."""

    drafts: list[StatusDraft] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


async def backfill_topic(services: Services, payload: dict[str, Any]) -> None:
    """The job: read on from where the last run stopped. Raises RemoteError to be tried again later."""
    deadline = asyncio.get_running_loop().time() + RUN_SECONDS
    budget = FetchBudget(ARCHIVE_AUTHORS_AT_ONCE)
    ahead = _Ahead()
    try:
        for _ in range(ARCHIVE_PAGES_AT_ONCE):
            if asyncio.get_running_loop().time() > deadline:
                break
            if await _read_on(services, int(payload["subscription_id"]), budget, ahead):
                return
    except BudgetExhausted:
        pass  # enough authors for one run; those are known the next time
    finally:
        ahead.drop()
    async with services.database.unit_of_work() as unit:
        row = await unit.session.get(TopicSubscription, int(payload["subscription_id"]))
        if row is not None:
            await backfill_later(unit, row, due_in=PAUSE_SECONDS)


@dataclass(slots=True)
class _Ahead:
    """The next page, fetched while this one is proven and stored: the other office works at the same time as we do."""

    position: int | None = None
    task: asyncio.Task[ArchivePage] | None = None

    def start(self, services: Services, topic_uri: str, position: int | None) -> None:
        """Ask for the page before `position`, if there is one."""
        if position is not None:
            self.position = position
            self.task = asyncio.create_task(_fetch_page(services, topic_uri, position), name="archive-page")

    async def page(self, services: Services, topic_uri: str, position: int | None) -> ArchivePage:
        """The page at `position`, asked for already or now."""
        task, self.task = self.task, None
        if task is not None and self.position == position:
            return await task
        return await _fetch_page(services, topic_uri, position)

    def drop(self) -> None:
        """Nobody wants the next page any more."""
        if self.task is not None and not self.task.cancel() and not self.task.cancelled():
            self.task.exception()  # looked at, so that nobody complains of an error that concerns nobody
        self.task = None


async def _read_on(services: Services, subscription_id: int, budget: FetchBudget, ahead: _Ahead) -> bool:
    """One page; whether that was the last one, or none is to be read."""
    async with services.database.reading() as session:
        row = await session.get(TopicSubscription, subscription_id)
        tag = await session.get(Tag, row.tag_id) if row is not None else None
    if row is None or tag is None or row.state != ACCEPTED:
        return True
    try:
        if row.pages >= ARCHIVE_PAGES:
            raise ArchiveRefused("it has more pages than anybody reads")
        page = await ahead.page(services, row.topic_uri, row.position)
        ahead.start(services, row.topic_uri, page.following)
        refusal = partial(refusal_of, topic_uri=row.topic_uri, name=tag.name)
        proven = await prove(services, page.creates, origin=row.topic_uri, refusal=refusal, budget=budget)
    except BudgetExhausted:
        raise
    except (ArchiveRefused, RemoteError) as error:
        log.warning("archive.failed", topic=row.topic_uri, position=row.position, error=str(error))
        await _note(services, subscription_id, str(error))
        if isinstance(error, RemoteError) and not error.is_permanent:
            raise
        return True
    return await _store(services, row, page, proven)


async def _fetch_page(services: Services, topic_uri: str, position: int | None) -> ArchivePage:
    collection = f"{topic_uri}/outbox"
    url = f"{collection}?page=true" if position is None else f"{collection}?before={position}"
    response = await fetch_bytes(services, url, max_bytes=ARCHIVE_PAGE_BYTES)
    if response.url != url:
        raise ArchiveRefused("it leads to another address")
    return read_page(response.body, collection=collection, url=url, position=position)


def read_page(body: bytes, *, collection: str, url: str, position: int | None) -> ArchivePage:
    """A page of the archive `collection`, asked for at `url`. Pure. Raises ArchiveRefused."""
    try:
        document = parse_document(body, PAGE_LIMITS)
    except DocumentRefused as refused:
        raise ArchiveRefused(f"a page can't be read: {refused.detail}") from refused
    items = document.get("orderedItems", [])
    if document.get("id") != url or document.get("partOf") != collection or not isinstance(items, list):
        raise ArchiveRefused("what came is not the page that was asked for")
    if len(items) > ARCHIVE_PAGE_POSTS:
        raise ArchiveRefused(f"a page holds more than {ARCHIVE_PAGE_POSTS} posts")
    following = _following(document.get("next"), collection, position)
    if following is not None and not items:
        raise ArchiveRefused("an empty page leads on")
    announced = [item.get("object") if isinstance(item, dict) else None for item in items]
    return ArchivePage([create for create in announced if isinstance(create, dict)], following)


def _following(value: object, collection: str, position: int | None) -> int | None:
    if value is None:
        return None
    digits = value.removeprefix(f"{collection}?before=") if isinstance(value, str) else ""
    if not digits.isascii() or not digits.isdigit() or len(digits) > 19:
        raise ArchiveRefused("the next page is elsewhere")
    if position is not None and int(digits) >= position:
        raise ArchiveRefused("the next page isn't further back")
    return int(digits)


async def prove(
    services: Services, creates: Sequence[JsonObject], *, origin: str, refusal: Refusal, budget: FetchBudget,
    types: Collection[str] = ("Create",),
) -> Proven:  # fmt: skip
    """What of these Creates may be stored: each by an author of `origin` (any URL there) with a proof, not refused.

    `types` may let Updates pass, too. Authors that we don't know are fetched under the budget; raises BudgetExhausted
    when there are more of them. `refusal` runs in a thread.
    """
    found, keys = Proven(), {}
    wanted = {key_id for create in creates if (key_id := _key_id(create)) and same_origin(key_id, origin)}
    async with services.database.reading() as session:
        known = set(await session.scalars(select(Keypair.key_id).where(Keypair.key_id.in_(wanted))))
    for key_id in sorted(wanted):
        if key_id not in known:
            budget.spend()
        keys[key_id] = await _key(services, key_id)
    loop = asyncio.get_running_loop()
    now = services.clock()
    of_type = [create for create in creates if create.get("type") in types]
    if len(of_type) < len(creates):
        found.refused["no-post"] += len(creates) - len(of_type)
    judge_all = partial(_judge_all, of_type, keys, origin, refusal, now)
    for verdict in await loop.run_in_executor(services.executor, judge_all):
        if isinstance(verdict, StatusDraft):
            found.drafts.append(verdict)
        else:
            found.refused[verdict] += 1
    return found


async def _key(services: Services, key_id: str) -> tuple[PublicKey, str] | None:
    try:
        known = await find_public_key(services, key_id)
    except KeyOwnerGone:
        return None
    return (known.public, known.actor_uri) if known is not None else None


def _judge_all(
    creates: list[JsonObject], keys: Keys, origin: str, refusal: Refusal, now: datetime
) -> list[StatusDraft | str]:
    return [_judge(create, keys, origin, refusal, now) for create in creates]


def _judge(create: JsonObject, keys: Keys, origin: str, refusal: Refusal, now: datetime) -> StatusDraft | str:
    """The post in a Create, or why it isn't taken."""
    actor = create.get("actor")
    if not isinstance(actor, str) or not same_origin(actor, origin):
        return "foreign-author"
    known = keys.get(_key_id(create) or "")
    if known is None or known[1] != actor:
        return "no-key"
    try:
        signed = verify_proof(create, proofs_of(create)[0], known[0], now)
        if signed.get("@context") != create.get("@context"):
            return "wrong-proof"
        activity = activity_from(normalise(signed), b"")
        draft = status_draft(activity.object or {}, now=now)
    except ProofRefused:
        return "wrong-proof"
    except DocumentRefused:
        return "unreadable"
    return refusal(activity, draft) or draft


def refusal_of(activity: Activity, draft: StatusDraft, *, topic_uri: str, name: str) -> str | None:
    """Why a topic may not bring this post, whose proof holds: the one rule for archives and announcements."""
    if draft.attributed_to != activity.actor or draft.uri is None or not same_origin(activity.actor, topic_uri):
        return "foreign-author"
    if visibility_of(draft.to, (*draft.cc, *draft.audience), None) is not Visibility.PUBLIC or draft.is_vote:
        return "not-public"
    if name not in {tag.name for tag in draft.tags}:
        return "without-the-hashtag"
    return None


def _key_id(create: JsonObject) -> str | None:
    try:
        proofs = proofs_of(create)
    except ProofRefused:
        return None
    key_id = proofs[0].get("verificationMethod") if len(proofs) == 1 else None
    return key_id if isinstance(key_id, str) else None


async def _store(services: Services, row: TopicSubscription, page: ArchivePage, proven: Proven) -> bool:
    """Store a page and the position behind it; whether there is nothing more to be read."""
    async with services.database.unit_of_work() as unit:
        unit.is_quiet = True
        current = await unit.session.get(TopicSubscription, row.id)
        if current is None or current.state != ACCEPTED or current.position != row.position:
            return True  # somebody else was quicker, or it has ended
        made = (await store_old(unit, proven.drafts, lambda author, draft: Visibility.PUBLIC)).made
        is_known = current.complete_at is not None and not made and bool(page.creates)
        is_end = page.following is None or is_known
        current.stored += made
        current.pages += 1
        current.position = None if is_end else page.following
        current.updated_at = unit.now
        if is_end:
            current.complete_at, current.pages = current.complete_at or unit.now, 0
        reasons = ", ".join(f"{reason}: {count}" for reason, count in sorted(proven.refused.items()))
        if reasons:
            current.last_error = f"left out: {reasons}"
            log.warning("archive.left-out", topic=current.topic_uri, position=row.position, **proven.refused)
        return is_end


@dataclass(slots=True)
class Stored:
    """How many posts were new here, and how many were brought up to date."""

    made: int = 0
    edited: int = 0


async def store_old(
    unit: UnitOfWork, drafts: Sequence[StatusDraft], audience: Audience, *, brought_by: str | None = None
) -> Stored:
    """Store posts that are new here, and take over the newer state of those that aren't.

    `audience` says for whom a post is; None leaves it out. `brought_by` is the community that they come from.
    """
    authors = [draft.attributed_to or "" for draft in drafts]
    uris = [uri for draft in drafts for uri in (draft.uri, draft.in_reply_to_uri) if uri]
    named = [uri for draft in drafts for uri in (*draft.to, *draft.cc, *draft.audience) if not uri.endswith("#Public")]
    mentioned = [mention.href for draft in drafts for mention in draft.mentions]
    await preload_accounts(unit, [*authors, *named, *mentioned])
    await preload_statuses(unit, uris)
    gone = await buried(unit, uris)
    stored = Stored()
    for draft in drafts:
        author = unit.accounts.get(draft.attributed_to or "")
        uri = draft.uri or ""
        if author is None or author.is_local or not author.is_active or (uri, author.uri) in gone:
            continue
        known, visibility = unit.statuses.get(uri), audience(author, draft)
        if visibility is None:
            continue
        if known is None:
            group = None
            if draft.audience or brought_by is not None:
                group, visibility = await placed(unit, author, draft, visibility, brought_by=brought_by)
            made = await create_status(unit, author, draft, visibility=visibility, group=group)
            made.edited_at = draft.updated_at
            stored.made += 1
        elif known.account_id == author.id and draft.updated_at is not None and _is_newer(draft, known):
            await edit_status(unit, author, known, draft)
            known.edited_at = draft.updated_at  # also of an edit that was undone by the next one
            stored.edited += 1
    return stored


def _is_newer(draft: StatusDraft, known: Status) -> bool:
    return draft.updated_at is not None and (known.edited_at is None or draft.updated_at > known.edited_at)


async def _note(services: Services, subscription_id: int, error: str) -> None:
    async with services.database.unit_of_work() as unit:
        row = await unit.session.get(TopicSubscription, subscription_id)
        if row is not None:
            row.last_error, row.updated_at = error[:MAX_ERROR_CHARACTERS], unit.now
