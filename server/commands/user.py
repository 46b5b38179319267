"""`tertulia user`: the people of this office."""

import sys

import click
import orjson

from policy.roles import ROLES
from server import users
from server.commands.options import office, run_async, with_settings
from server.passwords import generate_password, hash_password
from server.settings import Settings
from server.users import Person


@click.group()
def user() -> None:
    """Make and look after the people of this office."""


@user.command()
@click.argument("name")
@click.option("--email", required=True, help="Address for signing in and for mail.")
@click.option("--password", help="Seen by everybody on this machine while the command runs: prefer --password-stdin.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--admin", "is_admin", is_flag=True, help="Let this person administer the office.")
@click.option("--display-name", default="", help="The name as others see it.")
@with_settings
@run_async
async def create(
    settings: Settings, name: str, email: str, password: str | None, password_stdin: bool, is_admin: bool,
    display_name: str,
) -> None:  # fmt: skip
    """Make a person. Without a password one is made up and printed, once.

    \b
    Examples:
      tertulia user create ana --email ana@madrid.example --display-name "Ana García" --admin
      pass show office/ana | tertulia user create ana --email ana@madrid.example --password-stdin
    """
    if password is not None and password_stdin:
        raise click.UsageError("Give --password or --password-stdin, not both.")
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    chosen = password if password is not None else generate_password()
    users.check_name(name)
    password_hash = hash_password(chosen)
    async with office(settings) as services, services.database.unit_of_work() as unit:
        made = await users.create_user(
            unit, services, name=name, email=email, password_hash=password_hash, display_name=display_name,
            is_admin=is_admin,
        )  # fmt: skip
    click.echo(f"Made @{name}@{settings.domain} ({made.account.uri}).")
    if password is None:
        click.echo(f"Password: {chosen}")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
@with_settings
@run_async
async def list_(settings: Settings, as_json: bool) -> None:
    """Show everybody.

    \b
    Example:
      tertulia user list --json
    """
    async with office(settings) as services, services.database.reading() as session:
        people = await users.list_users(session)
    if as_json:
        click.echo(orjson.dumps([_entity(person, settings) for person in people], option=orjson.OPT_INDENT_2))
        return
    for person in people:
        mark = "" if person.user.role == "user" else f" {person.user.role}"
        mark += " suspended" if person.account.suspended_at else ""
        click.echo(f"@{person.account.username}  {person.user.email}  {person.account.display_name}{mark}".rstrip())
    if not people:
        click.echo("Nobody yet: tertulia user create NAME --email ADDRESS", err=True)


@user.command()
@click.argument("name")
@click.argument("role", type=click.Choice(list(ROLES)))
@with_settings
@run_async
async def role(settings: Settings, name: str, role: str) -> None:
    """Make a person user, moderator (looks after people and reports) or admin (decides everything).

    \b
    Example:
      tertulia user role ana moderator
    """
    async with office(settings) as services, services.database.unit_of_work() as unit:
        person = await users.get_user(unit.session, name)
        was_changed = await users.set_role(unit, person, role)
    click.echo(f"@{person.account.username} is {role}{'' if was_changed else ' already'}.")


@user.command()
@click.argument("name")
@with_settings
@run_async
async def suspend(settings: Settings, name: str) -> None:
    """Take sign-in and tokens away from a person and hide the account; what they wrote stays.

    \b
    Example:
      tertulia user suspend ana
    """
    async with office(settings) as services, services.database.unit_of_work() as unit:
        person = await users.get_user(unit.session, name)
        was_active = await users.suspend_user(unit, person)
    click.echo(f"@{person.account.username} is suspended{'' if was_active else ' already'}.")


@user.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask.")
@with_settings
@run_async
async def delete(settings: Settings, name: str, yes: bool) -> None:
    """Delete a person and everything they wrote, here and at every peer. The name stays taken.

    \b
    Example:
      tertulia user delete ana --yes
    """
    if not yes and sys.stdin.isatty():
        click.confirm(f"Delete @{name} and everything that {name} wrote, everywhere and for good?", abort=True)
    async with office(settings) as services, services.database.unit_of_work() as unit:
        person = await users.get_user(unit.session, name)
        await users.delete_user(unit, services, person)
    click.echo(f"@{person.account.username} is deleted; peers are being told.")


@user.command("rotate-keys")
@click.argument("name")
@with_settings
@run_async
async def rotate_keys(settings: Settings, name: str) -> None:
    """Give a person new keys. Peers are told first, and the old keys verify for a week more.

    \b
    Example:
      tertulia user rotate-keys ana
    """
    async with office(settings) as services:
        async with services.database.unit_of_work() as unit:
            person = await users.get_user(unit.session, name)
            await users.rotate_keys(unit, services, person)
        async with services.database.reading() as session:
            listed = await services.keyring.public_keys(session, person.account.id)
    click.echo(f"@{person.account.username} signs with new keys:")
    for key in listed:
        if key.retired_at is None:
            click.echo(f"  {key.key_id}")


def _entity(person: Person, settings: Settings) -> dict[str, object]:
    account, signs_in = person
    return {
        "id": str(account.id),
        "name": account.username,
        "acct": f"{account.username}@{settings.domain}",
        "uri": account.uri,
        "display_name": account.display_name,
        "email": signs_in.email,
        "role": signs_in.role,
        "created_at": account.created_at,
        "suspended_at": account.suspended_at,
    }
