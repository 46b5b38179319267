"""Refusals of the OAuth endpoints: `{"error": "invalid_grant", "error_description": "a sentence"}` (RFC 6749 §5.2)."""

from collections.abc import Mapping
from typing import Any

from api.errors import ApiError


class OAuthError(ApiError):
    """One of the registered error codes, with a sentence for who builds the client."""

    def __init__(self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message, headers=headers)
        self.code = code

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.code, "error_description": self.message}


def bad_request(code: str, message: str) -> OAuthError:
    """400 with a code."""
    return OAuthError(400, code, message)


def invalid_client(*, asked_by_header: bool) -> OAuthError:
    """401: nobody is known by this id and secret. Who came with HTTP Basic is answered in that scheme."""
    scheme = 'Basic realm="Tertulia"' if asked_by_header else 'Bearer realm="Tertulia"'
    return OAuthError(
        401,
        "invalid_client",
        "The client is unknown, or its secret is missing or wrong.",
        headers={"WWW-Authenticate": scheme},
    )
