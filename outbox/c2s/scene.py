"""The transaction in which a client's activity is done: who does it, how things are found, and what is left to name.

Every activity ends with an id that its owner can read: of what it made, of what was sent, or, when nobody elsewhere
had to be told, of an activity that is stored for this purpose alone.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import select

from federation.documents import activity
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.activities import OutboundActivity
from models.statuses import Status
from models.values import dataclass
from outbox.c2s.intent import Intent
from outbox.c2s.lookup import Lookup
from outbox.c2s.refusals import unknown
from outbox.publish import activity_uri, send
from policy.visibility import visible_to
from social.accounts import account_by_uri
from social.statuses import status_by_uri


@dataclass(frozen=True, slots=True)
class Scene:
    """`owner` belongs to the unit's session."""

    services: Services
    unit: UnitOfWork
    owner: Account

    async def account(self, uri: str) -> Account:
        """An active account. Raises ClientRefused."""
        found = await account_by_uri(self.unit, uri)
        if found is None or not found.is_active:
            raise unknown(uri)
        return found

    async def visible_status(self, uri: str) -> Status:
        """A status that the owner may see; a boost stands for what it boosts. Raises ClientRefused."""
        await self.unit.session.flush()
        status = await status_by_uri(self.unit, uri)
        if status is not None and status.boost_of_id is not None:
            status = await self.unit.session.get(Status, status.boost_of_id)
        if status is None:
            raise unknown(uri)
        allowed = select(Status.id).where(Status.id == status.id, visible_to(self.owner.id))
        if await self.unit.session.scalar(allowed) is None:
            raise unknown(uri)
        return status

    async def own_status(self, uri: str) -> Status:
        """A status of the owner's. Raises ClientRefused."""
        status = await status_by_uri(self.unit, uri)
        if status is None or status.account_id != self.owner.id:
            raise unknown(uri)
        return status

    async def author_of(self, status: Status) -> Account:
        """Who wrote it."""
        return await self.unit.session.get_one(Account, status.account_id)

    async def sent(self, kind: str, object_: Any, *, uri: str | None = None, to: str | None = None, **more: Any) -> str:
        """The id of the activity of this kind that was just stored, or of one that is stored now.

        `uri` is its id where a row remembers it; `object_`, `to` and `more` describe it for its owner's eyes.
        """
        await self.unit.session.flush()
        readable = f"{self.unit.addresses.origin}/activities/"
        query = select(OutboundActivity.uri).where(
            OutboundActivity.account_id == self.owner.id, OutboundActivity.uri.startswith(readable, autoescape=True)
        )
        if uri is not None:
            query = query.where(OutboundActivity.uri == uri)
        else:
            query = query.where(OutboundActivity.activity_type == kind, OutboundActivity.created_at == self.unit.now)
        stored = await self.unit.session.scalar(query.limit(1))
        if stored is not None:
            return stored
        new_uri = uri or activity_uri(self.unit)
        document = activity(new_uri, kind, self.owner.uri, object_, to=[to] if to else [], **more)
        await send(self.services, self.unit, self.owner, document)
        return str(document["id"])


Apply = Callable[[Scene], Awaitable[str]]
"""Does it, in the transaction, and returns the activity's id."""

Handler = Callable[[Intent, Lookup, Account], Awaitable[Apply]]
"""Prepares it, with the network and without a transaction; the account is the owner, detached."""
