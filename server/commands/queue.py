"""`tertulia queue`: what waits, and what to do about it."""

import click
import orjson

from outbox.dead_letters import drop_host, retry_host
from outbox.report import report_of_uri
from outbox.report_routes import line_document
from policy.domains import normalise_domain
from server.commands.options import office, run_async, with_settings
from server.queues import QueueStatus, queue_status
from server.settings import Settings


@click.group()
def queue() -> None:
    """See and steer what waits to be delivered and to be worked on."""


@queue.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_settings
@run_async
async def status(settings: Settings, as_json: bool) -> None:
    """Show how much waits, and for which hosts.

    \b
    Example:
      tertulia queue status --json | jq .deliveries.queued
    """
    async with office(settings) as services, services.database.reading() as session:
        found = await queue_status(session, services.clock())
    if as_json:
        click.echo(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2))
    else:
        _show(found)


@queue.command()
@click.argument("uri")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
@with_settings
@run_async
async def report(settings: Settings, uri: str, as_json: bool) -> None:
    """Show where a status or an activity of this office went, when, and what was answered.

    \b
    Example:
      tertulia queue report https://madrid.example/users/42/statuses/43
    """
    async with office(settings) as services, services.database.reading() as session:
        lines = await report_of_uri(session, uri)
    if as_json:
        click.echo(orjson.dumps([line_document(line) for line in lines], option=orjson.OPT_INDENT_2))
        return
    if not lines:
        click.echo("Nothing was sent for this: no other server had to know, or the journal is not kept that long.")
    for line in lines:
        when = f"{line.finished_at:%Y-%m-%d %H:%M:%S}" if line.finished_at else "-"
        answer = line.last_status or line.last_error or ""
        click.echo(f"{line.activity_type:10} {line.state:8} {when:20} {answer!s:6} {line.inbox_url}")


@queue.command()
@click.argument("host")
@with_settings
@run_async
async def retry(settings: Settings, host: str) -> None:
    """Try everything for HOST again now, dead letters included.

    \b
    Example:
      tertulia queue retry lisbon.example
    """
    async with office(settings) as services, services.database.unit_of_work() as unit:
        count = await retry_host(unit, checked_domain(host))
    click.echo(f"{count} deliveries to {host} are due now.")


@queue.command()
@click.argument("host")
@with_settings
@run_async
async def drop(settings: Settings, host: str) -> None:
    """Give up everything that waits for HOST, dead letters included. It will never arrive there.

    \b
    Example:
      tertulia queue drop closed-office.example
    """
    async with office(settings) as services, services.database.unit_of_work() as unit:
        count = await drop_host(unit, checked_domain(host))
    click.echo(f"{count} deliveries to {host} are given up for good.")


def checked_domain(text: str) -> str:
    """The host in normal form; a usage error when it is none."""
    try:
        return normalise_domain(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no host: write it like lisbon.example or 127.0.0.1:8080.") from None


def _show(found: QueueStatus) -> None:
    click.echo(f"deliveries: {found.deliveries['queued']} queued, {found.deliveries['dead']} given up")
    click.echo(f"inbound:    {found.inbound['queued']} queued, {found.inbound['failed']} failed")
    click.echo(f"jobs:       {found.jobs['queued']} queued, {found.jobs['failed']} failed")
    for host in found.hosts:
        line = f"  {host.host}: {host.queued} queued, {host.dead} given up"
        if host.next_probe_at is not None and host.circuit != "closed":
            line += f", not answering, next try {host.next_probe_at:%Y-%m-%d %H:%M} UTC"
        if host.last_error:
            line += f" ({host.last_error})"
        click.echo(line)
