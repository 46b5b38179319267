"""`tertulia search`: the index that statuses are found by."""

import click

from server.commands.options import office, run_async, with_settings
from server.settings import Settings
from social.search.refill import count_statuses, fill_index, tidy_index


@click.group()
def search() -> None:
    """Look after the index that posts are found by."""


@search.command()
@click.option("--all", "is_everything", is_flag=True, help="Write every post anew, not only those that are missing.")
@with_settings
@run_async
async def reindex(settings: Settings, is_everything: bool) -> None:
    """Fill the index. The server may run meanwhile; an interrupted run is started again.

    \b
    Example:
      tertulia search reindex --all
    """
    async with office(settings) as services:
        total = await count_statuses(services.database)
        with click.progressbar(length=total, label="Posts", show_pos=True) as bar:
            written = await fill_index(
                services.database, is_everything=is_everything, progress=lambda passed: bar.update(passed - bar.pos)
            )
        await tidy_index(services.database)
    click.echo(f"{written} of {total} posts written into the index.")
