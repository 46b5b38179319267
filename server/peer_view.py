"""What the command line shows of a peer: as JSON, and in lines for people."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from federation.peers.cards import InstanceCard
from inbox.peer_health import PeerHealth
from keys.signing import Scheme
from models.peers import Peer
from outbox.peering.explain import LIMITS, missing

NO_RULES: Final[dict[str, Any]] = {
    "visibilities": None, "topics": None, "communities": None, "media": True, "boosts": True,
    "inbound_per_minute": None, "outbound_per_minute": None,
}  # fmt: skip
_RULES: Final = {
    "visibilities": "may receive",
    "topics": "its topics",
    "communities": "its communities",
    "media": "posts with files go there",
    "boosts": "boosts by its people have effects here",
    "inbound_per_minute": "activities a minute taken from it",
    "outbound_per_minute": "activities a minute sent to it",
}
_SAID: Final = ("legal_name", "handle_domain", "region", "contact", "software", "software_version")
_TIMES: Final = (
    *("proposed_at", "expires_at", "confirmed_at", "activated_at", "suspended_at", "suspended_by_them_at", "ended_at"),
    *("removal_asked_at", "removal_done_at"),
)


def card_lines(card: InstanceCard) -> list[str]:
    """Who was found at a domain, for the administrator who decides."""
    said = {name: getattr(card, name) for name in _SAID} | {"domain": card.domain, "fingerprint": card.fingerprint}
    return [f"{_label(name)}: {_word(said[name])}" for name in ("legal_name", "domain", *_SAID[1:], "fingerprint")]


def listed(peer: Peer, now: datetime) -> dict[str, Any]:
    """An entry of `peer list --json`."""
    return {
        "domain": peer.domain,
        "state": peer.state,
        "is_limited": peer.is_limited,
        "proposed_by": peer.proposed_by,
        "legal_name": peer.legal_name,
        "fingerprint": peer.fingerprint,
        "missing": missing(peer, now),
        "note": peer.note,
        "created_at": peer.created_at,
        "updated_at": peer.updated_at,
    }


def shown(
    name: str, peer: Peer | None, health: PeerHealth, verdict: str, scheme: Scheme, now: datetime
) -> dict[str, Any]:
    """What is known of a peer; `scheme` is how the next request to it will be signed."""
    found: dict[str, Any] = {"domain": name, "state": peer.state if peer else "unknown", "verdict": verdict}
    if peer is not None:
        found |= {"is_limited": peer.is_limited, "missing": missing(peer, now)}
        found |= {field: getattr(peer, field) for field in _SAID}
        found |= {
            "fingerprint": peer.fingerprint,
            "key_is_pinned": peer.pinned_at is not None,
            "proposed_by": peer.proposed_by,
            **{field: getattr(peer, field) for field in _TIMES},
            "ended_by": peer.ended_by,
            "limits": list(LIMITS) if peer.is_limited else [],
        }
    software = f"{peer.software} {peer.software_version}".strip() if peer else ""
    return found | {
        "note": peer.note if peer else "",
        "decided_at": peer.updated_at if peer else None,
        "scheme": scheme.value,
        **{name: value for name, value in asdict(health).items() if name not in found},
        "software": software or health.software or None,
    }


def policy_lines(found: dict[str, Any]) -> list[str]:
    """A policy for people, a line a rule; one line when there is none."""
    lines = [f"{label}: {_rule(found[name])}" for name, label in _RULES.items() if found[name] is not NO_RULES[name]]
    return lines or ["policy: no rules; it may receive what its people may read"]


def _rule(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return "no" if value is False else str(value)


def shown_lines(found: dict[str, Any]) -> list[str]:
    """The same for people: what says nothing is left out where it is a matter of the handshake."""
    lines: list[str] = []
    for name, value in found.items():
        if name == "limits":
            lines += [f"limit: {limit}" for limit in value]
        elif name == "policy":
            lines += policy_lines(value) if value else []
        elif isinstance(value, Mapping):
            lines += [f"{_label(name)}: {_several(value)}"] if value else []
        elif not (value in (None, "") and name in (*_SAID, *_TIMES, "missing", "proposed_by", "ended_by")):
            lines.append(f"{_label(name)}: {_word(value)}")
    return lines


def _label(name: str) -> str:
    return name.replace("_", " ")


def _several(value: Mapping[str, Any]) -> str:
    return ", ".join(f"{_label(name)} {_word(one)}" for name, one in value.items() if one not in (None, ""))


def _word(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value == "" else str(value)
