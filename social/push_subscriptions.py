"""Who wants to be pushed what: one subscription a token, and the jobs that carry notifications to them.

Owns the rows; `outbox.push` seals and sends. A job names the subscription and the notification and nothing else, so
that what was taken back in the meantime is not sent.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from jobs.queue import enqueue_jobs
from models import UnitOfWork
from models.oauth import AccessToken, PushSubscription
from models.values import dataclass
from policy.notifications import Facts, wants_push

PUSH = "push"
_OF_ACCOUNTS = (
    select(PushSubscription.id, PushSubscription.account_id, PushSubscription.alerts, PushSubscription.policy)
    .join(AccessToken, AccessToken.id == PushSubscription.token_id)
    .where(
        PushSubscription.account_id.in_(bindparam("account_ids", expanding=True)),
        AccessToken.revoked_at.is_(None),  # one that only ran out is renewed when its client wakes up
    )
)


@dataclass(frozen=True, slots=True)
class Told:
    """A notification that was written, and what lies between its recipient and its sender."""

    id: int
    account_id: int
    kind: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class Destination:
    """What a client asked for: where to push, the keys of RFC 8291 (base64url), and what."""

    endpoint: str
    p256dh: str
    auth: str
    token_sealed: bytes
    is_standard: bool
    alerts: Mapping[str, bool]
    policy: str


async def queue_pushes(unit: UnitOfWork, told: Sequence[Told]) -> None:
    """One job for each subscription that wants one of these: a query and, where somebody wants it, an insert."""
    parameters: dict[str, Any] = {"account_ids": sorted({one.account_id for one in told})}
    subscriptions: dict[int, list[Any]] = {}
    for row in await unit.session.execute(_OF_ACCOUNTS, parameters):
        subscriptions.setdefault(row.account_id, []).append(row)
    jobs = {
        f"push:{row.id}:{one.id}": {"subscription_id": row.id, "notification_id": one.id}
        for one in told
        for row in subscriptions.get(one.account_id, ())
        if wants_push(row.policy, row.alerts, one.kind, one.facts)
    }
    if jobs:
        await enqueue_jobs(unit, PUSH, jobs)


async def subscription_of(session: AsyncSession, token_id: int) -> PushSubscription | None:
    """The subscription of a token."""
    query = select(PushSubscription).where(PushSubscription.token_id == token_id)
    return (await session.scalars(query)).first()


async def subscribe(unit: UnitOfWork, token_id: int, account_id: int, wanted: Destination) -> PushSubscription:
    """Have notifications pushed there from now on; what the token had before ends."""
    await unsubscribe(unit, token_id)
    subscription = PushSubscription(
        id=unit.new_id(),
        token_id=token_id,
        account_id=account_id,
        endpoint=wanted.endpoint,
        p256dh=wanted.p256dh,
        auth=wanted.auth,
        token_sealed=wanted.token_sealed,
        alerts=dict(wanted.alerts),
        policy=wanted.policy,
        is_standard=wanted.is_standard,
        created_at=unit.now,
    )
    unit.session.add(subscription)
    await unit.session.flush()
    return subscription


async def unsubscribe(unit: UnitOfWork, token_id: int) -> None:
    """Push nothing more for this token."""
    await unit.session.execute(
        delete(PushSubscription)
        .where(PushSubscription.token_id == token_id)
        .execution_options(synchronize_session=False)
    )
