"""How somebody posts and reads when they don't say otherwise; stored with the user, under the names of the fields."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from models.accounts import User
from models.values import dataclass


@dataclass(frozen=True, slots=True)
class Preferences:
    """`visibility` None follows the account: private when it is locked, else public. `language` None: none is set.

    `quote_policy` is public, followers or nobody; `expand_media` default, show_all or hide_all.
    """

    visibility: str | None = None
    is_local_only: bool = False
    is_sensitive: bool = False
    language: str | None = None
    quote_policy: str = "public"
    expand_media: str = "default"
    expand_spoilers: bool = False
    autoplay_gifs: bool = False

    def stays_in_office(self, *, visibility: str, is_reply: bool) -> bool:
        """Whether a post that doesn't say so is for the office alone: an answer or a direct word goes where it must."""
        return self.is_local_only and not is_reply and visibility != "direct"

    def visibility_for(self, *, is_locked: bool) -> str:
        """The audience of a post that doesn't name one."""
        return self.visibility or ("private" if is_locked else "public")


_NAMES = frozenset(field.name for field in fields(Preferences))


def preferences_of(user: User) -> Preferences:
    """What a user has chosen, and the defaults for the rest."""
    return preferences_from(user.preferences)


def preferences_from(chosen: Mapping[str, Any] | None) -> Preferences:
    """The same from what is stored with the user."""
    return Preferences(**{name: value for name, value in (chosen or {}).items() if name in _NAMES})


def set_preferences(user: User, **changes: Any) -> None:
    """Change some of them; the names are the fields of `Preferences`."""
    kept = {name: value for name, value in (user.preferences or {}).items() if name not in _NAMES}
    user.preferences = kept | asdict(preferences_of(user)) | changes
