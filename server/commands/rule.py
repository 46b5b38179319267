"""`tertulia rule`: the rules of the office, which apps show before somebody reports a post."""

import click
import orjson

from server.commands.options import office, run_async, with_settings
from server.settings import Settings
from social.office_documents import add_rule, load_rules, remove_rule


@click.group()
def rule() -> None:
    """Say what is expected of people here."""


@rule.command()
@click.argument("text")
@click.option("--hint", default="", help="A sentence that explains it.")
@with_settings
@run_async
async def add(settings: Settings, text: str, hint: str) -> None:
    """Add a rule after the others.

    \b
    Example:
      tertulia rule add "Be kind." --hint "Criticise work, not people."
    """
    if not text.strip():
        raise click.UsageError("A rule needs a text.")
    async with office(settings) as services, services.database.unit_of_work() as unit:
        made = await add_rule(unit, text.strip(), hint.strip())
    click.echo(made.id)


@rule.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_settings
@run_async
async def list_(settings: Settings, as_json: bool) -> None:
    """Show the rules in their order.

    \b
    Example:
      tertulia rule list
    """
    async with office(settings) as services, services.database.reading() as session:
        found = await load_rules(session)
    if as_json:
        rows = [{"id": str(item.id), "text": item.text, "hint": item.hint} for item in found]
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    for item in found:
        click.echo(f"{item.id}  {item.text}{f'  ({item.hint})' if item.hint else ''}")
    if not found:
        click.echo("No rules yet: tertulia rule add TEXT", err=True)


@rule.command()
@click.argument("number", type=int)
@with_settings
@run_async
async def remove(settings: Settings, number: int) -> None:
    """Take the rule with this NUMBER away.

    \b
    Example:
      tertulia rule remove 911853421199360000
    """
    async with office(settings) as services, services.database.unit_of_work() as unit:
        was_there = await remove_rule(unit, number)
    if not was_there:
        raise click.ClickException(f"There is no rule {number}: `tertulia rule list` shows all.")
    click.echo(f"The rule {number} is gone.")
