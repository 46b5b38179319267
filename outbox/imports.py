"""Working off the lists that people bring along: row by row, with the verbs that every other surface uses.

A job of its own that does some rows, notes how far it came and queues itself again: an import survives a crash, keeps
nobody from working, and may do a row twice, which changes nothing. A row that fails is reported and the next one
tried. In `overwrite` what the file doesn't name is ended first. Looking people up uses the network, between units.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from sqlalchemy import select

from federation.actors import ActorRefused, known_handles, resolve_handle
from federation.client import FetchBudget, RemoteError
from federation.services import Services
from federation.trust.authentication import ActorGone, PeerRefused
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from models.feeds import AccountList
from models.imports import AccountImport
from models.statuses import Status
from outbox.domain_blocks import publish_domain_block
from outbox.follows import publish_block, publish_follow
from outbox.overwriting import end_the_rest
from policy.domains import normalise_domain
from policy.visibility import visible_to
from social.bookmarks import bookmark
from social.follows import FollowRefused
from social.imports import BLOCKS, BOOKMARKS, DOMAIN_BLOCKS, FINISHED, FOLLOWS, LISTS, MUTES, OVERWRITE, report
from social.list_members import AlreadyListed, NotFollowed, add_members
from social.lists import create_list
from social.mutes import mute
from social.quotas import QuotaReached

IMPORT: Final = "import"
ROWS_AT_ONCE: Final = 25
LOOKUP_FETCHES: Final = 10
LOOKUP_SECONDS: Final = 10.0


class FetchStatus(Protocol):
    """Finds a status here or at its server; the inbox floor has it."""

    async def __call__(self, services: Services, uri: str, *, budget: FetchBudget) -> Status | None: ...


class RowRefused(Exception):
    """Nothing can be done with a row; the message says why."""


async def queue_import(unit: UnitOfWork, made: AccountImport) -> None:
    """Have an import worked off."""
    await enqueue_job(unit, IMPORT, {"import_id": made.id}, unique_key=f"{IMPORT}:{made.id}:{made.position}")


async def run_import(services: Services, fetch: FetchStatus, payload: dict[str, Any]) -> None:
    """The job: the next rows of an import, then the job for those after them."""
    async with services.database.reading() as session:
        found = await session.get(AccountImport, int(payload["import_id"]))
    if found is None or found.state == FINISHED:
        return
    if found.position == 0 and found.mode == OVERWRITE:
        await end_the_rest(services, found)
    failures, succeeded = list(found.failures), found.succeeded
    rows = found.rows[found.position : found.position + ROWS_AT_ONCE]
    for number, *cells in rows:
        try:
            await _run_row(services, fetch, found, cells)
            succeeded += 1
        except RowRefused as refused:
            report(failures, int(number), " ".join(cells), str(refused))
    async with services.database.unit_of_work() as unit:
        current = await unit.session.get(AccountImport, found.id)
        if current is None or current.position != found.position:
            return
        current.position += len(rows)
        current.succeeded, current.failures = succeeded, failures
        if current.position >= current.total:
            current.state, current.finished_at, current.rows = FINISHED, unit.now, []
        else:
            await queue_import(unit, current)


async def _run_row(services: Services, fetch: FetchStatus, found: AccountImport, cells: list[str]) -> None:
    """One row. Raises RowRefused."""
    name = cells[1] if found.kind == LISTS else cells[0]
    target = await _look_up(services, name) if found.kind in (FOLLOWS, BLOCKS, MUTES, LISTS) else None
    if found.kind == BOOKMARKS:
        await _look_up_status(services, fetch, name)
    try:
        async with services.database.unit_of_work() as unit:
            account = await unit.session.get_one(Account, found.account_id)
            if target is not None:
                other = await unit.session.get_one(Account, target.id)
                await _ABOUT_ACCOUNTS[found.kind](services, unit, account, other, cells)
            elif found.kind == DOMAIN_BLOCKS:
                await publish_domain_block(services, unit, account, _domain(name))
            else:
                await _bookmark(unit, account, name)
    except FollowRefused as error:
        raise RowRefused("can't be followed") from error
    except NotFollowed as error:
        raise RowRefused("is not followed, so can't be on a list") from error
    except QuotaReached as error:
        raise RowRefused(str(error)) from error


async def _look_up(services: Services, acct: str) -> Account:
    async with services.database.reading() as session:
        account = (await known_handles(services, session, [acct])).get(acct)
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            account = account or await resolve_handle(services, acct, budget=FetchBudget(LOOKUP_FETCHES))
    except (ActorRefused, ActorGone, PeerRefused, RemoteError, TimeoutError) as error:
        raise RowRefused("there is no such account, or its server doesn't answer") from error
    if not account.is_active:
        raise RowRefused("the account is gone")
    return account


async def _look_up_status(services: Services, fetch: FetchStatus, uri: str) -> None:
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            await fetch(services, uri, budget=FetchBudget(LOOKUP_FETCHES))
    except (PeerRefused, RemoteError, TimeoutError) as error:
        raise RowRefused("there is no such post, or its server doesn't answer") from error


def _domain(text: str) -> str:
    try:
        return normalise_domain(text)
    except ValueError as error:
        raise RowRefused("is no domain") from error


async def _follow(services: Services, unit: UnitOfWork, account: Account, other: Account, cells: list[str]) -> None:
    boosts, notifies, languages = (*cells[1:], "", "", "")[:3]
    await publish_follow(
        services,
        unit,
        account,
        other,
        shows_boosts=_is_true(boosts) if boosts else None,
        notifies=_is_true(notifies) if notifies else None,
        languages=[word.strip() for word in languages.split(",") if word.strip()] or None,
    )


async def _block(services: Services, unit: UnitOfWork, account: Account, other: Account, _: list[str]) -> None:
    await publish_block(services, unit, account, other)


async def _mute(services: Services, unit: UnitOfWork, account: Account, other: Account, cells: list[str]) -> None:
    hides = cells[1] if len(cells) > 1 else ""
    await mute(unit, account, other, hides_notifications=_is_true(hides) if hides else True)


async def _list(services: Services, unit: UnitOfWork, account: Account, other: Account, cells: list[str]) -> None:
    query = select(AccountList).where(AccountList.account_id == account.id, AccountList.title == cells[0])
    owned = (await unit.session.scalars(query.order_by(AccountList.id))).first()
    if owned is None:
        owned = await create_list(unit, account, cells[0])
    try:
        await add_members(unit, owned, [other.id])
    except AlreadyListed:
        return


async def _bookmark(unit: UnitOfWork, account: Account, uri: str) -> None:
    query = select(Status).where(Status.uri == uri, visible_to(account.id))
    status = (await unit.session.scalars(query)).first()
    if status is None:
        raise RowRefused("there is no such post, or its server doesn't answer")
    await bookmark(unit, account, status)


Verb = Callable[[Services, UnitOfWork, Account, Account, list[str]], Awaitable[None]]
_ABOUT_ACCOUNTS: Final[dict[str, Verb]] = {FOLLOWS: _follow, BLOCKS: _block, MUTES: _mute, LISTS: _list}


def _is_true(text: str) -> bool:
    return text.strip().lower() in ("true", "1", "yes", "t")
