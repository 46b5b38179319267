"""Actors of other servers: found by URI or handle, fetched from home, kept as accounts."""

from federation.actors.resolve import (
    ActorGone,
    ActorRefused,
    draft_of,
    known_handles,
    refresh_if_stale,
    resolve_actor,
    resolve_handle,
    store_actor,
    store_fetched,
)

__all__ = [
    "ActorGone",
    "ActorRefused",
    "draft_of",
    "known_handles",
    "refresh_if_stale",
    "resolve_actor",
    "resolve_handle",
    "store_actor",
    "store_fetched",
]
