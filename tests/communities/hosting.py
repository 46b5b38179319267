"""Communities that an office of the tests hosts, and servers of other make whose people take part in them."""

from typing import Any

from sqlalchemy import select

from communities.changes import Change
from communities.groups import Wish, create
from models.accounts import Account
from models.communities import Kind
from models.statuses import Status
from outbox.communities import composer, tell
from tests.peers import Office, Person
from tests.remote_peers import PUBLIC, JsonObject, RemoteActor
from tests.security.cast import proven, send


async def host(owner: Person, name: str = "afterwork", *, kind: Kind = Kind.OPEN, **wish: Any) -> Account:
    """A community of the owner's office."""
    services = owner.office.services
    async with services.database.unit_of_work() as unit:
        change = await create(
            unit, name, Wish(kind=kind, **wish), make_keys=services.keyring.create_keys, compose=composer(services),
            owner=await unit.session.get_one(Account, owner.id),
        )  # fmt: skip
        await tell(services, unit, change)
    return change.group


async def act(
    office: Office, verb: Any, group: Account, actor: Person | RemoteActor, *rest: Any, **more: Any
) -> Change:
    """Do something in a community as the client API does; accounts may be given as the cast."""
    services = office.services
    async with services.database.unit_of_work() as unit:
        rows = [await _row(unit, one) for one in (group, actor, *rest)]
        change: Change = await tell(services, unit, await verb(unit, *rows, **more))
    await office.run_until_idle()
    return change


async def _row(unit: Any, value: Any) -> Any:
    if isinstance(value, Account | Person):
        return await unit.session.get_one(Account, value.id)
    if isinstance(value, Status):
        return await unit.session.get_one(Status, value.id)
    if isinstance(value, RemoteActor):
        return (await unit.session.scalars(select(Account).where(Account.uri == value.uri))).one()
    return value


async def join_from_afar(office: Office, group: Account, *actors: RemoteActor) -> None:
    """Have people of other servers follow the community; it accepts them."""
    for actor in actors:
        assert await send(office, actor, actor.follow(group.uri)) == ["applied"]


def posted(author: RemoteActor, group: Account, **more: Any) -> JsonObject:
    """The proven Create of a note for the community."""
    note = author.note(**{"to": [PUBLIC], "cc": [group.uri], "audience": [group.uri], **more})
    return proven(author, author.create(note, audience=[group.uri]))
