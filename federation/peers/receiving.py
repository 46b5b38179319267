"""Which stored activities of ours a peer with a policy may not have: the gate of deliveries, of its log and of reading.

An activity carries statuses when it says something about them (`CARRIES`); what these are is found by the row's own
`status_id` and by the URIs inside it, however deep, and each has to be receivable (`policy.peers`). What a community or
a topic says is for peers that may have that community or topic. Answers and what takes back always pass.

Asked only for peers whose policy restricts something: at most two queries for any number of activities.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account
from models.activities import OutboundActivity
from models.statuses import Status
from models.values import dataclass
from policy.peers import PeerPolicy, receivable

CARRIES: Final = frozenset({"Create", "Update", "Announce", "Add", "QuoteRequest", "Invite"})
ALWAYS_PASS: Final = frozenset({"Accept", "Reject", "Undo", "Delete"})
_INSIDE: Final = ("object", "instrument", "orderedItems", "items")
_DEPTH: Final = 5


@dataclass(frozen=True, slots=True)
class Sent:
    """What the gate looks at: an activity of ours, and who says it."""

    id: int
    activity_type: str
    status_id: int | None
    body: bytes
    sender_id: int
    is_group: bool
    topic: str | None

    @classmethod
    def of(cls, activity: OutboundActivity, sender: Account) -> "Sent":
        return cls(
            activity.id, activity.activity_type, activity.status_id, activity.body,
            sender.id, sender.is_group, sender.topic,
        )  # fmt: skip


async def withheld(session: AsyncSession, policy: PeerPolicy | None, activities: Sequence[Sent]) -> set[int]:
    """The ids of those that the peer may not have."""
    if policy is None or not policy.restricts:
        return set()
    refused: set[int] = set()
    named: dict[int, tuple[int | None, set[str]]] = {}
    for sent in activities:
        if sent.activity_type in ALWAYS_PASS:
            continue
        if not _may_hear(policy, sent):
            refused.add(sent.id)
        elif sent.activity_type in CARRIES:
            named[sent.id] = sent.status_id, set(_uris(orjson.loads(sent.body)))
    if not named:
        return refused
    bad_ids, bad_uris = await _not_receivable(session, policy, named)
    return refused | {
        number for number, (status_id, uris) in named.items() if status_id in bad_ids or not bad_uris.isdisjoint(uris)
    }


def _may_hear(policy: PeerPolicy, sent: Sent) -> bool:
    if sent.is_group and not policy.has_community(sent.sender_id):
        return False
    return sent.topic is None or policy.has_topic(sent.topic)


async def _not_receivable(
    session: AsyncSession, policy: PeerPolicy, named: dict[int, tuple[int | None, set[str]]]
) -> tuple[set[int], set[str]]:
    """Of all that is named: the ids of statuses, and the URIs of statuses and communities, that aren't for the peer."""
    ids = sorted({status_id for status_id, _ in named.values() if status_id is not None})
    uris = sorted(set().union(*(uris for _, uris in named.values())))
    statuses = select(Status.id, Status.uri).where(or_(Status.id.in_(ids), Status.uri.in_(uris)), ~receivable(policy))
    rows = (await session.execute(statuses)).all()
    bad_ids, bad_uris = {row.id for row in rows}, {row.uri for row in rows}
    if policy.communities is not None:
        groups = select(Account.uri).where(
            Account.uri.in_(uris), Account.actor_type == "Group", Account.id.not_in(sorted(policy.communities))
        )
        bad_uris |= set(await session.scalars(groups))
    return bad_ids, bad_uris


def _uris(document: Any, depth: int = 0) -> Iterator[str]:
    """The ids of what an activity is about, as deep as activities are put into each other; not what one takes back."""
    for name in _INSIDE:
        values = document.get(name)
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, str):
                yield value
            elif isinstance(value, dict):
                if isinstance(value.get("id"), str):
                    yield value["id"]
                if depth < _DEPTH and value.get("type") not in ALWAYS_PASS:
                    yield from _uris(value, depth + 1)
