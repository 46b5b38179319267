"""What a client is told when it can't have what it asked for: `{"error": "a sentence"}`, and which status.

Absent and forbidden look alike (404). Refusals of the floors below are given their status in one table here, so that a
verb's refusal reads the same through every endpoint.
"""

from collections.abc import Mapping
from typing import Any, Final

from communities.standings import CommunityRefused, NoSuchCommunity
from communities.standings import NotAllowed as CommunityNotAllowed
from models.collisions import is_duplicate
from outbox.peering.sending import PeeringRefused
from outbox.statuses import NotAllowed
from social.filters import AlreadyFiltered, NoSuchKeyword
from social.follows import FollowRefused
from social.list_members import AlreadyListed, NotFollowed
from social.moderation import ModerationRefused
from social.polls import VoteRefused
from social.quotas import QuotaReached

Details = Mapping[str, list[dict[str, str]]]


class ApiError(Exception):
    """An answer other than success; `details` refuse fields: `{"text": [{"error": "ERR_…", "description": "…"}]}`."""

    def __init__(
        self, status: int, message: str, *, details: Details | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        return {"error": self.message, **({"details": self.details} if self.details else {})}


class NotFound(ApiError):
    """404: there is no such thing, or none that the viewer may see."""

    def __init__(self, message: str = "Record not found") -> None:
        super().__init__(404, message)


class Unauthorized(ApiError):
    """401: a token is needed, or the one that came is worth nothing."""

    def __init__(self, message: str = "The access token is invalid") -> None:
        super().__init__(401, message, headers={"WWW-Authenticate": 'Bearer realm="Tertulia"'})


class Forbidden(ApiError):
    """403: the viewer may see it, and may not do this."""

    def __init__(self, message: str = "This action is not allowed") -> None:
        super().__init__(403, message)


class Gone(ApiError):
    """410: it was here, and isn't any more."""

    def __init__(self, message: str = "This is gone for good") -> None:
        super().__init__(410, message)


class Unprocessable(ApiError):
    """422: the request was understood and can't be done as it is."""

    def __init__(self, message: str, *, details: Details | None = None) -> None:
        super().__init__(422, message, details=details)


class TooMany(ApiError):
    """429, with the seconds to wait."""

    def __init__(self, seconds: float, message: str = "Too many requests") -> None:
        super().__init__(429, message, headers={"Retry-After": str(max(1, int(seconds + 0.999)))})


def invalid(field: str, description: str, *, code: str = "ERR_INVALID") -> Unprocessable:
    """The refusal of one field."""
    return Unprocessable(
        f"Validation failed: {field} {description}", details={field: [{"error": code, "description": description}]}
    )


_REFUSALS: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (NotAllowed, 403, "{error}"),
    (ModerationRefused, 403, "{error}"),
    (FollowRefused, 403, "{error}"),
    (NoSuchCommunity, 404, "Record not found"),
    (CommunityNotAllowed, 403, "{error}"),
    (CommunityRefused, 422, "{error}"),
    (VoteRefused, 422, "Validation failed: {error}"),
    (PeeringRefused, 422, "{error}"),
    (QuotaReached, 422, "Validation failed: {error}"),
    (NotFollowed, 404, "Record not found"),
    (AlreadyListed, 422, "Validation failed: Account has already been taken"),
    (NoSuchKeyword, 404, "Record not found"),
    (AlreadyFiltered, 422, "Validation failed: Status has already been taken"),
)


def as_api_error(error: Exception) -> ApiError | None:
    """The answer for an error of a floor below; None when it is nobody's refusal but a failure."""
    if isinstance(error, ApiError):
        return error
    if is_duplicate(error):
        return Unprocessable("Duplicate record")  # done twice at the same moment: the other one counts
    for kind, status, message in _REFUSALS:
        if isinstance(error, kind):
            return ApiError(status, message.format(error=error))
    return None
