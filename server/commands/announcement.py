"""`tertulia announcement`: what the whole office should know."""

import sys
from datetime import UTC, datetime, time

import click
import orjson

from models.office import Announcement
from server.commands.options import office, run_async, with_settings
from server.settings import Settings
from social.announcements import list_announcements, make_announcement, withdraw_announcement

MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@click.group()
def announcement() -> None:
    """Tell everybody in the office something."""


@announcement.command()
@click.argument("text")
@click.option("--from", "starts_at", type=click.DateTime(MOMENTS), help="When what it tells of begins (UTC).")
@click.option("--until", "ends_at", type=click.DateTime(MOMENTS), help="When it ends (UTC); then it isn't shown.")
@click.option("--all-day", "is_all_day", is_flag=True, help="The days matter, not the hours.")
@with_settings
@run_async
async def add(
    settings: Settings, text: str, starts_at: datetime | None, ends_at: datetime | None, is_all_day: bool
) -> None:
    """Announce TEXT (Markdown, "-" reads standard input) to everybody, at once.

    \b
    Examples:
      tertulia announcement add "The canteen is closed on **Friday**."
      tertulia announcement add "Office party" --from 2026-12-18 --until 2026-12-18 --all-day
    """
    if text == "-":
        text = sys.stdin.read()
    async with office(settings) as services, services.database.unit_of_work() as unit:
        made = await make_announcement(
            unit, text, starts_at=_aware(starts_at), ends_at=_aware(ends_at, is_end=is_all_day), is_all_day=is_all_day
        )
    click.echo(made.id)


@announcement.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_settings
@run_async
async def list_(settings: Settings, as_json: bool) -> None:
    """Show the announcements, past ones too, newest first.

    \b
    Example:
      tertulia announcement list --json
    """
    async with office(settings) as services, services.database.reading() as session:
        found = await list_announcements(session)
    if as_json:
        click.echo(orjson.dumps([_entity(item) for item in found], option=orjson.OPT_INDENT_2))
        return
    for item in found:
        until = f"  until {item.ends_at:%Y-%m-%d %H:%M}" if item.ends_at else ""
        click.echo(f"{item.id}  {' '.join(item.text.split())[:80]}{until}")
    if not found:
        click.echo("Nothing announced: tertulia announcement add TEXT", err=True)


@announcement.command()
@click.argument("number", type=int)
@with_settings
@run_async
async def remove(settings: Settings, number: int) -> None:
    """Take the announcement with this NUMBER away, for good.

    \b
    Example:
      tertulia announcement remove 911853421199360000
    """
    async with office(settings) as services, services.database.unit_of_work() as unit:
        was_there = await withdraw_announcement(unit, number)
    if not was_there:
        raise click.ClickException(f"There is no announcement {number}: `tertulia announcement list` shows all.")
    click.echo(f"The announcement {number} is gone.")


def _aware(moment: datetime | None, *, is_end: bool = False) -> datetime | None:
    """A moment in UTC; the end of a day where only days matter."""
    if moment is None:
        return None
    if is_end:
        moment = datetime.combine(moment.date(), time(23, 59, 59))
    return moment.replace(tzinfo=UTC)


def _entity(item: Announcement) -> dict[str, object]:
    return {
        "id": str(item.id),
        "text": item.text,
        "starts_at": item.starts_at,
        "ends_at": item.ends_at,
        "all_day": item.is_all_day,
        "published_at": item.published_at,
    }
