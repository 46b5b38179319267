"""What the people of the tests write and do, without going through a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from models import Database
from models.accounts import Account
from models.relations import Follow
from models.statuses import Status
from models.visibility import Visibility
from outbox.composing import compose
from outbox.follows import publish_follow
from outbox.statuses import publish_boost, publish_status
from tests.peers import Office, Person


async def say(
    person: Person,
    text: str = "Hello",
    visibility: Visibility = Visibility.PUBLIC,
    *,
    parent: Status | None = None,
    summary: str = "",
    is_local_only: bool = False,
) -> Status:
    """Publish a post."""
    services = person.office.services
    draft = await compose(services, person.account, text, visibility=visibility, parent=parent, summary=summary)
    async with services.database.unit_of_work() as unit:
        author = await unit.session.get_one(Account, person.id)
        return (await publish_status(services, unit, author, draft, is_local_only=is_local_only)).status


async def boost(person: Person, status: Status) -> Status:
    """Boost a post."""
    services = person.office.services
    async with services.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, person.id)
        return await publish_boost(services, unit, account, await unit.session.get_one(Status, status.id))


async def follow(follower: Person, followee: Person) -> None:
    """Follow a colleague."""
    services = follower.office.services
    async with services.database.unit_of_work() as unit:
        one, other = [await unit.session.get_one(Account, person.id) for person in (follower, followee)]
        await publish_follow(services, unit, one, other)


async def remote_account(
    office: Office, name: str = "joao", *, followed_by: Person | None = None, **more: Any
) -> Account:
    """Somebody of another office, known here, without that office being there."""
    async with office.services.database.unit_of_work() as unit:
        number = unit.new_id()
        account = Account(
            id=number, uri=f"https://lisbon.test/users/{number}", username=name, domain="lisbon.test",
            url=f"https://lisbon.test/@{name}", inbox_url="https://lisbon.test/inbox",
            created_at=unit.now, updated_at=unit.now, fetched_at=unit.now, **more,
        )  # fmt: skip
        unit.session.add(account)
        await unit.session.flush()
        if followed_by is not None:
            unit.session.add(
                Follow(id=unit.new_id(), uri=f"{office.origin}/follows/{number}", follower_id=followed_by.id,
                       followee_id=number, state="accepted", created_at=unit.now, accepted_at=unit.now)
            )  # fmt: skip
    return account


async def remote_status(office: Office, author: Account, content_html: str, **more: Any) -> Status:
    """Something that arrived from another office."""
    async with office.services.database.unit_of_work() as unit:
        number = unit.new_id()
        uri = f"https://lisbon.test/statuses/{number}"
        values = {"url": uri, "visibility": "public", "conversation_id": number, **more}
        status = Status(id=number, uri=uri, account_id=author.id, content_html=content_html, published_at=unit.now,
                        created_at=unit.now, **values)  # fmt: skip
        unit.session.add(status)
    return status


@contextmanager
def counted_statements(database: Database) -> Iterator[list[str]]:
    """The statements that are sent meanwhile; a BEGIN is none."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    engines = {database._reader.sync_engine, database._writer.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
