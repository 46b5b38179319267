"""Repairing one day of what people of a peer posted in communities of ours.

What we lack comes into the journal as its author's Create and goes the ordinary way: the community takes it and passes
it on, or refuses it and says why. An edit that was missed is taken over by its author's proof; other offices find it
when they compare themselves with us. What isn't listed is asked about at its own address, as any post is.

On failure (RemoteError, PageUnreadable) what was done stays; the comparison stops at this day.
"""

from collections.abc import Collection, Sequence
from datetime import date

import structlog
from sqlalchemy import select

from federation.activity import Activity, parse_activity
from federation.client import FetchBudget
from federation.json_ld import DocumentRefused, JsonObject
from federation.parse import visibility_of
from federation.services import Services
from federation.sync.digests import SUBMISSIONS, Item
from federation.trust.origins import same_origin
from federation.trust.proofs import breaks_own_proof
from inbox.archives import prove, store_old
from inbox.sync.heard import is_submitted_by
from inbox.sync.repair import (
    Repair,
    ask_about,
    bodies_of,
    document_of,
    journal_again,
    listed_items,
    versions_here,
)
from models.accounts import Account
from models.statuses import Status
from models.visibility import Visibility
from outbox.announcing import keep_word
from policy.limits import ARCHIVE_AUTHORS_AT_ONCE, DIGEST_DOUBTS, DIGEST_REPAIRS_A_DAY
from social.digests import in_day
from social.drafts import StatusDraft
from social.statuses import status_by_uri

log = structlog.get_logger(__name__)


async def repair_submissions(services: Services, host: str, origin: str, day: date) -> Repair:
    """Make one day equal, as far as that can be done. Raises RemoteError, PageUnreadable."""
    listed = {item.uri: item for item in await listed_items(services, origin, SUBMISSIONS, day)}
    query = select(Status.uri).where(is_submitted_by(origin), Status.removed_at.is_(None), in_day(day))
    async with services.database.reading() as session:
        here = set(await session.scalars(query))
        known = await versions_here(session, list(listed))
    lacking = [item for uri, item in listed.items() if uri not in known or known[uri] < item.version]
    doubtful = sorted(here - listed.keys())
    repaired = 0
    async for pairs in bodies_of(services, origin, lacking[:DIGEST_REPAIRS_A_DAY]):
        repaired += await _take_in(services, host, origin, pairs, known)
    repaired += await ask_about(services, origin, doubtful[:DIGEST_DOUBTS])
    found = Repair.of(len(lacking) + len(doubtful), repaired)
    if found.missing:
        log.info("sync.submissions_repaired", host=host, day=day.isoformat(), missing=found.missing, repaired=repaired)
    return found


async def _take_in(
    services: Services, host: str, origin: str, pairs: Sequence[tuple[Item, bytes]], known: Collection[str]
) -> int:
    """How many were journalled, or brought up to date."""
    creates: list[Activity] = []
    edits: list[JsonObject] = []
    for item, body in pairs:
        if item.uri not in known:
            create = await _judged(services, origin, item.uri, body)
            creates += [] if create is None else [create]
        elif (document := document_of(body)) is not None:
            edits.append(document)
    async with services.database.unit_of_work() as unit:
        await journal_again(unit, host, creates)
    return len(creates) + await _edit(services, origin, edits, {item.uri for item, _ in pairs})


async def _judged(services: Services, origin: str, uri: str, body: bytes) -> Activity | None:
    """A Create of this post as the peer tells of it, judged like an entry of its log."""
    try:
        activity = parse_activity(body)
    except DocumentRefused:
        return None
    is_this = activity.type == "Create" and activity.object_id == uri and same_origin(activity.id or "", origin)
    if not is_this or not same_origin(activity.actor, origin):
        return None
    return None if await breaks_own_proof(services, activity) else activity


async def _edit(services: Services, origin: str, creates: Sequence[JsonObject], asked: Collection[str]) -> int:
    def refusal(activity: Activity, draft: StatusDraft) -> str | None:
        is_of_author = draft.attributed_to == activity.actor and draft.uri in asked and not draft.is_vote
        return None if is_of_author else "foreign-author"

    if not creates:
        return 0
    budget = FetchBudget(ARCHIVE_AUTHORS_AT_ONCE)
    drafts = (await prove(services, creates, origin=origin, refusal=refusal, budget=budget)).drafts

    def audience(author: Account, draft: StatusDraft) -> Visibility:
        return visibility_of(draft.to, (*draft.cc, *draft.audience), author.followers_url)

    said = {str((create.get("object") or {}).get("id")): create for create in creates}
    async with services.database.unit_of_work() as unit:
        unit.is_restoring = True
        edited = (await store_old(unit, drafts, audience)).edited
        for draft in drafts:
            status = await status_by_uri(unit, draft.uri or "")
            if status is not None and draft.uri in said:
                await keep_word(unit, status, said[draft.uri])
    return edited
