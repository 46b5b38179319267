"""`tertulia topic`: hashtags over all offices: synonyms, subscriptions, how complete each is, and files of them."""

from contextlib import aclosing
from pathlib import Path
from typing import Any

import click
import orjson
from sqlalchemy import select

from communities.completeness import completeness_of
from content.hashtags import normalise_hashtag
from federation.services import Services
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.statuses import Tag
from models.topics import TopicSubscription
from outbox.stewards import keep, merge, unmerge
from server.commands.options import office, run_async, with_settings
from server.settings import Settings
from social.archives import Archive, write_archive
from social.tag_families import MergeRefused
from social.tags import find_or_create_tag

SHOWN = 200


@click.group()
def topic() -> None:
    """Look after hashtags over all offices."""


@topic.command("merge")
@click.argument("name")
@click.argument("into")
@with_settings
@run_async
async def merge_(settings: Settings, name: str, into: str) -> None:
    """Read the hashtags NAME and INTO as one, under the name INTO.

    \b
    Example:
      tertulia topic merge calidad quality
    """
    async with office(settings) as services, services.database.unit_of_work() as unit:
        try:
            await merge(unit, await _office(unit), await _made(unit, name), await _made(unit, into))
        except MergeRefused as refused:
            raise click.ClickException(str(refused)) from refused
    click.echo(f"#{name} is read as #{into} from now on; `tertulia topic unmerge {name}` takes that back.")


@topic.command("unmerge")
@click.argument("name")
@with_settings
@run_async
async def unmerge_(settings: Settings, name: str) -> None:
    """Let the hashtag NAME be one of its own again.

    \b
    Example:
      tertulia topic unmerge calidad
    """
    async with office(settings) as services, services.database.unit_of_work() as unit:
        try:
            await unmerge(unit, await _office(unit), await _made(unit, name))
        except MergeRefused as refused:
            raise click.ClickException(str(refused)) from refused
    click.echo(f"#{name} is a hashtag of its own.")


@topic.command()
@click.argument("name")
@with_settings
@run_async
async def subscribe(settings: Settings, name: str) -> None:
    """Keep the archives of all offices under the hashtag NAME, whether somebody here follows it or not.

    \b
    Example:
      tertulia topic subscribe calidad
    """
    await _keep(settings, name, is_kept=True)
    click.echo(f"The archives of #{name} are read back from all offices.")


@topic.command()
@click.argument("name")
@with_settings
@run_async
async def unsubscribe(settings: Settings, name: str) -> None:
    """Keep the hashtag NAME only while somebody here follows it; what was read stays.

    \b
    Example:
      tertulia topic unsubscribe calidad
    """
    await _keep(settings, name, is_kept=False)
    click.echo(f"#{name} is subscribed to while somebody here follows it.")


@topic.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_settings
@run_async
async def list_(settings: Settings, as_json: bool) -> None:
    """Show the hashtags that are subscribed to, merged or kept.

    \b
    Example:
      tertulia topic list --json
    """
    async with office(settings) as services, services.database.reading() as session:
        subscribed = select(TopicSubscription.tag_id).where(TopicSubscription.state != "ended")
        query = select(Tag).where(Tag.id.in_(subscribed) | Tag.canonical_id.is_not(None) | Tag.kept_since.is_not(None))
        found = (await session.scalars(query.order_by(Tag.name).limit(SHOWN))).all()
        names = {tag.id: tag.name for tag in await session.scalars(select(Tag).where(Tag.id.in_(
            [tag.canonical_id for tag in found])))}  # fmt: skip
    rows = [{"name": tag.display_name, "canonical": names.get(tag.canonical_id or 0),
             "kept": tag.kept_since is not None} for tag in found]  # fmt: skip
    if as_json:
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    for row in rows:
        merged = f"  read as #{row['canonical']}" if row["canonical"] else ""
        click.echo(f"#{row['name']}{merged}{'  kept' if row['kept'] else ''}")
    if not rows:
        click.echo("No topics yet: somebody has to follow a hashtag, or tertulia topic subscribe NAME", err=True)


@topic.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_settings
@run_async
async def show(settings: Settings, name: str, as_json: bool) -> None:
    """Show how complete the hashtag NAME is, office by office.

    \b
    Example:
      tertulia topic show calidad
    """
    async with office(settings) as services:
        shown = await _shown(services, _normal(name))
    if as_json:
        click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2))
        return
    click.echo(f"#{shown['name']}" + "".join(f" = #{other}" for other in shown["synonyms"]))
    for row in shown["offices"]:
        since = f"since {row['since']:%Y-%m-%d %H:%M} UTC" if row["since"] else "not subscribed to"
        state = "complete" if row["complete"] else "not complete"
        error = f"  ({row['last_error']})" if row["last_error"] else ""
        click.echo(f"{row['domain']}  {row['posts']} posts  {since}  {state}{error}")


@topic.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True))
@with_settings
@run_async
async def export(settings: Settings, name: str, file: Path) -> None:
    """Write what is public under hashtag NAME, of every office, into FILE as ZIP (HTML and JSON).

    \b
    Example:
      tertulia topic export calidad calidad.zip
    """
    key, size = _normal(name), 0
    async with office(settings) as services:
        archive = Archive(key, f"#{key}", INSTANCE_ACTOR_ID, services.clock())
        with file.open("wb") as written:
            async with aclosing(write_archive(services.database, services.addresses, archive)) as pieces:
                async for piece in pieces:
                    size += written.write(piece)
    click.echo(f"{file}: {size} bytes.")


async def _shown(services: Services, name: str) -> dict[str, Any]:
    async with services.database.reading() as session:
        found = await completeness_of(session, name)
        if not found.tags:
            raise click.ClickException(f"Nobody has used #{name} yet.")
        query = select(TopicSubscription.domain, TopicSubscription.last_error)
        rows = await session.execute(query.where(TopicSubscription.tag_id.in_([tag.id for tag in found.tags])))
        errors = {domain: error for domain, error in rows if error}
    shown = {tag.name: tag.display_name for tag in found.tags}
    return {
        "name": shown[name],
        "synonyms": [tag.display_name for tag in found.tags if tag.name != name],
        "offices": [
            {"domain": share.domain or services.addresses.domain, "since": share.since, "complete": share.is_complete,
             "posts": share.posts, "last_error": errors.get(share.domain or "")}
            for share in found.offices
        ],
    }  # fmt: skip


async def _keep(settings: Settings, name: str, *, is_kept: bool) -> None:
    async with office(settings) as services, services.database.unit_of_work() as unit:
        await keep(unit, await _office(unit), await _made(unit, name), is_kept=is_kept)


async def _office(unit: UnitOfWork) -> Account:
    return await unit.session.get_one(Account, INSTANCE_ACTOR_ID)


async def _made(unit: UnitOfWork, name: str) -> Tag:
    return await find_or_create_tag(unit, _normal(name), name.lstrip("#"))


def _normal(name: str) -> str:
    normal = normalise_hashtag(name)
    if not normal:
        raise click.UsageError(f"{name!r} is no hashtag.")
    return normal
