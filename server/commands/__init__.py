"""The commands of `tertulia`, a module a group."""

from server.lean import without_trust_store

with without_trust_store():
    import aiohttp  # noqa: F401
