"""Repairing one day of the communities that a peer hosts, as its word has it.

    a post in a community of the peer      here                   what is done
    listed                                 –, or older            taken from the peer by its author's proof, or fetched
    listed                                 in no community        is in it, if its author addressed it
    listed as locked, featured, removed    otherwise              likewise here: the host decides about its community
    not listed                             its author is ours     left alone: perhaps the host never got it
    not listed                             public                 asked about at its own address: gone, or out of it
    not listed                             for members            out of it; of an author of the peer, gone

What our people posted there is the host's to mend (`inbox.sync.repair_submissions`). So a host decides about its own
community and about nothing else: it brings no post that its author didn't sign for this community, and takes away
nobody's post anywhere but there. What changed within `CROSSING_TIME` is left alone: the messages may have crossed.

On failure (RemoteError, PageUnreadable) what was done stays; the comparison stops at this day.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final

import structlog
from sqlalchemy import select

from federation.activity import Activity, id_of
from federation.client import FetchBudget, RemoteError
from federation.json_ld import JsonObject
from federation.parse import visibility_of
from federation.peers.sync import CROSSING_TIME
from federation.services import Services
from federation.sync.digests import COMMUNITIES, Item
from federation.trust.authentication import PeerRefused
from federation.trust.origins import same_origin
from inbox.archives import prove, store_old
from inbox.fetching import fetch_status
from inbox.group_announcements import addresses, place
from inbox.sync.community_marks import mend_marks, take_out
from inbox.sync.heard import is_posted_there, is_shared, joined_there
from inbox.sync.repair import Repair, ask_about, bodies_of, document_of, get_to_know, listed_items, remove_copy
from models.accounts import Account
from models.statuses import Status
from models.visibility import Visibility
from policy.limits import ARCHIVE_AUTHORS_AT_ONCE, DIGEST_DOUBTS, DIGEST_REPAIRS_A_DAY
from social.digests import MARKED, REMOVED, in_day, version_of
from social.drafts import StatusDraft
from social.statuses import status_by_uri

_AT_ONCE: Final = 500
Here = Any
"""A status here: the columns `MARKED`, `is_shared`, and what the query in `_rows` adds."""

log = structlog.get_logger(__name__)


async def repair_communities(services: Services, host: str, origin: str, day: date) -> Repair:
    """Make one day equal, as far as that can be done. Raises RemoteError, PageUnreadable."""
    groups = await joined_communities(services, origin)
    said = await listed_items(services, origin, COMMUNITIES, day)
    listed = {item.uri: item for item in said if item.of in groups}
    here = await _rows(services, origin, day, listed)
    lacking = _lacking(services, groups, listed, here)
    if lacking:
        await _fetch(services, host, origin, groups, lacking[:DIGEST_REPAIRS_A_DAY])
    doubtful = [row for uri, row in here.items() if uri not in listed and _is_doubtful(services, row)]
    gone = await _ask_about_all(services, origin, doubtful[:DIGEST_DOUBTS])
    current = await _rows(services, origin, day, listed)
    still = _lacking(services, groups, listed, current)
    found = Repair.of(len(lacking) + len(doubtful), len(lacking) - len(still) + gone)
    found += await mend_marks(services, groups, listed, current)
    if found.missing:
        log.info("sync.communities_repaired", host=host, day=day.isoformat(), missing=found.missing,
                 repaired=found.repaired)  # fmt: skip
    return found


async def joined_communities(services: Services, origin: str) -> dict[str, Account]:
    """The communities of the peer that somebody here belongs to, by their ids."""
    async with services.database.reading() as session:
        groups = await session.scalars(select(Account).where(Account.id.in_(joined_there(origin))))
        return {group.uri: group for group in groups}


async def _rows(services: Services, origin: str, day: date, listed: Collection[str]) -> dict[str, Here]:
    """What was posted on the day in the peer's communities, and what it lists, as it is here."""
    query = select(
        *MARKED, is_shared(), Status.group_id, Status.created_at, Status.visibility, Account.uri.label("author_uri"),
        Account.domain,
    ).join(Account, Account.id == Status.account_id)  # fmt: skip
    found: dict[str, Here] = {}
    async with services.database.reading() as session:
        for row in await session.execute(query.where(is_posted_there(origin), in_day(day))):
            found[row.uri] = row
        others = [uri for uri in listed if uri not in found]
        for start in range(0, len(others), _AT_ONCE):
            for row in await session.execute(query.where(Status.uri.in_(others[start : start + _AT_ONCE]))):
                found[row.uri] = row
    return found


def _lacking(
    services: Services, groups: Mapping[str, Account], listed: Mapping[str, Item], here: Mapping[str, Here]
) -> list[Item]:
    """What is missing here, or older, or in no community; of our own people nothing can be."""
    found = []
    for item in listed.values():
        row = here.get(item.uri)
        is_as_listed = row is not None and (
            version_of(row.edited_at) >= item.version and row.group_id == groups[item.of].id
        )
        if item.state != REMOVED and not is_as_listed and not services.addresses.is_local(item.uri):
            found.append(item)
    return found


def _is_doubtful(services: Services, row: Here) -> bool:
    return row.domain is not None and row.removed_at is None and services.clock() - row.created_at > CROSSING_TIME


async def _fetch(
    services: Services, host: str, origin: str, groups: Mapping[str, Account], items: Sequence[Item]
) -> None:
    """Take in what the host has of these; what it can't prove is asked for at its author's office."""
    came: set[str] = set()
    async for pairs in bodies_of(services, origin, items):
        parts: dict[tuple[str, str], list[JsonObject]] = defaultdict(list)
        asked = {item.uri for item, _ in pairs}
        for item, body in pairs:
            document = document_of(body) or {}
            author_uri = id_of(document.get("actor"))
            if author_uri is not None and services.peers.allows_url(author_uri):
                parts[item.of, author_uri.split("/", 3)[2]].append(document)
                came.add(item.uri)
        for (group_uri, _), documents in parts.items():
            await _store(services, host, groups[group_uri], documents, asked)
    budget = FetchBudget(3 * DIGEST_DOUBTS)
    for item in [item for item in items if item.uri not in came][:DIGEST_DOUBTS]:
        try:
            await fetch_status(services, item.uri, budget=budget, is_fresh=True, brought_by=item.of)
        except (PeerRefused, RemoteError):
            log.debug("sync.post_not_to_be_had", uri=item.uri)


async def _store(
    services: Services, host: str, group: Account, documents: Sequence[JsonObject], asked: Collection[str]
) -> None:
    """Store what authors of one office wrote for the community, in the place of its date; nobody is notified."""

    def refusal(activity: Activity, draft: StatusDraft) -> str | None:
        is_of_author = draft.attributed_to == activity.actor and same_origin(draft.uri or "", activity.actor)
        if not is_of_author or draft.is_vote or services.addresses.is_local(activity.actor):
            return "foreign-author"
        if draft.uri not in asked:
            return "not-asked-for"
        return None if addresses(draft, group.uri) else "not-for-this-community"

    author_uri = id_of(documents[0].get("actor")) or ""
    budget = FetchBudget(ARCHIVE_AUTHORS_AT_ONCE)
    types = ("Create", "Update")
    proven = await prove(services, documents, origin=author_uri, refusal=refusal, budget=budget, types=types)
    if proven.refused:
        log.warning("sync.posts_refused", host=host, **proven.refused)
    if not proven.drafts:
        return
    await get_to_know(services, proven.drafts)

    def audience(author: Account, draft: StatusDraft) -> Visibility:
        return visibility_of(draft.to, (*draft.cc, *draft.audience), author.followers_url)

    async with services.database.unit_of_work() as unit:
        unit.is_restoring = True
        await store_old(unit, proven.drafts, audience, brought_by=group.uri)
        for draft in proven.drafts:
            status = await status_by_uri(unit, draft.uri or "")
            if status is not None and status.group_id is None:
                place(status, draft, group)


async def _ask_about_all(services: Services, origin: str, rows: Sequence[Here]) -> int:
    """Have what the host doesn't list gone, or out of its community."""
    done = 0
    for row in rows:
        author_origin = "/".join(row.author_uri.split("/", 3)[:3])
        if row.visibility != Visibility.PRIVATE:
            try:
                done += await ask_about(services, author_origin, [row.uri])
            except RemoteError:
                continue
        elif same_origin(row.author_uri, origin):
            done += await remove_copy(services, origin, row.uri, is_for_good=False)
        done += await take_out(services, row.uri)
    return min(done, len(rows))
