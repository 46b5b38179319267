"""Narrowing a peer down, and how its policy is written in words: by handles and hashtags, for people and programs.

A policy is part of the caller's unit of work and counts from its commit, also for what waits for the peer already: it
is looked at again before it is sent. Raises PolicyRefused with a sentence when something named isn't there.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content.hashtags import normalise_hashtag
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.peers import Peer
from outbox.peering.sending import PeeringRefused, audit_peer
from policy.peers import FREE, MAX_NAMES, MAX_PER_MINUTE, VISIBILITIES, PeerPolicy, policy_of

RATES: Final = ("inbound_per_minute", "outbound_per_minute")


class PolicyRefused(PeeringRefused):
    """The policy can't be what was asked for; the message says why."""


async def change_policy(
    services: Services, unit: UnitOfWork, peer: Peer, changes: Mapping[str, Any], *, by: Account | None = None
) -> PeerPolicy:
    """Change these rules of a peer and leave the others; None takes a rule away.

    `changes`: `visibilities` (words), `topics` (hashtags), `communities` (handles), `media` and `boosts` (bool),
    `inbound_per_minute`, `outbound_per_minute`.
    """
    before = policy_of(peer.policy) or FREE
    values = {name: getattr(before, name) for name in PeerPolicy.__dataclass_fields__}
    for name, value in changes.items():
        values[_FIELDS.get(name, name)] = await _read(unit.session, name, value)
    policy = PeerPolicy(**values)
    peer.policy = policy.document()
    services.peers.changed(unit, peer)
    audit_peer(unit, peer, "policy", by, policy=peer.policy or {})
    return policy


_FIELDS: Final = {"media": "with_media", "boosts": "with_boosts"}


async def _read(session: AsyncSession, name: str, value: Any) -> Any:
    if name in _FIELDS:
        return value is not False
    if value is None:
        return None
    if name in RATES:
        if not 1 <= value <= MAX_PER_MINUTE:
            raise PolicyRefused(f"A rate is from 1 to {MAX_PER_MINUTE} activities a minute.")
        return value
    if len(value) > MAX_NAMES:
        raise PolicyRefused(f"A policy names at most {MAX_NAMES} {name}.")
    readers = {"visibilities": _visibilities, "topics": _topics}
    return readers[name](value) if name in readers else await _communities(session, value)


def _visibilities(words: Sequence[str]) -> frozenset[str]:
    unknown = sorted(set(words) - set(VISIBILITIES))
    if unknown:
        raise PolicyRefused(f"{', '.join(unknown)} is no visibility: choose among {', '.join(VISIBILITIES)}.")
    return frozenset(words)


def _topics(words: Sequence[str]) -> frozenset[str]:
    names = {word: normalise_hashtag(word) for word in words}
    wrong = [word for word, name in names.items() if not name]
    if wrong:
        raise PolicyRefused(f"{', '.join(wrong)} is no hashtag.")
    return frozenset(names.values())


async def _communities(session: AsyncSession, handles: Sequence[str]) -> frozenset[int]:
    found: set[int] = set()
    for handle in handles:
        name, _, domain = handle.strip().lstrip("@!").partition("@")
        query = select(Account.id).where(
            Account.username == name,
            Account.actor_type == "Group",
            Account.domain == domain if domain else Account.domain.is_(None),
        )
        account_id = await session.scalar(query)
        if account_id is None:
            raise PolicyRefused(f"There is no community {handle} here.")
        found.add(account_id)
    return frozenset(found)


async def policies_in_words(session: AsyncSession, peers: Sequence[Peer]) -> dict[str, dict[str, Any]]:
    """The policies of peers by domain, communities by handle: at most one query. Null stands for no rule."""
    policies = {peer.domain: policy_of(peer.policy) or FREE for peer in peers}
    wanted = sorted(set().union(*(policy.communities or () for policy in policies.values())))
    handles: dict[int, str] = {}
    if wanted:
        rows = await session.execute(select(Account.id, Account.username, Account.domain).where(Account.id.in_(wanted)))
        handles = {row.id: f"{row.username}@{row.domain}" if row.domain else row.username for row in rows}
    return {domain: _words(policy, handles) for domain, policy in policies.items()}


def _words(policy: PeerPolicy, handles: Mapping[int, str]) -> dict[str, Any]:
    return {
        "visibilities": _in_order(policy.visibilities),
        "topics": _in_order(policy.topics),
        "communities": None
        if policy.communities is None
        else sorted(handles[number] for number in policy.communities if number in handles),
        "media": policy.with_media,
        "boosts": policy.with_boosts,
        **{name: getattr(policy, name) for name in RATES},
    }


def _in_order(allowed: frozenset[str] | None) -> list[str] | None:
    return None if allowed is None else sorted(allowed)
