"""From an actor's URI or handle to its account: out of the database while it is fresh, else from its home.

`resolve_actor` may use the network, and never inside a transaction: fetch the document, confirm the handle, then store
both in a unit of its own. Whoever asks for the same actor meanwhile waits for the same fetch. An account that can't be
brought up to date is still an account: the stale one is returned, unless the caller asked for a fresh one.

Raises ActorRefused (there is no such actor for us), ActorGone (there was), RemoteError (it can't be had now).
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import and_, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from federation.actors.discovery import LookupFailed, split_handle, webfinger
from federation.actors.handles import HandleDenied, confirm_handle
from federation.actors.pins import check_fetched_pin
from federation.actors.store import ActorGone as ActorGone
from federation.actors.store import ActorRefused as ActorRefused
from federation.actors.store import Arrival, Stored, store_arrival, surroundings
from federation.actors.store import store_actor as store_actor
from federation.client import FetchBudget, RemoteError, host_of
from federation.dereference import FetchedDocument, HostNotAllowed, NotFound, UnusableDocument, fetch_document
from federation.json_ld import DocumentRefused
from federation.parse import actor_draft
from federation.peers import domain_of
from federation.services import Services
from models.accounts import Account
from models.collisions import repeat_on_collision
from policy.domains import normalise_domain
from policy.limits import ACTOR_FRESH_HOURS
from social.accounts import account_by_handle
from social.drafts import ActorDraft

log = structlog.get_logger(__name__)

FRESH_FOR: Final = timedelta(hours=ACTOR_FRESH_HOURS)


async def resolve_actor(
    services: Services, uri: str, *, budget: FetchBudget | None = None, refresh: bool = False
) -> Account:
    """The account of the actor `uri`, fetched when it is unknown or older than a day; `refresh` fetches in any case.

    One SELECT when it is known and fresh. The account is detached: read it, don't write to it. Its URI may be another
    than `uri` when the actor's server says that this is its id.
    """
    account = await _stored(services, uri)
    if account is not None and account.gone_at is not None:
        raise ActorGone(uri)
    if services.addresses.is_local(uri):
        if account is None:
            raise ActorRefused("no such actor here")
        return account
    if account is not None and not refresh and is_fresh(services, account):
        return account
    try:
        return await services.peers.memory.actor_flights.run(uri, lambda: _fetch_and_store(services, uri, budget))
    except (RemoteError, ActorRefused) as error:
        if account is None or refresh:
            raise
        log.info("actor.stale", uri=uri, error=str(error))
        return account


async def refresh_if_stale(services: Services, account: Account) -> Account:
    """The account, brought up to date when it is older than a day; as it is when that fails, for whatever reason."""
    if account.is_local or account.gone_at is not None or is_fresh(services, account):
        return account
    try:
        return await resolve_actor(services, account.uri, refresh=True)
    except (RemoteError, ActorRefused, ActorGone) as error:
        log.info("actor.stale", uri=account.uri, error=str(error))
        return account


async def resolve_handle(services: Services, handle: str, *, budget: FetchBudget | None = None) -> Account:
    """The account of `user@host` (`@` or `acct:` in front allowed; without a host: ours). Raises as `resolve_actor`.

    A known account is returned without asking anybody while it is fresh. Otherwise the host's WebFinger leads to the
    actor, whose own host decides under which handle it is stored.
    """
    username, domain = _split(services, handle)
    async with services.database.reading() as session:
        account = await account_by_handle(session, username, domain)
    if account is not None and account.gone_at is not None:
        raise ActorGone(account.uri)
    if domain is None:
        if account is None:
            raise ActorRefused(f"nobody here is called {username}")
        return account
    if account is not None and is_fresh(services, account):
        return account
    try:
        found = await webfinger(services, f"acct:{username}@{domain}", domain, budget=budget)
        if not found.actor_uris:
            raise LookupFailed(f"https://{domain}/", "WebFinger names no actor")
        return await resolve_actor(services, found.actor_uris[0], budget=budget)
    except RemoteError:
        if account is None:
            raise
        return account


async def known_handles(services: Services, session: AsyncSession, handles: Iterable[str]) -> dict[str, Account]:
    """Those of the handles whose accounts are here, fresh or not, without asking anybody: one SELECT for all."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for handle in handles:
        try:
            username, domain = _split(services, handle)
        except ActorRefused:
            continue
        wanted.setdefault((username.lower(), domain or ""), []).append(handle)
    if not wanted:
        return {}
    name, place = func.lower(Account.username), func.coalesce(Account.domain, literal_column("''"))
    rows = await session.scalars(
        select(Account).where(or_(*(and_(name == username, place == domain) for username, domain in wanted)))
    )
    return {handle: account for account in rows for handle in wanted[account.username.lower(), account.domain or ""]}


async def fetch_actor(services: Services, uri: str, *, budget: FetchBudget | None = None) -> ActorDraft:
    """The actor as its home describes it now. Raises ActorRefused, ActorGone, RemoteError."""
    try:
        fetched = await fetch_document(services, uri, budget=budget)
    except NotFound as error:
        raise ActorGone(uri) from error
    except (UnusableDocument, HostNotAllowed) as error:
        raise ActorRefused(str(error)) from error
    return draft_of(fetched)


def draft_of(fetched: FetchedDocument) -> ActorDraft:
    """The actor in a fetched document. Raises ActorRefused."""
    try:
        return actor_draft(fetched.document)
    except DocumentRefused as refused:
        raise ActorRefused(f"{fetched.url}: {refused.detail}") from refused


async def store_fetched(services: Services, draft: ActorDraft, *, budget: FetchBudget | None = None) -> Stored:
    """Confirm the handle of a fetched actor, then store it in a unit of work that it shares with others.

    Raises ActorRefused and ActorGone.
    """
    await check_fetched_pin(services, draft)
    try:
        handle = await confirm_handle(services, draft, budget=budget)
    except HandleDenied as error:
        raise ActorRefused(str(error)) from error
    arrival = Arrival(draft, handle.domain, handle.is_confirmed, handle.sharers)
    stored: Stored = await services.peers.memory.arrivals.do(
        arrival, lambda group: repeat_on_collision(lambda: _store(services, group))
    )
    return stored


def is_fresh(services: Services, account: Account) -> bool:
    """Whether the account was fetched within the last day; our own always are."""
    if account.is_local:
        return True
    return account.fetched_at is not None and services.clock() - account.fetched_at < FRESH_FOR


async def _fetch_and_store(services: Services, uri: str, budget: FetchBudget | None) -> Account:
    return (await store_fetched(services, await fetch_actor(services, uri, budget=budget), budget=budget)).account


async def _store(services: Services, group: Sequence[Arrival]) -> list[Stored | Exception]:
    """Store actors that don't claim the same, and remember what they say of their hosts."""
    stored: list[Stored | Exception] = []
    keys = services.peers.memory.keys
    async with services.database.unit_of_work() as unit:
        around = await surroundings(unit, group)
        unit.after_commit(lambda: keys.forget_actors({arrival.draft.uri for arrival in group}))
        for arrival in group:
            try:
                stored.append(await store_arrival(unit, arrival, around))
            except (ActorRefused, ActorGone) as error:
                stored.append(error)
    await services.hosts.announced_together(
        (host_of(arrival.draft.uri), arrival.draft.implements)
        for arrival, outcome in zip(group, stored, strict=True)
        if isinstance(outcome, Stored)
    )
    return stored


async def _stored(services: Services, uri: str) -> Account | None:
    async with services.database.reading() as session:
        account: Account | None = await session.scalar(select(Account).where(Account.uri == uri))
        return account


def _split(services: Services, handle: str) -> tuple[str, str | None]:
    """Name and domain of a handle; None for ours."""
    text = handle.strip()
    parts = split_handle(text)
    if parts is None:
        name = text.removeprefix("@")
        if not name or "@" in name or any(character.isspace() or character in "/?#:" for character in name):
            raise ActorRefused("that is not a handle")
        return name, None
    try:
        domain = normalise_domain(parts[1])
    except ValueError as error:
        raise ActorRefused("that is not a handle") from error
    own = (normalise_domain(services.addresses.domain), domain_of(services.addresses.origin))
    return parts[0], None if domain in own else domain
