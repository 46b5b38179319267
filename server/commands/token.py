"""`tertulia token`: access tokens for scripts."""

import click

from access.scopes import check_scopes
from access.tokens import DEFAULT_SCOPES, create_token
from server import users
from server.commands.options import office, run_async, with_settings
from server.settings import Settings


@click.group()
def token() -> None:
    """Make access tokens for apps and scripts."""


@token.command()
@click.argument("name")
@click.option("--scopes", default=DEFAULT_SCOPES, show_default=True, help="What the token allows, with spaces between.")
@with_settings
@run_async
async def create(settings: Settings, name: str, scopes: str) -> None:
    """Make a token for the person NAME and print it, and nothing else. It can't be shown again.

    \b
    Example:
      curl -H "Authorization: Bearer $(tertulia token create ana --scopes read)" http://…
    """
    check_scopes(scopes)
    async with office(settings) as services, services.database.unit_of_work() as unit:
        person = await users.get_user(unit.session, name)
        users.check_may_sign_in(person)
        made = create_token(unit, person.user, scopes)
    click.echo(made)
