"""How many requests of which class this process has answered, with which status, and how long that took.

Counted around every request, so it is an addition and a look-up of the route's class. Classes are few and fixed: a
stranger can't make new ones.
"""

from collections import Counter
from functools import lru_cache
from typing import Final

from aiohttp import web

_CLASSES: Final = (
    ("/api", "api"),
    ("/oauth", "oauth"),
    ("/users", "activitypub"),
    ("/tags", "activitypub"),
    ("/contexts", "activitypub"),
    ("/activities", "activitypub"),
    ("/follows", "activitypub"),
    ("/actor", "activitypub"),
    ("/sync", "sync"),
    ("/.well-known", "discovery"),
    ("/nodeinfo", "discovery"),
    ("/media", "media"),
    ("/healthz", "health"),
    ("/readyz", "health"),
    ("/metrics", "metrics"),
)


class Traffic:
    """The requests of one process: numbers by (class, status), seconds by class."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.seconds: Counter[str] = Counter()

    def note(self, request: web.Request, status: int, seconds: float) -> None:
        """One request was answered."""
        resource = request.match_info.route.resource
        self.add("unknown" if resource is None else class_of(resource.canonical), status, seconds)

    def add(self, kind: str, status: int, seconds: float) -> None:
        """One request of a class was answered."""
        self.requests[kind, status] += 1
        self.seconds[kind] += seconds  # type: ignore[assignment]


@lru_cache(maxsize=1024)
def class_of(path: str) -> str:
    """The class of a route, by its pattern."""
    if path.endswith("/inbox") or path == "/inbox":
        return "inbox"
    return next((kind for start, kind in _CLASSES if path == start or path.startswith(start + "/")), "pages")
