"""`tertulia community`: communities that this office hosts, for its administrators."""

from collections.abc import Awaitable, Callable
from typing import Any

import click
import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from communities.changes import Change
from communities.groups import POSTING, Wish, rules_of
from communities.standings import CommunityRefused, NoSuchCommunity
from models import UnitOfWork
from models.accounts import INSTANCE_ACTOR_ID, Account
from models.communities import Community, Kind, Membership, Role, State
from outbox import community_acts as acts
from server.commands.options import office, run_async, with_settings
from server.settings import Settings
from server.users import get_user
from social.accounts import account_by_handle

SHOWN = 100
Decision = Callable[..., Awaitable[Change]]


@click.group()
def community() -> None:
    """Look after the communities that this office hosts."""


@community.command("create")
@click.argument("name")
@click.option("--owner", required=True, help="The person of this office whose community it is.")
@click.option("--title", help="What people read; the name by default.")
@click.option("--description", default="", help="What it is about.")
@click.option("--rules", default="", help="Its rules, one a line.")
@click.option(
    "--kind", type=click.Choice([kind.value for kind in Kind]), default=Kind.OPEN.value, help="How one gets in."
)
@click.option("--private/--public", "is_private", default=None, help="Whether members alone read it.")
@click.option("--posting", type=click.Choice(POSTING), default="members", help="Who opens threads.")
@with_settings
@run_async
async def create_(
    settings: Settings, name: str, owner: str, title: str | None, description: str, rules: str, kind: str,
    is_private: bool | None, posting: str,
) -> None:  # fmt: skip
    """Make a community called NAME.

    \b
    Examples:
      tertulia community create afterwork --owner ana --title "After work"
      tertulia community create board --owner ana --kind hidden
    """
    wish = Wish(
        display_name=title, description=description, rules=rules, kind=Kind(kind), is_private=is_private,
        posting=posting,
    )  # fmt: skip
    async with office(settings) as services:
        async with services.database.reading() as session:
            person = await get_user(session, owner)
        async with services.database.unit_of_work() as unit:
            account = await unit.session.get_one(Account, person.account.id)
            change = await acts.create(services, unit, account, name, wish)
    click.echo(f"Made @{name}@{settings.domain} ({change.group.uri}).")


@community.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_settings
@run_async
async def list_(settings: Settings, as_json: bool) -> None:
    """Show all communities that this office hosts.

    \b
    Example:
      tertulia community list
    """
    query = (
        select(Community, Account)
        .join(Account, Account.id == Community.account_id)
        .where(Account.domain.is_(None), Account.gone_at.is_(None))
        .order_by(Account.username)
    )
    async with office(settings) as services, services.database.reading() as session:
        rows = [_row(found, group) for found, group in await session.execute(query)]
    if as_json:
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    for row in rows:
        marks = [row["kind"], "private" if row["private"] else "public", *(["archived"] if row["archived"] else [])]
        click.echo(f"@{row['name']}  {row['title']}  {row['members']} members  {', '.join(marks)}")
    if not rows:
        click.echo("No communities yet: tertulia community create NAME --owner PERSON", err=True)


@community.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_settings
@run_async
async def show(settings: Settings, name: str, as_json: bool) -> None:
    """Show a community: what it is, who looks after it, how many belong to it, who waits to be let in.

    \b
    Example:
      tertulia community show afterwork
    """
    async with office(settings) as services, services.database.reading() as session:
        found, group = await _community(session, name)
        shown: dict[str, Any] = _row(found, group) | {"rules": rules_of(found), "staff": await _staff(session, group)}
        shown |= {"states": await _states(session, group), "waiting": await _waiting(session, group)}
    if as_json:
        click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2))
        return
    for label in ("title", "uri", "kind", "private", "posting", "members", "default_for", "archived"):
        if shown[label] not in (None, False):
            click.echo(f"{label:12} {shown[label]}")
    for label in ("states", "staff"):
        for key, value in shown[label].items():
            click.echo(f"  {key}: {value}")
    for number, rule in enumerate(shown["rules"], 1):
        click.echo(f"  {number}. {rule}")
    for person in shown["waiting"]:
        click.echo(f"  waits: tertulia community approve {group.username} {person}")


@community.command()
@click.argument("name")
@click.argument("person")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@with_settings
@run_async
async def role(settings: Settings, name: str, person: str, role: str) -> None:
    """Give PERSON of this office a ROLE in the community NAME; who isn't a member becomes one.

    \b
    Example:
      tertulia community role afterwork bea moderator
    """
    async with office(settings) as services:
        async with services.database.reading() as session:
            account_id = (await get_user(session, person)).account.id
        async with services.database.unit_of_work() as unit:
            _, group = await _community(unit.session, name)
            target = await unit.session.get_one(Account, account_id)
            await acts.appoint(services, unit, group, await _office(unit), target, Role(role))
    click.echo(f"@{person.removeprefix('@')} is {role} of @{group.username} now.")


@community.command("approve")
@click.argument("name")
@click.argument("person")
@with_settings
@run_async
async def approve_(settings: Settings, name: str, person: str) -> None:
    """Let PERSON into the community NAME, who has asked for it.

    \b
    Example:
      tertulia community approve board bea@lisbon.example
    """
    await _decide(settings, name, person, acts.approve)
    click.echo(f"@{person.removeprefix('@')} is a member of @{name.removeprefix('@')} now.")


@community.command("reject")
@click.argument("name")
@click.argument("person")
@with_settings
@run_async
async def reject_(settings: Settings, name: str, person: str) -> None:
    """Turn down PERSON, who has asked to join the community NAME.

    \b
    Example:
      tertulia community reject board bea@lisbon.example
    """
    await _decide(settings, name, person, acts.reject)
    click.echo(f"@{person.removeprefix('@')} was told no; they may ask again.")


@community.command("invite")
@click.argument("name")
@click.argument("person")
@with_settings
@run_async
async def invite_(settings: Settings, name: str, person: str) -> None:
    """Invite PERSON of this office to the community NAME: following it, they are in. Who has asked is in at once.

    \b
    Example:
      tertulia community invite board bea
    """
    await _decide(settings, name, person, acts.invite)
    click.echo(f"@{person.removeprefix('@')} is invited to @{name.removeprefix('@')}.")


async def _decide(settings: Settings, name: str, person: str, decision: Decision) -> None:
    async with office(settings) as services, services.database.unit_of_work() as unit:
        _, group = await _community(unit.session, name)
        username, _, domain = person.removeprefix("@").partition("@")
        target = await account_by_handle(unit.session, username, domain or None)
        if target is None:
            raise CommunityRefused(f"Nobody is known here as {person}: write NAME, or NAME@DOMAIN of who has asked.")
        await decision(services, unit, group, await _office(unit), target, trusted=True)


@community.command("archive")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Open it again.")
@click.option("--reason", default="", help="Why, for the community's log.")
@with_settings
@run_async
async def archive_(settings: Settings, name: str, undo: bool, reason: str) -> None:
    """Close the community NAME: it can be read by whom it could before, and nothing else.

    \b
    Example:
      tertulia community archive afterwork --reason "We meet elsewhere now."
    """
    async with office(settings) as services, services.database.unit_of_work() as unit:
        _, group = await _community(unit.session, name)
        actor = await _office(unit)
        if undo:
            await acts.unarchive(services, unit, group, actor, trusted=True)
        else:
            await acts.archive(services, unit, group, actor, reason=reason, trusted=True)
    click.echo(f"@{group.username} is {'open again' if undo else 'archived'}.")


async def _office(unit: UnitOfWork) -> Account:
    """Who acts when the command line does."""
    return await unit.session.get_one(Account, INSTANCE_ACTOR_ID)


async def _community(session: AsyncSession, name: str) -> tuple[Community, Account]:
    group = await account_by_handle(session, name.removeprefix("@"), None)
    found = await session.get(Community, group.id) if group is not None and group.is_active else None
    if group is None or found is None:
        raise NoSuchCommunity
    return found, group


def _row(found: Community, group: Account) -> dict[str, Any]:
    return {
        "name": group.username,
        "title": group.display_name,
        "uri": group.uri,
        "kind": found.kind,
        "private": found.is_private,
        "posting": found.posting,
        "members": group.followers_count,
        "default_for": found.default_for,
        "archived": found.archived_at is not None,
    }


async def _staff(session: AsyncSession, group: Account) -> dict[str, str]:
    query = (
        select(Account, Membership.role)
        .join(Membership, Membership.account_id == Account.id)
        .where(
            Membership.community_id == group.id,
            Membership.state == "member",
            Membership.role.in_([Role.OWNER.value, Role.MODERATOR.value, Role.PUBLISHER.value]),
        )
        .order_by(Membership.id)
    )
    return {f"@{account.acct}": role for account, role in await session.execute(query)}


async def _waiting(session: AsyncSession, group: Account) -> list[str]:
    query = (
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.community_id == group.id, Membership.state == State.REQUESTED.value)
        .order_by(Membership.id)
        .limit(SHOWN)
    )
    return [account.acct for account in await session.scalars(query)]


async def _states(session: AsyncSession, group: Account) -> dict[str, int]:
    query = (
        select(Membership.state, func.count().label("number"))
        .where(Membership.community_id == group.id, Membership.state != "member")
        .group_by(Membership.state)
        .order_by(Membership.state)
    )
    return {row.state: row.number for row in await session.execute(query)}
