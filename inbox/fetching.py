"""Fetching a status that somebody refers to, with its author and the thread above it, and storing what came.

Network first, then one short unit of work for each status; the budget is the caller's. A status is only ever taken
from its own server, whatever copy we were shown. What is for the members of a community is asked for as
`inbox.members_only` says, and kept only when the community's host vouches for its author.
"""

from sqlalchemy import select

from federation.actors import ActorRefused, resolve_actor
from federation.cards import request_card
from federation.client import FetchBudget, RemoteError
from federation.dereference import fetch_document
from federation.json_ld import DocumentRefused, JsonObject
from federation.json_ld.terms import PUBLIC
from federation.memberships import token_for
from federation.parse import status_draft, visibility_of
from federation.services import Services
from federation.trust.authentication import ActorGone
from federation.trust.origins import same_origin
from inbox.communities import lock_as_told, placed
from inbox.members_only import joined_among, spoken_in, told_of
from inbox.quote_stamps import request_stamp_check
from models.accounts import Account
from models.collisions import repeat_on_collision
from models.statuses import Status
from models.visibility import Visibility
from policy.limits import THREAD_DEPTH_AT_ONCE
from social.accounts import account_by_uri
from social.drafts import StatusDraft
from social.edits import edit_status
from social.statuses import create_status, status_by_uri
from social.tombstones import buried


class StatusUnavailable(Exception):
    """It exists, but isn't anything that we can show: not a status, or its author isn't to be had."""


async def fetch_status(
    services: Services,
    uri: str,
    *,
    budget: FetchBudget,
    is_fresh: bool = False,
    depth: int = 0,
    brought_by: str | None = None,
    within: Account | None = None,
) -> Status | None:
    """The status with this URI, from here or from its server; None when there is none to be had.

    `is_fresh` asks its server even when we have it; `brought_by` is the community that passed it on, `within` one for
    whose members it may be, as one of ours. Raises RemoteError when the server can't be asked now.
    """
    if services.addresses.is_local(uri):
        return await _stored(services, uri)
    if not is_fresh and (found := await _stored(services, uri)) is not None:
        return found
    if within is None and brought_by is not None:
        within = await joined_among(services, [brought_by])
    try:
        draft = await _draft(services, uri, budget, within)
        author = await resolve_actor(services, draft.attributed_to or "", budget=budget)
    except (DocumentRefused, ActorRefused, ActorGone, StatusUnavailable):
        return None
    group, is_heard = await spoken_in(services, draft, author, budget=budget)
    if not is_heard:
        return None
    brought_by = group.uri if group is not None else brought_by
    await _fetch_parent(services, draft, budget, depth)
    return await repeat_on_collision(lambda: _store(services, author, draft, brought_by))


async def _draft(services: Services, uri: str, budget: FetchBudget, within: Account | None) -> StatusDraft:
    token = None if within is None else await token_for(services, within, uri, budget=budget)
    document = (await fetch_document(services, uri, budget=budget, token=token)).document
    if document.get("type") in ("Create", "Update"):
        object_uri = _embedded_id(document)
        if object_uri is None or not same_origin(object_uri, uri):
            raise StatusUnavailable(uri)
        document = (await fetch_document(services, object_uri, budget=budget, token=token)).document
    draft = status_draft(document, now=services.clock())
    if draft.is_vote or draft.attributed_to is None:
        raise StatusUnavailable(uri)
    return draft


def _embedded_id(document: JsonObject) -> str | None:
    value = document.get("object")
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) else None


async def _fetch_parent(services: Services, draft: StatusDraft, budget: FetchBudget, depth: int) -> None:
    """The thread above it, as far as depth and budget go; the rest comes when somebody looks at it."""
    if draft.in_reply_to_uri is None or depth >= THREAD_DEPTH_AT_ONCE:
        return
    try:
        told = told_of(draft)
        within = await joined_among(services, told) if PUBLIC not in told else None
        await fetch_status(services, draft.in_reply_to_uri, budget=budget, depth=depth + 1, within=within)
    except RemoteError:
        return


async def _stored(services: Services, uri: str) -> Status | None:
    async with services.database.reading() as session:
        return (await session.scalars(select(Status).where(Status.uri == uri))).first()


async def _store(services: Services, author: Account, draft: StatusDraft, brought_by: str | None) -> Status | None:
    async with services.database.unit_of_work() as unit:
        if draft.uri is None or (draft.uri, author.uri) in await buried(unit, [draft.uri]):
            return None
        current = await account_by_uri(unit, author.uri)
        if current is None or not current.is_active or current.is_local:
            return None
        status = await status_by_uri(unit, draft.uri)
        visibility = visibility_of(draft.to, (*draft.cc, *draft.audience), current.followers_url)
        group, visibility = await placed(unit, current, draft, visibility, brought_by=brought_by)
        if status is not None:
            if status.account_id == current.id:
                _find_its_community(status, group, visibility)
                await lock_as_told(unit, status, draft)
            if status.account_id == current.id and await edit_status(unit, current, status, draft):
                await request_card(services, unit, status)
                await request_stamp_check(unit, status)
            return status
        made = await create_status(unit, current, draft, visibility=visibility, group=group)
        await lock_as_told(unit, made, draft)
        await request_card(services, unit, made)
        await request_stamp_check(unit, made)
        return made


def _find_its_community(status: Status, group: Account | None, visibility: Visibility) -> None:
    """It may have come from its author before the community that it was posted in was known here."""
    if group is not None and status.group_id is None and visibility.is_public:
        status.group_id = group.id
