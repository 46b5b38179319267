"""`tertulia topic`: the archives of hashtags."""

from contextlib import aclosing
from pathlib import Path

import click

from content.hashtags import normalise_hashtag
from models.accounts import INSTANCE_ACTOR_ID
from server.commands.options import office, run_async, with_settings
from server.settings import Settings
from social.archives import Archive, write_archive


@click.group()
def topic() -> None:
    """Look after topics."""


@topic.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True))
@with_settings
@run_async
async def export(settings: Settings, name: str, file: Path) -> None:
    """Write what is public under hashtag NAME, of every office, into FILE as ZIP (HTML and JSON).

    \b
    Example:
      tertulia topic export calidad calidad.zip
    """
    key = normalise_hashtag(name)
    if not key:
        raise click.UsageError(f"{name} is no hashtag.")
    size = 0
    async with office(settings) as services:
        archive = Archive(key, f"#{key}", INSTANCE_ACTOR_ID, services.clock())
        with file.open("wb") as written:
            async with aclosing(write_archive(services.database, services.addresses, archive)) as pieces:
                async for piece in pieces:
                    size += written.write(piece)
    click.echo(f"{file}: {size} bytes.")
