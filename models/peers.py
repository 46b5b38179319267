"""The other instances that an administrator knows by name: what was agreed with each, and what it says of itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Peer(Base):
    """A peer; `state` is one of `federation.peers.PeerState`, and only an `active` one reads and writes.

    `domain` is the host of its instance actor, normalised as `policy.domains` does it. A *limited* peer was admitted
    by us alone: it knows no handshake, and its keys aren't pinned. `proposed_by` and `ended_by` are `us` or `them`.
    `instance_keys` (`{"id", "multibase"}` each) are those of its instance actor as they were shown to the
    administrator; from `pinned_at` on no others count, and one that turns up all the same is kept in `key_conflict`.
    """

    __tablename__ = "peers"

    domain: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    id: Mapped[int | None] = mapped_column(unique=True)
    note: Mapped[str] = mapped_column(default="")
    public_comment: Mapped[str] = mapped_column(default="")
    is_limited: Mapped[bool] = mapped_column(default=False)
    # What it says of itself.
    legal_name: Mapped[str] = mapped_column(default="")
    handle_domain: Mapped[str] = mapped_column(default="")
    region: Mapped[str] = mapped_column(default="")
    contact: Mapped[str] = mapped_column(default="")
    software: Mapped[str] = mapped_column(default="")
    software_version: Mapped[str] = mapped_column(default="")
    actor_uri: Mapped[str | None]
    inbox_url: Mapped[str | None]
    implements: Mapped[list[str]] = mapped_column(default=list)
    # Its instance key.
    instance_keys: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    fingerprint: Mapped[str] = mapped_column(default="")
    pinned_at: Mapped[datetime | None]
    key_conflict: Mapped[str] = mapped_column(default="")
    key_conflict_at: Mapped[datetime | None]
    # The handshake.
    proposed_by: Mapped[str | None] = mapped_column(String(8))
    proposal_uri: Mapped[str | None]
    ping_uri: Mapped[str | None]
    proposed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    suspended_by_them_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(8))
    removal_asked_at: Mapped[datetime | None]
    removal_done_at: Mapped[datetime | None]
    # What it may receive and how much it may say (`policy.peers`); None: no rules.
    policy: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PeerCount(Base):
    """How often something happened with a peer on a day (UTC, `2026-11-28`); see `federation.peers.meter`."""

    __tablename__ = "peer_counts"

    host: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class PeeringList(Base):
    """The peering list of a peer that we subscribe to (`outbox.peering.subscriptions`).

    `mode` is `automatically` or `by-hand`; `entries` are what it said when it was last read: `domain`, `actor_uri`,
    `legal_name`, `region`, `fingerprint`, `instance_keys`. `updated_at` is when its publisher made it.
    """

    __tablename__ = "peering_lists"

    domain: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    mode: Mapped[str] = mapped_column(String(16))
    entries: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    last_error: Mapped[str] = mapped_column(default="")
    updated_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
