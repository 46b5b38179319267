"""`tertulia peer`: which offices belong to the network. What is shown of one is made in `server.peer_view`."""

from dataclasses import asdict
from typing import Any

import click
import orjson

from federation.client import RemoteError
from federation.peers.cards import CardRefused, InstanceCard, own_card
from federation.peers.finding import find_instance
from federation.services import Services
from inbox.peer_health import peer_health, verdict
from models.activities import RemoteHost
from models.peers import Peer
from outbox.peering import decisions
from outbox.peering.explain import missing
from outbox.peering.policies import policies_in_words
from outbox.peering.removal import ask_removal, content_left
from outbox.peering.sending import PeeringRefused
from server.commands.options import office, run_async, with_settings
from server.commands.peer_policy import policy
from server.commands.peer_sync import sync
from server.commands.queue import checked_domain
from server.peer_view import card_lines, listed, shown, shown_lines
from server.settings import Settings


@click.group()
def peer() -> None:
    """Decide which offices belong to the network.

    A peering takes an administrator on each side: one proposes (`add`), the other compares the fingerprint of the key
    and confirms (`confirm`). A test activity then goes both ways, and from then on the peer is active. The commands
    may run while the server does, which delivers what they decide.
    """


peer.add_command(sync)
peer.add_command(policy)


@peer.command()
@click.argument("domain")
@click.option("--note", default="", help="Why, and who decided; shown by `peer show`.")
@click.option("--limited", is_flag=True, help="A server that knows no handshake, such as Mastodon: active at once.")
@with_settings
@run_async
async def add(settings: Settings, domain: str, note: str, limited: bool) -> None:
    """Propose to the office at DOMAIN to be peers, or confirm what it has proposed. Again: propose again.

    \b
    Examples:
      tertulia peer add lisbon.example --note "our Portuguese subsidiary"
      tertulia peer add --limited social.supplier.example
    """
    name = checked_domain(domain)
    async with office(settings) as services:
        card = await _found(services, name, is_required=not limited)
        if card is not None:
            _say(card_lines(card))
        if not limited and card is not None and not card.knows_peering:
            raise click.ClickException(
                f"{name} makes no handshake with offices of Tertulia: `tertulia peer add --limited {name}` lets it "
                "read and write here all the same, and `tertulia peer show` says what it can't honour."
            )
        try:
            async with services.database.unit_of_work() as unit:
                if limited or card is None:
                    made = await decisions.admit_limited(services, unit, name, card, note=note)
                else:
                    made = await decisions.propose(services, unit, card, note=note)
        except ValueError as error:
            raise click.ClickException(f"{domain} can't be a peer: {error}.") from error
        async with services.database.reading() as session:
            own = await own_card(services, session)
        _say_next(services, made, own)


@peer.command()
@click.argument("domain")
@with_settings
@run_async
async def confirm(settings: Settings, domain: str) -> None:
    """Confirm what the office at DOMAIN has proposed: compare the fingerprint that `peer show` tells first.

    \b
    Example:
      tertulia peer confirm madrid.example
    """
    async with office(settings) as services:
        made = await _changed(services, domain, decisions.confirm)
        _say_next(services, made, None)


@peer.command()
@click.argument("domain")
@with_settings
@run_async
async def reject(settings: Settings, domain: str) -> None:
    """Refuse what the office at DOMAIN has proposed.

    \b
    Example:
      tertulia peer reject stranger.example
    """
    async with office(settings) as services:
        made = await _changed(services, domain, decisions.reject)
    click.echo(f"The proposal of {made.domain} is rejected.")


@peer.command()
@click.argument("domain")
@with_settings
@run_async
async def suspend(settings: Settings, domain: str) -> None:
    """Refuse DOMAIN for now; `peer resume` lets it in again.

    \b
    Example:
      tertulia peer suspend lisbon.example
    """
    async with office(settings) as services:
        made = await _decided(services, domain, decisions.suspend)
    click.echo(f"{made.domain} is suspended.")


@peer.command()
@click.argument("domain")
@with_settings
@run_async
async def resume(settings: Settings, domain: str) -> None:
    """Take the suspension of DOMAIN back.

    \b
    Example:
      tertulia peer resume lisbon.example
    """
    async with office(settings) as services:
        made = await _changed(services, domain, decisions.resume)
        click.echo(f"{made.domain} is {made.state}.")
        _say([missing(made, services.clock())])


@peer.command()
@click.argument("domain")
@click.option("--delete-content", is_flag=True, help="Remove its accounts, their posts and follows from here.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@with_settings
@run_async
async def end(settings: Settings, domain: str, delete_content: bool, yes: bool) -> None:
    """End the relation with DOMAIN, or take a proposal back.

    \b
    Examples:
      tertulia peer end sold-office.example
      tertulia peer end --delete-content sold-office.example
    """
    name = checked_domain(domain)
    async with office(settings) as services:
        if delete_content and not yes:
            async with services.database.unit_of_work() as unit:
                accounts, posts = await content_left(unit, name)
            click.confirm(f"Delete {accounts} accounts and {posts} posts of {name} here for good?", abort=True)
        made = await _decided(services, name, decisions.end)
        if delete_content:
            async with services.database.unit_of_work() as unit:
                await ask_removal(unit, await unit.session.get_one(Peer, made.domain))
    click.echo(f"The relation with {made.domain} has ended.")
    if delete_content:
        click.echo(
            f"The running server deletes its content; `tertulia peer show {made.domain}` tells how much is left."
        )


@peer.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_settings
@run_async
async def list_(settings: Settings, as_json: bool) -> None:
    """Show all peers, how far it has come with each, and what is missing.

    \b
    Example:
      tertulia peer list --json
    """
    async with office(settings) as services:
        found, now = await services.peers.list(), services.clock()
    if as_json:
        click.echo(orjson.dumps([listed(item, now) for item in found], option=orjson.OPT_INDENT_2))
        return
    for item in found:
        words = [item.legal_name, "limited" if item.is_limited else "", item.note, missing(item, now)]
        click.echo("  ".join([item.domain, item.state, *(f"({word})" for word in words if word)]))
    if not found:
        click.echo("No peers yet: tertulia peer add DOMAIN", err=True)


@peer.command()
@click.argument("domain")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_settings
@run_async
async def show(settings: Settings, domain: str, as_json: bool) -> None:
    """Show what is known of DOMAIN: what it says of itself, its key, what is missing, last contact, queue.

    \b
    Example:
      tertulia peer show lisbon.example
    """
    name = checked_domain(domain)
    async with office(settings) as services:
        decided, now = await services.peers.show(name), services.clock()
        async with services.database.reading() as session:
            host = await session.get(RemoteHost, name)
            policies = await policies_in_words(session, [decided] if decided else [])
        health, sync = await peer_health(services, name)
        await services.hosts.know([name])
        scheme = services.hosts.scheme_for(name)
        if decided is None and host is None:
            raise click.ClickException(f"{name} is not known here: `tertulia peer add {name}` proposes to be peers.")
        found = shown(name, decided, health, verdict(health, sync, now), scheme, now)
        found |= {"policy": policies.get(name), "sync": asdict(sync)}
        if decided is not None and decided.removal_asked_at is not None:
            async with services.database.unit_of_work() as unit:
                found["accounts_left"], found["posts_left"] = await content_left(unit, name)
    _say([orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()] if as_json else shown_lines(found))


async def _found(services: Services, name: str, *, is_required: bool) -> InstanceCard | None:
    try:
        services.peers.checked_name(name)
        return await find_instance(services, name)
    except ValueError as error:
        raise click.ClickException(f"{name} can't be a peer: {error}.") from error
    except (RemoteError, CardRefused) as error:
        problem = f"Who is at {name} can't be found out: {error}."
        if is_required:
            raise click.ClickException(f"{problem} Nothing was proposed; try again when it can be reached.") from error
        click.echo(f"Warning: {problem}", err=True)
        return None


async def _changed(services: Services, domain: str, change: Any) -> Peer:
    """Change a peer that there is."""
    name = checked_domain(domain)
    async with services.database.unit_of_work() as unit:
        found = await unit.session.get(Peer, name)
        if found is None:
            raise PeeringRefused(f"{name} is not known here: `tertulia peer list` shows who is.")
        made: Peer = await change(services, unit, found)
    return made


async def _decided(services: Services, domain: str, decide: Any) -> Peer:
    """Decide upon a peer, known or not."""
    name = checked_domain(domain)
    try:
        async with services.database.unit_of_work() as unit:
            made: Peer = await decide(services, unit, name)
    except ValueError as error:
        raise click.ClickException(f"{domain} can't be a peer: {error}.") from error
    return made


def _say_next(services: Services, made: Peer, own: InstanceCard | None) -> None:
    """Say where it stands, and what happens next."""
    click.echo(f"{made.domain} is {made.state}{' as a limited peer' if made.is_limited else ''}.")
    _say([missing(made, services.clock())])
    if own is not None and made.state == "proposed":
        click.echo("The running server (`tertulia serve`) delivers the proposal.")
        click.echo(f"There: `tertulia peer show {own.domain}`, then `tertulia peer confirm {own.domain}`.")
        click.echo(f"Fingerprint of our key: {own.fingerprint}")


def _say(lines: list[str]) -> None:
    for line in lines:
        if line:
            click.echo(line)
