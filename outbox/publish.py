"""The last step of everything that our accounts do: one activity, its bytes once, one delivery an inbox.

Runs inside the unit of work that makes the effect, so that what happened and what will be told commit together. The
network comes later, from `outbox.deliver`.
"""

from collections.abc import Iterable
from typing import Any

from federation.services import Services
from keys.keypairs import KeyKind
from models import UnitOfWork
from models.accounts import Account
from models.activities import OutboundActivity
from outbox.enqueue import enqueue
from outbox.recipients import inboxes_of

Document = dict[str, Any]


async def send(
    services: Services,
    unit: UnitOfWork,
    account: Account,
    document: Document,
    *,
    inbox_urls: Iterable[str] = (),
    to_followers: bool = False,
    followers_of: Account | None = None,
    ordering_key: str | None = None,
    status_id: int | None = None,
    visibility: str = "direct",
    gathers: bool = False,
) -> OutboundActivity:
    """Store an activity of `account` with its proof (FEP-8b32) and queue its deliveries.

    Activities with one `ordering_key` reach a host in the order in which they were sent; by default the object's id.
    `followers_of` is whose followers get it, where that isn't the sender. What `gathers` is written with its like,
    right before the commit.
    """
    if not gathers:
        await unit.session.flush()
    signing_key = await services.keyring.key_of(account, KeyKind.ED25519)
    return await enqueue(
        unit,
        account=account,
        document=document,
        inbox_urls=list(inbox_urls),
        to_followers_of=(followers_of or account).id if to_followers or followers_of else None,
        ordering_key=ordering_key or _object_id(document),
        status_id=status_id,
        visibility=visibility,
        sign_proof=signing_key,
        gate=services.peers,
        gathers=gathers,
    )


async def send_to(
    services: Services, unit: UnitOfWork, account: Account, document: Document, *recipients: Account | None, **more: Any
) -> None:
    """The same, to single accounts; local ones need no delivery, and without a remote one nothing is stored."""
    inbox_urls = inboxes_of(recipients)
    if inbox_urls:
        await send(services, unit, account, document, inbox_urls=inbox_urls, **more)


def activity_uri(unit: UnitOfWork) -> str:
    """An id for an activity that isn't kept as anything else."""
    return unit.addresses.activity(unit.new_id())


def _object_id(document: Document) -> str:
    found = document.get("object")
    if isinstance(found, list):
        found = found[0] if found else None
    if isinstance(found, dict):
        found = found.get("id")
    return found if isinstance(found, str) else str(document["id"])
