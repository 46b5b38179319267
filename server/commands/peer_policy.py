"""`tertulia peer policy`: what a peer may receive and how much it may say."""

from collections.abc import Callable
from typing import Any

import click
import orjson

from models.peers import Peer
from outbox.peering.policies import change_policy, policies_in_words
from outbox.peering.sending import PeeringRefused
from policy.peers import MAX_PER_MINUTE
from server.commands.options import office, run_async, with_settings
from server.commands.queue import checked_domain
from server.peer_view import NO_RULES, policy_lines
from server.settings import Settings

_RATE = click.IntRange(0, MAX_PER_MINUTE)


@click.command("policy")
@click.argument("domain")
@click.option("--visibilities", metavar="LIST", help="What it may receive: public,unlisted,private,direct; or all.")
@click.option("--topics", metavar="LIST", help="Hashtags that are there for it, with commas between; all, or none.")
@click.option("--communities", metavar="LIST", help="Communities that are there for it; all, or none.")
@click.option("--media/--no-media", default=None, help="Whether it receives posts with files.")
@click.option("--boosts/--no-boosts", default=None, help="Whether boosts by its people have effects here.")
@click.option("--rate", type=_RATE, help="Activities a minute that are taken from it; 0: as from everybody.")
@click.option("--send-rate", type=_RATE, help="Activities a minute that are sent to it; 0: as to everybody.")
@click.option("--free", is_flag=True, help="Take all rules away.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_settings
@run_async
async def policy(settings: Settings, domain: str, free: bool, as_json: bool, **options: Any) -> None:
    """Show or change what DOMAIN may receive; options that aren't given leave their rule as it is.

    A post goes there when its visibility, every hashtag on it, its community and its files are allowed. What is
    deleted is told all the same.

    \b
    Examples:
      tertulia peer policy supplier.example --visibilities public,unlisted --topics calidad,obra --communities none
      tertulia peer policy supplier.example --no-media --no-boosts --rate 60
      tertulia peer policy supplier.example --free
    """
    name = checked_domain(domain)
    changes = dict(NO_RULES) if free else {}
    changes |= {_NAMES.get(option, option): _READ[option](value)
                for option, value in options.items() if value is not None}  # fmt: skip
    async with office(settings) as services, services.database.unit_of_work() as unit:
        peer = await unit.session.get(Peer, name)
        if peer is None:
            raise PeeringRefused(f"{name} is not known here: `tertulia peer list` shows who is.")
        if changes:
            await change_policy(services, unit, peer, changes)
        found = (await policies_in_words(unit.session, [peer]))[name]
    if as_json:
        click.echo(orjson.dumps({"domain": name, **found}, option=orjson.OPT_INDENT_2))
        return
    for line in policy_lines(found):
        click.echo(line)


def _names(text: str) -> list[str] | None:
    """`all` is no rule, `none` an empty list."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if words == ["all"]:
        return None
    return [] if words == ["none"] else words


_NAMES = {"rate": "inbound_per_minute", "send_rate": "outbound_per_minute"}
_READ: dict[str, Callable[[Any], Any]] = {
    "visibilities": _names, "topics": _names, "communities": _names, "media": bool, "boosts": bool,
    "rate": lambda rate: rate or None, "send_rate": lambda rate: rate or None,
}  # fmt: skip
