"""A peer as administrators see it."""

from datetime import datetime
from typing import Final

from api.call import Json
from api.times import timestamp
from models.peers import Peer
from outbox.peering.explain import LIMITS, missing

_SAID: Final = ("legal_name", "handle_domain", "region", "contact", "software", "software_version", "fingerprint")
_TIMES: Final = {
    **{
        name: name
        for name in (
            *("proposed_at", "expires_at", "confirmed_at", "activated_at", "suspended_at", "suspended_by_them_at"),
            "ended_at",
        )
    },
    "content_deletion_asked_at": "removal_asked_at",
    "content_deleted_at": "removal_done_at",
}


def peer_entity(peer: Peer, now: datetime) -> Json:
    """Our own `Peer` entity."""
    return {
        "id": str(peer.id),
        "domain": peer.domain,
        "state": str(peer.state),
        "limited": peer.is_limited,
        "missing": missing(peer, now),
        "limits": list(LIMITS) if peer.is_limited else [],
        "proposed_by": peer.proposed_by,
        **{name: getattr(peer, name) for name in _SAID},
        "key_pinned": peer.pinned_at is not None,
        "refused_fingerprint": peer.key_conflict or None,
        "note": peer.note,
        "created_at": timestamp(peer.created_at),
        **{name: _time(getattr(peer, column)) for name, column in _TIMES.items()},
        "ended_by": peer.ended_by,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else timestamp(at)
