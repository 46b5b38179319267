"""`serve`, `worker` and `migrate`: the commands that run an office."""

import click

from models import Database
from models.addresses import LocalAddresses
from server.commands.options import run_async, with_settings
from server.migrate import migrate as migrate_database
from server.migrate import schema_state
from server.roles import ROLES, WORK_ROLES
from server.settings import Settings, check_data_dir_belongs


class RoleList(click.ParamType[list[str]]):
    """A list of roles with commas between them."""

    name = "roles"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed = allowed

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        if isinstance(value, list):
            return value
        named = list(dict.fromkeys(part.strip() for part in str(value).split(",") if part.strip()))
        unknown = [name for name in named if name not in self._allowed]
        if unknown or not named:
            self.fail(f"{', '.join(unknown) or 'nothing'} is no role: choose among {', '.join(self._allowed)}.")
        return named


@click.command()
@click.option(
    "--roles", type=RoleList(ROLES), default=",".join(ROLES), show_default=True, help="What this process does."
)
@with_settings
def serve(settings: Settings, roles: list[str]) -> None:
    """Run the office: HTTP and background work in one process. Migrates an embedded database by itself.

    \b
    Examples:
      tertulia serve --config /etc/tertulia/tertulia.toml
      tertulia serve --roles http          (with PostgreSQL, beside `tertulia worker`)
    """
    run_roles(settings, roles)


@click.command()
@click.option("--roles", type=RoleList(WORK_ROLES), default=",".join(WORK_ROLES), show_default=True,
              help="What this process does.")  # fmt: skip
@with_settings
def worker(settings: Settings, roles: list[str]) -> None:
    """Run background work without HTTP, in as many processes as wanted.

    \b
    Example:
      tertulia worker --roles inbox,delivery,jobs
    """
    run_roles(settings, roles)


@click.command()
@with_settings
@run_async
async def migrate(settings: Settings) -> None:
    """Bring the database to this version; does nothing when it is there already.

    \b
    Example:
      tertulia migrate --config /etc/tertulia/tertulia.toml
    """
    check_data_dir_belongs(settings)
    database = Database(settings.database_url, addresses=LocalAddresses(settings.origin, settings.domain))
    try:
        before = await schema_state(database)
        if before.is_current:
            click.echo(f"The database is at revision {before.needed} already.")
            return
        if before.current is not None and before.current not in before.known:
            raise click.ClickException(before.problem or "")
        await migrate_database(database.url)
    finally:
        await database.close()
    click.echo(f"The database went from revision {before.current or 'nothing'} to {before.needed}.")


def run_roles(settings: Settings, roles: list[str]) -> None:
    """Serve; imported here because it brings in every floor, which the other commands needn't wait for."""
    from server.workers import serve as serve_office

    serve_office(settings, roles)
