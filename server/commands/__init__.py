"""The commands of `tertulia`, a module a group."""

from server.lean import without_system_types, without_trust_store

with without_trust_store(), without_system_types():
    import aiohttp.web  # noqa: F401
