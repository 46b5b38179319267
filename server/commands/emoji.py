"""`tertulia emoji`: small pictures of this office that stand for `:shortcode:` in what people write."""

from typing import BinaryIO

import click
import orjson

from content.media_limits import EMOJI_BYTES
from content.pictures import store_emoji
from server.commands.options import office, run_async, with_settings
from server.settings import Settings
from social.emojis import EmojiRefused, add_emoji, load_emojis, remove_emoji


@click.group()
def emoji() -> None:
    """Give the office pictures of its own."""


@emoji.command()
@click.argument("shortcode")
@click.argument("file", type=click.File("rb"))
@click.option("--category", help="Where clients list it.")
@with_settings
@run_async
async def add(settings: Settings, shortcode: str, file: BinaryIO, category: str | None) -> None:
    """Make FILE (PNG, GIF, WebP or JPEG) the emoji :SHORTCODE: of this office.

    \b
    Example:
      tertulia emoji add party party.png --category Office
    """
    picture = file.read(EMOJI_BYTES + 1)
    if len(picture) > EMOJI_BYTES:
        raise click.ClickException(f"The picture is larger than {EMOJI_BYTES // 1024} KiB.")
    shortcode = shortcode.strip(":")
    async with office(settings) as services:
        key, still_key = await store_emoji(services.media, picture)
        try:
            async with services.database.unit_of_work() as unit:
                await add_emoji(unit, shortcode, storage_key=key, static_key=still_key, category=category)
        except EmojiRefused:
            for stored in {key, still_key}:
                await services.media.remove(stored)
            raise
    click.echo(f":{shortcode}: is there.")


@emoji.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_settings
@run_async
async def list_(settings: Settings, as_json: bool) -> None:
    """Show the emoji of this office.

    \b
    Example:
      tertulia emoji list
    """
    async with office(settings) as services, services.database.reading() as session:
        found = await load_emojis(session)
        urls = {item.id: services.addresses.media(item.storage_key) for item in found}
    if as_json:
        rows = [{"shortcode": item.shortcode, "category": item.category, "url": urls[item.id]} for item in found]
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    for item in found:
        click.echo(f":{item.shortcode}:{f'  ({item.category})' if item.category else ''}")
    if not found:
        click.echo("None yet: tertulia emoji add SHORTCODE FILE", err=True)


@emoji.command()
@click.argument("shortcode")
@with_settings
@run_async
async def remove(settings: Settings, shortcode: str) -> None:
    """Take an emoji out of use; posts that have it keep it.

    \b
    Example:
      tertulia emoji remove party
    """
    shortcode = shortcode.strip(":")
    async with office(settings) as services, services.database.unit_of_work() as unit:
        was_there = await remove_emoji(unit, shortcode)
    if not was_there:
        raise click.ClickException(f"There is no emoji :{shortcode}: here: `tertulia emoji list` shows all.")
    click.echo(f":{shortcode}: is gone.")
