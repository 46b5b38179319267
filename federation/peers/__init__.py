"""The other servers: which may speak, how each is reached, and whether it is alive."""

from federation.peers.directory import (
    PeerDirectory,
    PeerRefused,
    PeerState,
    domain_of,
)

__all__ = [
    "PeerDirectory",
    "PeerRefused",
    "PeerState",
    "domain_of",
]
