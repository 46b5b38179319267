"""`tertulia peer`: which offices belong to the network."""

from datetime import datetime
from typing import Any

import click
import orjson

from federation.services import Services
from keys.signing import Scheme
from models.activities import RemoteHost
from models.peers import Peer
from outbox.report import HostQueue, queue_status
from server.commands.options import office, run_async, with_settings
from server.commands.queue import checked_domain
from server.peer_check import check_peer, remember_software
from server.settings import Settings


@click.group()
def peer() -> None:
    """Decide which offices belong to the network."""


@peer.command()
@click.argument("domain")
@click.option("--note", default="", help="Why, and who decided; shown by `peer show`.")
@with_settings
@run_async
async def add(settings: Settings, domain: str, note: str) -> None:
    """Confirm DOMAIN as a peer: it may read and write here. Warns when it can't be reached.

    \b
    Example:
      tertulia peer add lisbon.example --note "our Portuguese subsidiary"
    """
    async with office(settings) as services:
        found = await _decide(services, "confirm", domain, note)
        click.echo(f"{found.domain} is a confirmed peer.")
        report = await check_peer(services, found.domain)
        if report.software is not None:
            async with services.database.unit_of_work() as unit:
                await remember_software(unit, found.domain, report.software)
            click.echo(f"It runs {report.software}.")
        for problem in report.problems:
            click.echo(f"Warning: {problem}", err=True)


@peer.command()
@click.argument("domain")
@with_settings
@run_async
async def suspend(settings: Settings, domain: str) -> None:
    """Refuse DOMAIN for now; `peer add` lets it in again.

    \b
    Example:
      tertulia peer suspend lisbon.example
    """
    async with office(settings) as services:
        found = await _decide(services, "suspend", domain)
    click.echo(f"{found.domain} is suspended.")


@peer.command()
@click.argument("domain")
@with_settings
@run_async
async def end(settings: Settings, domain: str) -> None:
    """End the relation with DOMAIN.

    \b
    Example:
      tertulia peer end sold-office.example
    """
    async with office(settings) as services:
        found = await _decide(services, "end", domain)
    click.echo(f"The relation with {found.domain} has ended.")


@peer.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_settings
@run_async
async def list_(settings: Settings, as_json: bool) -> None:
    """Show all peers and what was decided about them.

    \b
    Example:
      tertulia peer list --json
    """
    async with office(settings) as services:
        found = await services.peers.list()
    if as_json:
        click.echo(orjson.dumps([_entity(item) for item in found], option=orjson.OPT_INDENT_2))
        return
    for item in found:
        click.echo(f"{item.domain}  {item.state}{f'  ({item.note})' if item.note else ''}")
    if not found:
        click.echo("No peers yet: tertulia peer add DOMAIN", err=True)


@peer.command()
@click.argument("domain")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_settings
@run_async
async def show(settings: Settings, domain: str, as_json: bool) -> None:
    """Show what is known of DOMAIN: decision, software, last contact, queue, signature scheme.

    \b
    Example:
      tertulia peer show lisbon.example
    """
    name = checked_domain(domain)
    async with office(settings) as services:
        decided = await services.peers.show(name)
        async with services.database.reading() as session:
            host = await session.get(RemoteHost, name)
            queues = await queue_status(session, now=services.clock())
        await services.hosts.know([name])
        scheme = services.hosts.scheme_for(name)
    if decided is None and host is None:
        raise click.ClickException(f"{name} is not known here: `tertulia peer add {name}` makes it a peer.")
    waiting = next((queue for queue in queues if queue.host == name), None)
    known = _known(name, decided, host, waiting, scheme)
    if as_json:
        click.echo(orjson.dumps(known, option=orjson.OPT_INDENT_2))
        return
    for label, value in known.items():
        click.echo(f"{label.replace('_', ' ')}: {_shown(value)}")


async def _decide(services: Services, decision: str, domain: str, note: str = "") -> Peer:
    name = checked_domain(domain)
    try:
        async with services.database.unit_of_work() as unit:
            made: Peer = await getattr(services.peers, decision)(unit, name, note)
    except ValueError as error:
        raise click.ClickException(f"{domain} can't be a peer: {error}.") from error
    return made


def _entity(item: Peer) -> dict[str, Any]:
    return {
        "domain": item.domain,
        "state": item.state,
        "note": item.note,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
    }


def _known(
    name: str, decided: Peer | None, host: RemoteHost | None, waiting: HostQueue | None, scheme: Scheme
) -> dict[str, Any]:
    """What is shown of a peer; `scheme` is how the next request to it will be signed."""
    return {
        "domain": name,
        "state": decided.state if decided else "unknown",
        "note": decided.note if decided else "",
        "decided_at": decided.updated_at if decided else None,
        "software": host.software if host else None,
        "scheme": scheme.value,
        "last_received_at": host.last_inbound_at if host else None,
        "last_delivered_at": host.last_success_at if host else None,
        "last_error": host.last_error if host else None,
        "circuit": waiting.circuit if waiting else None,
        "queued": waiting.queued if waiting else 0,
        "dead": waiting.dead if waiting else 0,
    }


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    return "-" if value is None or value == "" else str(value)
