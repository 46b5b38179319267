"""`tertulia document`: pages about the office, such as its privacy policy."""

from typing import TextIO

import click

from content.compose import MAX_MARKDOWN_CHARACTERS
from server.commands.options import office, run_async, with_settings
from server.settings import Settings
from social.office_documents import DOCUMENTS, get_document, set_document

MAX_CHARACTERS = MAX_MARKDOWN_CHARACTERS


@click.group()
def document() -> None:
    """Write the pages about the office."""


@document.command("set")
@click.argument("name", type=click.Choice(DOCUMENTS))
@click.argument("file", type=click.File("r", encoding="utf-8"))
@with_settings
@run_async
async def set_(settings: Settings, name: str, file: TextIO) -> None:
    """Set a page to the Markdown in FILE ("-": standard input); an empty file takes it away.

    \b
    Example:
      tertulia document set privacy_policy privacy.md
    """
    try:
        text = str(file.read(MAX_CHARACTERS + 1))
    except UnicodeDecodeError as error:
        raise click.ClickException("The file is no text in UTF-8.") from error
    if len(text) > MAX_CHARACTERS:
        raise click.ClickException(f"A page has at most {MAX_CHARACTERS} characters.")
    async with office(settings) as services, services.database.unit_of_work() as unit:
        await set_document(unit, name, text.replace("\0", ""))
    click.echo(f"{name} is {'set' if text.strip() else 'empty'}.")


@document.command()
@click.argument("name", type=click.Choice(DOCUMENTS))
@with_settings
@run_async
async def show(settings: Settings, name: str) -> None:
    """Print the Markdown of a page.

    \b
    Example:
      tertulia document show privacy_policy
    """
    async with office(settings) as services, services.database.reading() as session:
        found = await get_document(session, name)
    if found is None:
        raise click.ClickException(f"There is no {name}: `tertulia document set {name} FILE` makes it.")
    click.echo(found.text)
