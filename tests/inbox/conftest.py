"""The cast of the attacks: alice here, carol and eve on one confirmed peer, mal on another."""

from tests.security.conftest import alice, carol, eve, evil, mal

__all__ = ["alice", "carol", "eve", "evil", "mal"]
