"""`tertulia announcement`: what the whole office should know."""

import sys
from datetime import UTC, datetime, time

import click
import orjson

from models import UnitOfWork
from models.office import Announcement
from server.commands.options import office, run_async, with_settings
from server.settings import Settings
from social.announcements import (
    edit_announcement,
    list_announcements,
    make_announcement,
    publish_announcement,
    withdraw_announcement,
)

MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@click.group()
def announcement() -> None:
    """Tell everybody in the office something."""


@announcement.command()
@click.argument("text")
@click.option("--from", "starts_at", type=click.DateTime(MOMENTS), help="When what it tells of begins (UTC).")
@click.option("--until", "ends_at", type=click.DateTime(MOMENTS), help="When it ends (UTC); then it isn't shown.")
@click.option("--all-day", "is_all_day", is_flag=True, help="The days matter, not the hours.")
@click.option("--draft", "is_draft", is_flag=True, help="Show it to nobody until `announcement publish`.")
@with_settings
@run_async
async def add(
    settings: Settings, text: str, starts_at: datetime | None, ends_at: datetime | None, is_all_day: bool,
    is_draft: bool,
) -> None:  # fmt: skip
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
            unit, text, starts_at=_aware(starts_at), ends_at=_aware(ends_at, is_end=is_all_day), is_all_day=is_all_day,
            is_published=not is_draft,
        )  # fmt: skip
    click.echo(made.id)


@announcement.command()
@click.argument("number", type=int)
@click.argument("text")
@with_settings
@run_async
async def edit(settings: Settings, number: int, text: str) -> None:
    """Let the announcement with this NUMBER say TEXT from now on.

    \b
    Example:
      tertulia announcement edit 911853421199360000 "The canteen is closed on **Thursday**."
    """
    async with office(settings) as services, services.database.unit_of_work() as unit:
        await edit_announcement(unit, await _announcement(unit, number), text)
    click.echo(f"The announcement {number} says something else now.")


@announcement.command()
@click.argument("number", type=int)
@with_settings
@run_async
async def publish(settings: Settings, number: int) -> None:
    """Show the draft with this NUMBER to everybody.

    \b
    Example:
      tertulia announcement publish 911853421199360000
    """
    async with office(settings) as services, services.database.unit_of_work() as unit:
        was_draft = await publish_announcement(unit, await _announcement(unit, number))
    click.echo(f"The announcement {number} is published{'' if was_draft else ' already'}.")


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
        draft = "  (draft)" if item.published_at is None else ""
        click.echo(f"{item.id}  {' '.join(item.text.split())[:80]}{until}{draft}")
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
        raise _missing(number)
    click.echo(f"The announcement {number} is gone.")


async def _announcement(unit: UnitOfWork, number: int) -> Announcement:
    found = await unit.session.get(Announcement, number)
    if found is None:
        raise _missing(number)
    return found


def _missing(number: int) -> click.ClickException:
    return click.ClickException(f"There is no announcement {number}: `tertulia announcement list` shows all.")


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
