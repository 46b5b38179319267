"""Which representation a reader wants, and what caches may do with it.

One URL has two faces: ActivityStreams for servers and HTML for browsers (ActivityPub §3.2). Servers name one of the
two ActivityStreams types; whatever doesn't is answered with HTML. What is answered also depends on who asks, so every
answer varies by the headers that say so (case N22), and what was given to somebody in particular is never kept.
"""

import re
from enum import Enum
from typing import Final

ACTIVITY_JSON: Final = "application/activity+json"
LD_JSON: Final = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
VARY: Final = "Accept, Signature, Signature-Input, Authorization"

_AS2_PROFILE = "https://www.w3.org/ns/activitystreams"
_MAX_ACCEPT = 2000
_MAX_RANGES = 32
_RANGE = re.compile(r'(?:[^,"]|"[^"]*")+')
_PARAMETER = re.compile(r';\s*([a-z]+)\s*=\s*("[^"]*"|[^;"\s]*)', re.IGNORECASE)


class Representation(Enum):
    """The faces of a resource; the value is the content type of the answer."""

    ACTIVITY = ACTIVITY_JSON
    LINKED_DATA = LD_JSON
    HTML = "text/html"

    @property
    def is_activitystreams(self) -> bool:
        return self is not Representation.HTML


def negotiate(accept: str | None) -> Representation:
    """The representation that an Accept header prefers (RFC 9110 §12.5.1); the first among equals.

    Only ranges that name a type count: `*/*` is what browsers and idle tools send, and they get HTML.
    """
    best, best_quality = Representation.HTML, 0.0
    for text in _RANGE.findall((accept or "")[:_MAX_ACCEPT])[:_MAX_RANGES]:
        found = _representation(text)
        quality = _quality(text)
        if found is not None and quality > best_quality:
            best, best_quality = found, quality
    return best


def prefers_json(accept: str | None) -> bool:
    """Whether host-meta should be JSON (RFC 6415 §3: XRD unless JSON is asked for)."""
    types = [text.partition(";")[0].strip().lower() for text in _RANGE.findall((accept or "")[:_MAX_ACCEPT])]
    is_json = [name in ("application/json", "application/jrd+json") for name in types]
    is_xml = [name in ("application/xrd+xml", "application/xml", "text/xml") for name in types]
    return any(is_json) and (not any(is_xml) or is_json.index(True) < is_xml.index(True))


def cache_control(*, is_for_everybody: bool, seconds: int = 180) -> str:
    """Cache-Control for an answer: kept by anybody for a while, or by nobody at all."""
    return f"public, max-age={seconds}" if is_for_everybody else "private, no-store"


def _representation(text: str) -> Representation | None:
    name = text.partition(";")[0].strip().lower()
    if name == "application/activity+json":
        return Representation.ACTIVITY
    if name == "application/ld+json":
        profiles = _parameter(text, "profile")
        # Without a profile it is any linked data; ours is ActivityStreams, and some peers forget to say so.
        return Representation.LINKED_DATA if profiles is None or _AS2_PROFILE in profiles.split() else None
    return Representation.HTML if name in ("text/html", "application/xhtml+xml") else None


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(_parameter(text, "q") or 1)))
    except ValueError:
        return 0.0


def _parameter(text: str, name: str) -> str | None:
    for key, value in _PARAMETER.findall(text):
        if key.lower() == name:
            found: str = value.strip('"')
            return found
    return None
