"""`tertulia peer sync`: how far we and a peer have heard each other out, and catching up at once."""

import asyncio
from dataclasses import asdict
from typing import Final

import click
import orjson

from federation.services import Services
from inbox.sync.catch_up import catch_up_once
from inbox.sync.compare import compare_once, is_catching_up
from inbox.sync.figures import SyncFigures, sync_figures
from outbox.dead_letters import retry_host
from server.commands.options import office, run_async, with_settings
from server.commands.queue import checked_domain
from server.settings import Settings

PATIENCE_SECONDS: Final = 20


@click.command("sync")
@click.argument("domain")
@click.option("--show", "only_show", is_flag=True, help="Ask and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_settings
@run_async
async def sync(settings: Settings, domain: str, only_show: bool, as_json: bool) -> None:
    """Show how far we and DOMAIN have heard each other out; ask at once for what is missing, send what waits, compare
    what we have with what it says to have told us, and mend what differs. Ends with 1 when something stays open.

    \b
    Example:
      tertulia peer sync lisbon.example
    """
    name = checked_domain(domain)
    async with office(settings) as services:
        found = await sync_figures(services, name)
        if not only_show and found.takes_part:
            await _repair(services, name, is_quiet=as_json)
            found = await sync_figures(services, name)
    if as_json:
        click.echo(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2))
    else:
        for line in lines_of(found):
            click.echo(line)
    if is_open(found):
        raise SystemExit(1)


def is_open(found: SyncFigures) -> bool:
    """Whether something is known to be missing here, or couldn't be found out."""
    is_failed = found.last_error is not None or found.compare_error is not None
    return found.takes_part and (found.behind > 0 or found.unrepaired > 0 or is_failed)


async def _repair(services: Services, host: str, *, is_quiet: bool) -> None:
    """Read the peer's log to its end, and make due what waits for it."""
    async with services.database.unit_of_work() as unit:
        waiting = await retry_host(unit, host)
    if not is_quiet and waiting:
        click.echo(f"{waiting} deliveries to {host} are due now.")
    while await catch_up_once(services, host):
        if not is_quiet:
            click.echo(f"{(await sync_figures(services, host)).behind} to go …")
    for _ in range(PATIENCE_SECONDS):  # the running office takes in what has just come
        if not await is_catching_up(services, host):
            break
        await asyncio.sleep(1)
    while await compare_once(services, host):
        if not is_quiet:
            found = await sync_figures(services, host)
            click.echo(f"{found.differing_days} days differ so far, {found.repaired} of {found.missing} mended …")


def lines_of(found: SyncFigures) -> list[str]:
    """The figures in sentences."""
    if not found.takes_part:
        return [f"{found.host} takes no part in sync: it is no full peer, or not known to keep a log."]
    lines = [_here(found), _there(found)]
    if found.is_restoring:
        lines.append("This office was restored: the peer is asked for what it has from us.")
    if found.cut_at is not None:
        lines.append(
            f"Its log doesn't reach back far enough, found at {found.cut_at:%Y-%m-%d %H:%M} UTC: older posts may lack."
        )
    lines += _digests(found)
    if found.last_error is not None:
        lines.append(f"The last attempt failed: {found.last_error}")
    return lines


def _digests(found: SyncFigures) -> list[str]:
    lines = []
    if found.compared_at is not None or found.is_comparing:
        when = "Digests are being compared" if found.is_comparing else ""
        when = when or f"Digests compared {found.compared_at:%Y-%m-%d %H:%M} UTC"
        if found.missing:
            result = f"{found.differing_days} days differed, {found.repaired} of {found.missing} mended"
        else:
            result = "nothing differed"
        lines.append(f"{when}; {result}.")
    if found.unrepaired:
        lines.append(f"{found.unrepaired} could not be mended: the log says why.")
    if found.compare_error is not None:
        lines.append(f"The comparison stopped: {found.compare_error}")
    return lines


def _here(found: SyncFigures) -> str:
    until = "never yet" if found.in_sync_at is None else f"until {found.in_sync_at:%Y-%m-%d %H:%M:%S} UTC"
    missing = (
        f"{found.behind} of its activities are missing here"
        if found.behind
        else "nothing of it is known to be missing here"
    )
    return f"In sync {until}; {missing}."


def _there(found: SyncFigures) -> str:
    if found.their_behind is None:
        return "How far it has heard us out is not known: it was never asked."
    if not found.their_behind:
        return "It has heard all of ours."
    since = "" if found.oldest_missing_at is None else f", the oldest of {found.oldest_missing_at:%Y-%m-%d %H:%M} UTC"
    return f"{found.their_behind} of ours are missing there by its last word{since}."
