"""`tertulia peering-list`: who belongs to the group, as another office publishes it."""

import click
import orjson
from sqlalchemy import select

from federation.peers import domain_of
from models.peers import Peer, PeeringList
from outbox.peering.sending import PeeringRefused
from outbox.peering.subscriptions import AUTOMATICALLY, BY_HAND, subscribe, suggestions, unsubscribe
from server.commands.options import office, run_async, with_settings
from server.commands.queue import checked_domain
from server.settings import Settings


@click.group("peering-list")
def peering_list() -> None:
    """Subscribe to the list in which an office, such as the head office, publishes who belongs to the group.

    Our own list is published when TERTULIA_PEERING_LIST is on.
    """


@peering_list.command("subscribe")
@click.argument("what", metavar="URL|DOMAIN")
@click.option("--accept", type=click.Choice([AUTOMATICALLY, BY_HAND]), default=BY_HAND, show_default=True,
              help="Propose to everybody on it, and confirm their proposals; or only suggest them.")  # fmt: skip
@with_settings
@run_async
async def subscribe_(settings: Settings, what: str, accept: str) -> None:
    """Subscribe to the list of an active peer. Again: change how it is accepted.

    \b
    Example:
      tertulia peering-list subscribe headquarters.example --accept automatically
    """
    url = what if "://" in what else ""
    name = checked_domain(_host(url) if url else what)
    async with office(settings) as services:
        publisher = await services.peers.show(name)
        if publisher is None:
            raise PeeringRefused(f"{name} is not known here: a list counts once its publisher is an active peer.")
        known = await subscribe(services, publisher, url=url, mode=accept)
    click.echo(f"{len(known.entries)} offices are on the list of {name}; the running server reads it every hour.")


@peering_list.command("unsubscribe")
@click.argument("domain")
@with_settings
@run_async
async def unsubscribe_(settings: Settings, domain: str) -> None:
    """Forget the list of DOMAIN; peers stay peers.

    \b
    Example:
      tertulia peering-list unsubscribe headquarters.example
    """
    name = checked_domain(domain)
    async with office(settings) as services, services.database.unit_of_work() as unit:
        if not await unsubscribe(unit, name):
            raise PeeringRefused(f"The list of {name} is not subscribed to.")
    click.echo(f"The list of {name} is forgotten.")


@peering_list.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_settings
@run_async
async def show(settings: Settings, as_json: bool) -> None:
    """Show the lists, who is on them, and whom they suggest.

    \b
    Example:
      tertulia peering-list show
    """
    async with office(settings) as services, services.database.reading() as session:
        lists = (await session.scalars(select(PeeringList).order_by(PeeringList.domain))).all()
        states = {peer.domain: peer.state for peer in await session.scalars(select(Peer))}
        suggested = await suggestions(services, session)
    found = {
        "lists": [
            {
                "domain": one.domain, "url": one.url, "accept": one.mode, "fetched_at": one.fetched_at,
                "updated_at": one.updated_at, "last_error": one.last_error,
                "entries": [{**entry, "state": states.get(entry["domain"], "unknown")} for entry in one.entries],
            }
            for one in lists
        ],
        "suggestions": suggested,
    }  # fmt: skip
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
        return
    for one in lists:
        click.echo(f"{one.domain}: {len(one.entries)} offices, accepted {one.mode}{_problem(one)}")
        for entry in one.entries:
            state = states.get(entry["domain"], "unknown")
            click.echo(f"  {entry['domain']}  {entry['legal_name']}  {entry['fingerprint']}  {state}")
    for entry in suggested:
        click.echo(f"Suggested by {entry['publisher']}: tertulia peer add {entry['domain']}")
    if not lists:
        click.echo("No lists yet: tertulia peering-list subscribe DOMAIN", err=True)


def _problem(one: PeeringList) -> str:
    return f" (last attempt failed: {one.last_error})" if one.last_error else ""


def _host(url: str) -> str:
    try:
        return domain_of(url)
    except ValueError as error:
        raise click.UsageError(f"{url} is no address: {error}.") from error
