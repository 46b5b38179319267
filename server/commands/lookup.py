"""`tertulia lookup`: the normalised JSON of a document."""

from collections.abc import Callable
from pathlib import Path

import click
import orjson

from server.commands.options import office, run_async, with_loader
from server.lookups import look_up, names_file, read_file
from server.settings import Settings


@click.command()
@click.argument("what", metavar="URL|@USER@HOST|FILE")
@with_loader
@run_async
async def lookup(load: Callable[[], Settings], what: str) -> None:
    """Print the normalised JSON of a remote or local document. A file needs no settings.

    \b
    Examples:
      tertulia lookup @bruno@lisbon.example
      tertulia lookup https://lisbon.example/users/7
      tertulia lookup ./activity.json
    """
    if names_file(what):
        document = read_file(Path(what))
    else:
        async with office(load()) as services:
            document = await look_up(services, what)
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
