"""The five audiences of a status, in the words of the Mastodon API."""

from enum import StrEnum


class Visibility(StrEnum):
    """Who a status is for; `policy.visibility` decides what that means."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"  # the author's followers, and who is mentioned
    DIRECT = "direct"  # who is mentioned
    LIMITED = "limited"  # who it was delivered to, whatever its addressing says

    @property
    def is_public(self) -> bool:
        return self in (Visibility.PUBLIC, Visibility.UNLISTED)
