"""What a token allows: the scopes of Mastodon 4.5, and which of them cover which.

`read` covers `read:statuses` and every other part, `admin:read` covers `admin:read:accounts`, `follow` the relations
between people, and whoever may read accounts has what `profile` gives. Pure.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

OFFLINE: Final = "offline_access"
DEFAULT_SCOPE: Final = "read"

_READ = "accounts blocks bookmarks collections favourites filters follows lists mutes notifications search statuses"
_WRITE = (
    "accounts blocks bookmarks collections conversations favourites filters follows lists media mutes notifications"
    " reports statuses"
)
_ADMIN = "accounts reports domain_allows domain_blocks ip_blocks email_domain_blocks canonical_email_blocks"

PARTS: Final[dict[str, tuple[str, ...]]] = {
    "read": tuple(f"read:{part}" for part in _READ.split()),
    "write": tuple(f"write:{part}" for part in _WRITE.split()),
    "follow": ("read:blocks", "write:blocks", "read:follows", "write:follows", "read:mutes", "write:mutes"),
    "admin:read": tuple(f"admin:read:{part}" for part in _ADMIN.split()),
    "admin:write": tuple(f"admin:write:{part}" for part in _ADMIN.split()),
}
SCOPES: Final[tuple[str, ...]] = tuple(
    dict.fromkeys(
        (
            *("profile", "read", "write", "follow", "push", OFFLINE, "admin:read", "admin:write"),
            *(part for parts in PARTS.values() for part in parts),
        )
    )
)
_KNOWN = frozenset(SCOPES)


class ScopesRefused(Exception):
    """Scopes that don't exist, or that nobody may ask for; the message says which."""


def check_scopes(text: str) -> str:
    """Scopes each once, in the order given, separated by single spaces. Raises ScopesRefused."""
    named = list(dict.fromkeys(text[:4_000].split()))
    unknown = [name for name in named if name not in _KNOWN]
    if unknown or not named:
        listed = ", ".join(unknown)[:200] or "Nothing"
        raise ScopesRefused(
            f"{listed} is no scope: choose among read, write, follow, push, profile, and parts of them."
        )
    return " ".join(named)


def covers(granted: Iterable[str], wanted: str) -> bool:
    """Whether who was granted these scopes may do what needs `wanted`."""
    allowed = granted if isinstance(granted, tuple) else tuple(granted)
    return wanted in _everything(allowed)


def covers_all(granted: Iterable[str], wanted: Sequence[str]) -> bool:
    """Whether every one of `wanted` is covered: what a token asks for against what its application registered."""
    allowed = tuple(granted)
    return all(covers(allowed, scope) for scope in wanted)


def restrict(wanted: str, most: str) -> str:
    """The scopes that somebody gets who asks for `wanted` of an application registered for `most`.

    Asking for nothing means `read`, or all that the application has when that isn't among it. Raises ScopesRefused for
    more than the application was registered for.
    """
    if not wanted.strip():
        return DEFAULT_SCOPE if covers(most.split(), DEFAULT_SCOPE) else most
    asked = check_scopes(wanted)
    if not covers_all(most.split(), asked.split()):
        raise ScopesRefused(f"The application is registered for {most} and may not ask for {asked}.")
    return asked


@lru_cache(maxsize=512)
def _everything(granted: tuple[str, ...]) -> frozenset[str]:
    """The scopes with all that they cover."""
    found = set(granted)
    for scope in granted:
        found.update(PARTS.get(scope, ()))
    if found & {"read:accounts", "read"}:
        found.add("profile")
    return frozenset(found)
