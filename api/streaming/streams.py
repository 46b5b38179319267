"""The streams that one can listen to: their names, what they need, and how events find who listens.

A client names a stream (`hashtag` with a tag, `list` with a list); that is its `Label`, which comes back with every
event as the client wrote it, because clients tell their subscriptions apart by it. Inside, a stream is a `Channel`:
people's own streams by account, hashtags in their normal form, lists by id. Pure.
"""

from typing import Final

from api.errors import ApiError
from content.hashtags import normalise_hashtag
from models.values import dataclass

Label = tuple[str, ...]
Channel = tuple[str, int | str]

USER: Final = "user"
NOTIFICATIONS: Final = "user:notification"
PUBLIC: Final = "public"
HASHTAG: Final = "hashtag"
LOCAL_HASHTAG: Final = "hashtag:local"
LIST: Final = "list"
DIRECT: Final = "direct"
PUBLIC_STREAMS: Final = (
    *(PUBLIC, "public:media"),
    *("public:local", "public:local:media", "public:remote", "public:remote:media"),
)
OWN_STREAMS: Final = (USER, NOTIFICATIONS, DIRECT)
TAG_STREAMS: Final = (HASHTAG, LOCAL_HASHTAG)
STREAMS: Final = frozenset((*PUBLIC_STREAMS, *OWN_STREAMS, *TAG_STREAMS, LIST))
STATUS_SCOPE: Final = "read:statuses"
NOTIFICATION_SCOPE: Final = "read:notifications"
MAX_PARAMETER_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """A stream that a client asks for: its name, and the tag or list where the stream needs one, as written."""

    name: str
    parameter: str = ""

    @property
    def label(self) -> Label:
        """What comes back with every event."""
        return (self.name, self.parameter) if self.parameter else (self.name,)

    @property
    def scope(self) -> str:
        """What the token must cover."""
        return NOTIFICATION_SCOPE if self.name == NOTIFICATIONS else STATUS_SCOPE

    def channel(self, account_id: int) -> Channel:
        """Where its events come from. A list is the caller's to check."""
        if self.name in OWN_STREAMS:
            return (self.name, account_id)
        if self.name in TAG_STREAMS:
            return (self.name, normalise_hashtag(self.parameter))
        return (self.name, int(self.parameter) if self.name == LIST else 0)


def wish_for(name: object, *, tag: object = None, list_id: object = None) -> Wish:
    """What a client asks for, checked. Raises ApiError with a sentence for it."""
    if not isinstance(name, str) or name not in STREAMS:
        raise ApiError(400, "Unknown stream")
    if name in TAG_STREAMS:
        if not isinstance(tag, str) or len(tag) > MAX_PARAMETER_CHARACTERS or not normalise_hashtag(tag):
            raise ApiError(400, "A hashtag stream needs a tag")
        return Wish(name, tag)
    if name == LIST:
        text = str(list_id) if isinstance(list_id, str | int) and not isinstance(list_id, bool) else ""
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise ApiError(400, "A list stream needs the id of a list")
        return Wish(name, text)
    return Wish(name)


def public_channels(*, is_local: bool, has_media: bool) -> list[Channel]:
    """The public streams that a public status belongs to."""
    side = "public:local" if is_local else "public:remote"
    names = [PUBLIC, side, *(("public:media", f"{side}:media") if has_media else ())]
    return [(name, 0) for name in names]


def tag_channels(tags: list[str], *, is_local: bool) -> list[Channel]:
    """The hashtag streams that a public status belongs to; `tags` in their normal form."""
    names = TAG_STREAMS if is_local else (HASHTAG,)
    return [(name, tag) for name in names for tag in tags]
