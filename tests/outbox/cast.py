"""Who appears in the tests of delivery: ana, who lives here, and remote accounts that follow her."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, select

from models import Database, UnitOfWork
from models.accounts import Account
from models.activities import Delivery
from models.relations import Follow

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


async def local_account(unit: UnitOfWork, name: str = "ana") -> Account:
    account_id = unit.new_id()
    uri = unit.addresses.actor(account_id)
    account = Account(id=account_id, uri=uri, username=name, domain=None, inbox_url=f"{uri}/inbox",
                      created_at=unit.now, updated_at=unit.now)  # fmt: skip
    unit.session.add(account)
    await unit.session.flush()
    return account


async def follower(unit: UnitOfWork, followee: Account, inbox_url: str, **columns: Any) -> Account:
    """A remote account with this inbox that follows `followee`."""
    number = unit.new_id()
    state = columns.pop("state", "accepted")
    values = {"domain": "peer.test", "uri": f"https://peer.test/users/{number}", "username": f"u{number}"} | columns
    account = Account(id=number, inbox_url=inbox_url, created_at=unit.now, updated_at=unit.now, **values)
    unit.session.add(account)
    await unit.session.flush()
    unit.session.add(Follow(id=unit.new_id(), uri=f"https://peer.test/follows/{number}", follower_id=number,
                            followee_id=followee.id, state=state, created_at=unit.now))  # fmt: skip
    followee.followers_count += state == "accepted"
    return account


def create_note(unit: UnitOfWork, author: Account, **extra: Any) -> dict[str, Any]:
    """A Create of a note, as `federation.documents` would make it."""
    note_id = unit.new_id()
    note = {
        "id": unit.addresses.status(author.id, note_id),
        "type": "Note",
        "attributedTo": author.uri,
        "content": "<p>hello</p>",
        "to": [PUBLIC],
    }
    return {
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"],
        "id": unit.addresses.activity(note_id),
        "type": "Create",
        "actor": author.uri,
        "to": [PUBLIC],
        "object": note,
        **extra,
    }


async def deliveries(database: Database) -> list[Delivery]:
    """All deliveries in the order of their ids."""
    async with database.reading() as session:
        return list(await session.scalars(select(Delivery).order_by(Delivery.id)))


def anybody(_host: str) -> bool:
    return True


@contextmanager
def counting_statements(database: Database) -> Iterator[list[str]]:
    """The statements that the writing engine executes within the block."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
