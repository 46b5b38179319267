"""The letters that two instances exchange about being peers (docs/decisions/0018-peering.md). Pure.

All go from instance actor to instance actor. `proposal` is the id of the `Peering` that somebody proposed, `card` the
`Peering` that says who we are.
"""

from datetime import datetime
from typing import Any

from federation.documents import contexts as emitted_contexts
from federation.documents.activities import activity
from federation.documents.wire_time import wire_time
from federation.json_ld.strict_json import JsonObject


def offer_peering(
    uri: str, *, actor_uri: str, to: str, proposal: str, card: JsonObject, at: datetime, expires_at: datetime
) -> JsonObject:
    """Offer of a Peering: shall we be peers? It may be sent again under another id; the proposal stays the same."""
    return _letter(uri, "Offer", actor_uri, to, {"id": proposal, **card}, at, target=to, endTime=wire_time(expires_at))


def accept_peering(uri: str, *, actor_uri: str, to: str, proposal: str, card: JsonObject, at: datetime) -> JsonObject:
    """Accept of a Peering; `result` says who accepts."""
    return _letter(uri, "Accept", actor_uri, to, _named(proposal), at, result=card)


def reject_peering(uri: str, *, actor_uri: str, to: str, proposal: str, at: datetime) -> JsonObject:
    """Reject of a Peering that was proposed."""
    return _letter(uri, "Reject", actor_uri, to, _named(proposal), at)


def leave_peering(uri: str, *, actor_uri: str, to: str, proposal: str, at: datetime) -> JsonObject:
    """Leave: a Peering ends, or a proposal is taken back."""
    return _letter(uri, "Leave", actor_uri, to, _named(proposal), at)


def block_peering(uri: str, *, actor_uri: str, to: str, proposal: str, at: datetime) -> JsonObject:
    """Block: a Peering rests."""
    return _letter(uri, "Block", actor_uri, to, _named(proposal), at)


def unblock_peering(uri: str, *, actor_uri: str, to: str, proposal: str, at: datetime) -> JsonObject:
    """Undo of the Block: it goes on."""
    block = {"type": "Block", "actor": actor_uri, "object": _named(proposal)}
    return _letter(uri, "Undo", actor_uri, to, block, at)


def ping(uri: str, *, actor_uri: str, to: str, proposal: str, at: datetime) -> JsonObject:
    """The test activity of a Peering that both sides confirmed."""
    return _letter(uri, "Ping", actor_uri, to, _named(proposal), at)


def pong(uri: str, *, actor_uri: str, to: str, ping_uri: str, at: datetime) -> JsonObject:
    """Its answer."""
    return _letter(uri, "Pong", actor_uri, to, {"id": ping_uri, "type": "Ping"}, at)


def _named(proposal: str) -> JsonObject:
    return {"id": proposal, "type": "Peering"}


def _letter(uri: str, kind: str, actor_uri: str, to: str, object_: JsonObject, at: datetime, **more: Any) -> JsonObject:
    return activity(uri, kind, actor_uri, object_, to=[to], context=emitted_contexts.PEERING, published=wire_time(at),
                    **more)  # fmt: skip
