"""`tertulia backup` and `tertulia restore`: the whole office in one sealed file, and back."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from keys.sealed_stream import SealRefused
from server.backup.reading import verify as verify_backup
from server.backup.restoring import restore as restore_office
from server.backup.saving import BackupRefused, save
from server.commands.options import run_async, with_settings
from server.context import open_database, prepare_database
from server.settings import Settings, check_data_dir_belongs

PASSPHRASE_VARIABLE = "TERTULIA_BACKUP_PASSPHRASE"
MIN_CHARACTERS = 12

file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help=f"File whose first line is the passphrase. Else {PASSPHRASE_VARIABLE} counts, else it is asked for.",
)


@click.command()
@file_argument
@click.option(
    "--verify", "is_check", is_flag=True, help="Read a backup to its end instead, and say whether it is whole."
)
@passphrase_option
@with_settings
@run_async
async def backup(settings: Settings, file: Path, is_check: bool, passphrase_file: Path | None) -> None:
    """Write database, media and keys into FILE, encrypted with a passphrase. The office may go on running.

    \b
    Examples:
      tertulia backup /backups/madrid-2026-11-28
      tertulia backup --verify /backups/madrid-2026-11-28
    """
    passphrase = _passphrase(passphrase_file, is_new=not is_check)
    with _bar() as progress, _told():
        if is_check:
            manifest = verify_backup(file, passphrase, progress=progress)
        else:
            check_data_dir_belongs(settings)
            database = open_database(settings)
            try:
                await prepare_database(database)
                saved = await save(settings, database, file, passphrase, progress=progress)
            finally:
                await database.close()
    if is_check:
        click.echo(f"{file} is whole: {manifest.domain}, made at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.")
        return
    click.echo(
        f"{file}: {sum(saved.rows.values())} rows, {saved.files} files. Without its passphrase it is worth nothing."
    )
    for what in saved.elsewhere:
        click.echo(f"Not in it: {what}. Back that up where it is.", err=True)


@click.command()
@file_argument
@click.option("--replace", is_flag=True, help="Put the backup in the place of the office that is here. Stop it first.")
@passphrase_option
@with_settings
@run_async
async def restore(settings: Settings, file: Path, replace: bool, passphrase_file: Path | None) -> None:
    """Make the backup FILE the office again. What came after it is asked of the peers at the next start.

    \b
    Example:
      tertulia restore /backups/madrid-2026-11-28
    """
    passphrase = _passphrase(passphrase_file, is_new=False)
    with _bar() as progress, _told():
        manifest = await restore_office(settings, file, passphrase, replace=replace, progress=progress)
    click.echo(
        f"{manifest.domain} is as it was at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC; start it, and it catches up."
    )
    if manifest.media != "disk":
        click.echo("Its media files were in a bucket and are not in the backup.", err=True)


def _passphrase(file: Path | None, *, is_new: bool) -> str:
    if file is not None:
        found = file.read_text("utf-8").partition("\n")[0]
    else:
        found = os.environ.get(PASSPHRASE_VARIABLE, "") or str(
            click.prompt("Passphrase", hide_input=True, confirmation_prompt=is_new, err=True)
        )
    if is_new and len(found) < MIN_CHARACTERS:
        raise click.ClickException(f"A passphrase needs at least {MIN_CHARACTERS} characters; several words are best.")
    return found


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (SealRefused, BackupRefused) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _bar() -> Iterator[Callable[[str, int], None]]:
    """What has been done so far, on a terminal; nothing elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda what, size: bar.update(task, advance=size, description=what.rpartition("/")[2][:24])
