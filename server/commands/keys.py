"""`tertulia keys`: the key pair that speaks for the office itself."""

import click

from federation.peers.cards import own_card
from federation.services import Services
from outbox.peering.rotation import rotate_instance_keys
from server.commands.options import office, run_async, with_settings
from server.settings import Settings


@click.group()
def keys() -> None:
    """The instance key: what peers compare before they confirm, and what they pin."""


@keys.command()
@with_settings
@run_async
async def show(settings: Settings) -> None:
    """Print the fingerprint of the instance key.

    \b
    Example:
      tertulia keys show
    """
    async with office(settings) as services:
        click.echo(await _fingerprint(services))


@keys.command()
@with_settings
@run_async
async def rotate(settings: Settings) -> None:
    """Replace the instance key, and announce the new one to all peers under the old one.

    The old key verifies for a week more. A peer that can't be reached until then has to confirm anew.

    \b
    Example:
      tertulia keys rotate
    """
    async with office(settings) as services:
        async with services.database.unit_of_work() as unit:
            told = await rotate_instance_keys(services, unit)
        click.echo(f"The new key signs from now on; {told} peers are told by the running server.")
        click.echo(await _fingerprint(services))


async def _fingerprint(services: Services) -> str:
    async with services.database.reading() as session:
        return f"Fingerprint of our key: {(await own_card(services, session)).fingerprint}"
