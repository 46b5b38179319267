"""From a document to work in the queue: the bytes once, one row for each inbox that shall get them.

Part of the unit of work that publishes, so that an activity is queued exactly if what it tells is committed. Promises:
the bytes are made, proven (FEP-8b32) and digested once, whatever the number of recipients; `bto` and `bcc` are not in
them (ActivityPub §6); no inbox is listed twice, and none of our own or of a peer that we don't talk to is listed; the
number of statements does not depend on the number of recipients. For an account with many followers the rows are made
by a job right after the commit (`outbox.spreading`), so that its author doesn't wait for them.

On failure the unit rolls back: nothing is queued.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

import orjson
from sqlalchemy import bindparam, func, select

from federation.client.errors import AddressRefused
from federation.client.url_rules import check_url, origin_of
from federation.peers.receiving import Sent, withheld
from federation.trust.keyring import SigningKey
from jobs.queue import enqueue_job
from keys.integrity_proofs import add_proof
from models import UnitOfWork
from models.accounts import Account
from models.activities import Delivery, OutboundActivity
from models.base import BigInt
from models.new_rows import insert_rows, new_row
from models.questions import Question
from models.relations import Follow
from models.signals import DELIVERIES
from policy.limits import FOLLOWERS_AT_ONCE
from policy.peers import PeerPolicy

JsonObject = dict[str, Any]
BLIND = frozenset({"bto", "bcc"})
SPREAD_ACTIVITY: Final = "spread_activity"
PEERING_ORDER: Final = "urn:tertulia:peering"
"""The ordering key of what instances say to each other about being peers: it also goes where nothing else may go."""


class Gate(Protocol):
    """Who may hear from us, and what they may have: a `PeerDirectory`."""

    def allows(self, host: str) -> bool:
        """Whether the host may hear from us at all."""
        ...

    def policy_of(self, host: str | None) -> PeerPolicy | None:
        """The rules for a host; None without any."""
        ...


class _Ajar:
    """For what is about the peering itself: it also goes where nothing else may go."""

    def allows(self, _host: str) -> bool:
        return True

    def policy_of(self, _host: str | None) -> PeerPolicy | None:
        return None


PEERING_GATE: Final = _Ajar()

_INBOX: Final = func.coalesce(Account.shared_inbox_url, Account.inbox_url)
_READERS: Final = Question(
    select(_INBOX)
    .distinct()
    .select_from(Follow)
    .join(Account, Account.id == Follow.follower_id)
    .where(Follow.followee_id == bindparam("account_id", type_=BigInt), Follow.state == "accepted")
    .where(Account.domain.is_not(None), Account.suspended_at.is_(None), Account.gone_at.is_(None))
    .order_by(_INBOX)
)


async def enqueue(
    unit: UnitOfWork,
    *,
    account: Account,
    document: JsonObject,
    ordering_key: str,
    gate: Gate,
    inbox_urls: Iterable[str] = (),
    to_followers_of: int | None = None,
    status_id: int | None = None,
    visibility: str = "direct",
    sign_proof: SigningKey | None = None,
    gathers: bool = False,
) -> OutboundActivity:
    """Queue an activity of the local `account` for `inbox_urls` and for the remote followers of `to_followers_of`.

    `document` is the whole activity with `id`, `type` and `@context`. Activities with one `ordering_key` (the object's
    URI) reach each host in the order of these calls. `gate` tells which hosts may hear from us, and what. `sign_proof`
    is the account's Ed25519 key. An activity without any recipient is stored all the same: it is in the outbox. What
    `gathers` is written together with the rest of its kind, right before the commit.
    """
    if not gathers:
        await unit.session.flush()  # followers and accounts that this very unit has made
    public = without_blind_recipients(document)
    if sign_proof is not None:
        public = add_proof(public, key=sign_proof.private, verification_method=sign_proof.key_id, now=unit.now)
    body = orjson.dumps(public)
    urls, spread = list(inbox_urls), None
    if to_followers_of is not None and spreads_later(account, _object_uri(public)):
        urls, spread = [], {"inbox_urls": urls, "ordering_key": ordering_key}
    else:
        urls += await inboxes_of_followers(unit, to_followers_of)
    return await enqueue_bytes(
        unit,
        account=account,
        uri=public["id"],
        activity_type=str(public["type"])[:32],
        object_uri=_object_uri(public),
        body=body,
        inbox_urls=urls,
        ordering_key=ordering_key,
        gate=gate,
        status_id=status_id,
        visibility=visibility,
        spread=spread,
        gathers=gathers,
    )


def spreads_later(account: Account, object_uri: str | None) -> bool:
    """Whether a job queues for the followers (`outbox.spreading`); what concerns the account itself never waits."""
    return account.followers_count > FOLLOWERS_AT_ONCE and object_uri != account.uri


async def enqueue_bytes(
    unit: UnitOfWork,
    *,
    account: Account,
    uri: str,
    activity_type: str,
    object_uri: str | None,
    body: bytes,
    inbox_urls: Iterable[str],
    ordering_key: str,
    gate: Gate,
    status_id: int | None = None,
    visibility: str = "direct",
    spread: JsonObject | None = None,
    gathers: bool = False,
) -> OutboundActivity:
    """Queue ready bytes, to be delivered under the signature of the local `account`; also what others made."""
    activity = {
        "id": unit.new_id(),
        "uri": uri,
        "account_id": account.id,
        "activity_type": activity_type,
        "object_uri": object_uri,
        "status_id": status_id,
        "visibility": visibility,
        "body": body,
        "digest": hashlib.sha256(body).digest(),
        "spread": spread,
        "created_at": unit.now,
    }
    if gathers:
        unit.defer(_write_activities, activity, is_gathered=True)
    else:
        await _write_activities(unit, [activity])
    made = new_row(OutboundActivity, **activity)
    if spread is not None:
        payload = {"account_id": account.id}
        await enqueue_job(unit, SPREAD_ACTIVITY, payload, unique_key=f"{SPREAD_ACTIVITY}:{made.id}", is_of_new=True)
    await queue_deliveries(unit, made, inbox_urls, ordering_key=ordering_key, gate=gate, gathers=gathers)
    return made


async def _write_activities(unit: UnitOfWork, activities: list[dict[str, Any]]) -> None:
    await insert_rows(unit.session, OutboundActivity, activities)


async def _write_deliveries(unit: UnitOfWork, deliveries: list[dict[str, Any]]) -> None:
    await insert_rows(unit.session, Delivery, deliveries)


async def queue_deliveries(
    unit: UnitOfWork,
    activity: OutboundActivity,
    inbox_urls: Iterable[str],
    *,
    ordering_key: str,
    gate: Gate,
    gathers: bool = False,
) -> None:
    """One row for each inbox that shall get a stored activity."""
    targets = distinct_targets(inbox_urls, own_origin=unit.addresses.origin, allows=gate.allows)
    targets = await _through(gate, unit, activity, targets)
    rows = _rows(unit, activity, targets, ordering_key)
    if gathers:
        for row in rows:
            unit.defer(_write_deliveries, row, is_gathered=True)
    elif rows:
        await _write_deliveries(unit, rows)
    if rows:
        unit.signal(DELIVERIES)


async def _through(gate: Gate, unit: UnitOfWork, activity: OutboundActivity, targets: dict[str, str]) -> dict[str, str]:
    """The targets whose policy lets them have this; costs nothing but for the few peers that have one."""
    policies = {host: gate.policy_of(host) for host in targets.values()}
    closed = set()
    for host, policy in policies.items():
        if policy is not None and policy.restricts:
            await unit.session.flush()  # what is told of may have been made by this very unit
            sender = await unit.session.get_one(Account, activity.account_id)
            if await withheld(unit.session, policy, [Sent.of(activity, sender)]):
                closed.add(host)
    return {url: host for url, host in targets.items() if host not in closed} if closed else targets


def without_blind_recipients(document: JsonObject) -> JsonObject:
    """A copy without `bto` and `bcc`, on the activity and on the objects inside it."""
    copy = {name: value for name, value in document.items() if name not in BLIND}
    if "object" in copy:
        copy["object"] = _object_without_blind(copy["object"])
    return copy


def _object_without_blind(value: Any) -> Any:
    if isinstance(value, dict):
        return without_blind_recipients(value)
    if isinstance(value, list):
        return [_object_without_blind(item) for item in value]
    return value


def distinct_targets(urls: Iterable[str], *, own_origin: str, allows: Callable[[str], bool]) -> dict[str, str]:
    """Inbox URLs in normal form with their hosts, in the order given: none twice, none of ours, none of strangers.

    What is no URL that we would ask for is left out: a follower whose inbox is nonsense must not keep the others
    from hearing.
    """
    own = origin_of(own_origin)
    targets: dict[str, str] = {}
    for url in dict.fromkeys(urls):
        try:
            checked = check_url(url, allow_http=True)
        except AddressRefused:
            continue
        if (checked.scheme, checked.host, checked.port) != own and allows(checked.domain):
            targets[checked.url] = checked.domain
    return targets


async def inboxes_of_followers(unit: UnitOfWork, account_id: int | None) -> Sequence[str]:
    """Where the remote followers of an account read, shared inboxes once."""
    found = [] if account_id is None else await unit.session.ask(_READERS, {"account_id": account_id})
    return [url for (url,) in found]


def _rows(
    unit: UnitOfWork, activity: OutboundActivity, targets: dict[str, str], ordering_key: str
) -> list[dict[str, Any]]:
    return [
        {
            "id": unit.new_id(),
            "activity_id": activity.id,
            "account_id": activity.account_id,
            "inbox_url": url,
            "host": host,
            "ordering_key": ordering_key,
            "due_at": unit.now,
            "created_at": unit.now,
        }
        for url, host in targets.items()
    ]


def _object_uri(document: JsonObject) -> str | None:
    value = document.get("object")
    uri = value.get("id") if isinstance(value, dict) else value
    return uri if isinstance(uri, str) else None
