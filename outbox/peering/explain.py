"""A peer's state in words: what is missing, who has to do it, and what a limited peer can't honour."""

from datetime import datetime, timedelta
from typing import Final

from federation.peers import PeerState
from models.peers import Peer
from outbox.peering.decisions import awaits_round_trip, waits_for_them, waits_for_us
from outbox.peering.sending import THEM

# What a server without our handshake can't do; shown wherever a limited peer is.
LIMITS: Final = (
    "No handshake: only this office has agreed, and whether the other side reads and writes is up to it.",
    "Its instance key is not pinned: a changed key is believed as far as TLS and DNS are.",
    "No topic archives: of a hashtag there is what happened to be delivered.",
    "No private or hidden communities: it can't prove for which member it reads.",
    "No log that heals: what is lost while one side is down stays lost.",
    "It is told neither of a suspension nor of the end.",
)


def missing(peer: Peer, now: datetime) -> str:
    """What has to happen next, and by whom; empty when nothing does."""
    if peer.key_conflict_at is not None:
        return (
            f"{peer.domain} shows another instance key ({peer.key_conflict}) than the pinned one, and what is signed "
            f"with it is refused. When its administrator says that this is right: `tertulia peer add {peer.domain}`."
        )
    if waits_for_us(peer, now):
        return (
            f"waiting for an administrator of this office to confirm (`tertulia peer confirm {peer.domain}`) or "
            f"reject; {_since('proposed', peer.proposed_at, now)}; {_expires(peer)}"
        )
    if waits_for_them(peer, now):
        return (
            f"waiting for an administrator of {peer.domain} to confirm; {_since('proposed', peer.proposed_at, now)}; "
            f"{_expires(peer)}"
        )
    if awaits_round_trip(peer):
        return f"both sides have confirmed; waiting for the test activity to make its round trip with {peer.domain}"
    return _MISSING.get(PeerState(peer.state), _nothing)(peer)


def _nothing(_peer: Peer) -> str:
    return ""


def _proposed(peer: Peer) -> str:
    return f"the proposal has expired without an answer: `tertulia peer add {peer.domain}` makes it again"


def _suspended(peer: Peer) -> str:
    if peer.suspended_by_them_at is None:
        return f"suspended by this office: `tertulia peer resume {peer.domain}` goes on"
    if peer.suspended_at is None:
        return f"suspended by {peer.domain}: an administrator there has to resume"
    return f"suspended by both sides: `tertulia peer resume {peer.domain}` here, and there likewise"


def _ended(peer: Peer) -> str:
    who = peer.domain if peer.ended_by == THEM else "this office"
    return f"ended by {who}: `tertulia peer add {peer.domain}` proposes anew"


_MISSING: Final = {PeerState.PROPOSED: _proposed, PeerState.SUSPENDED: _suspended, PeerState.ENDED: _ended}


def _since(what: str, at: datetime | None, now: datetime) -> str:
    return f"{what} {ago(now - at)} ago" if at is not None else what


def ago(duration: timedelta) -> str:
    """A duration in its largest unit: `40 s`, `5 min`, `2 h`, `3 days`."""
    seconds = max(0, int(duration.total_seconds()))
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _expires(peer: Peer) -> str:
    return f"expires {peer.expires_at:%Y-%m-%d %H:%M} UTC" if peer.expires_at is not None else "never expires"
