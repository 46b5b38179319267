"""The bearer token of a request (RFC 6750): what the routes of ActivityPub ask before anybody reads or writes.

Tokens themselves are `access.tokens`'s business.
"""

from aiohttp import web

from access.scopes import covers
from access.tokens import Bearer, Bearers
from api.serving import presented_token
from models.accounts import Account


class BearerTokens:
    """Recognises the bearer token of a request.

    Called with a request it gives the account, or None when no token was presented, or one that is unknown, revoked, of
    a suspended account, or of an application alone: the caller answers 401. A token without the scope is answered 403
    here (RFC 6750 §3.1).
    """

    def __init__(self, bearers: Bearers) -> None:
        self._bearers = bearers

    async def __call__(self, request: web.Request, scope: str | None = None) -> Account | None:
        """The account behind the token; `scope` is `read` for GET and HEAD and `write` otherwise, unless given."""
        bearer = await self.bearer(request)
        if bearer is None or bearer.account is None:
            return None
        require_scope(bearer, scope or ("read" if request.method in ("GET", "HEAD") else "write"))
        return bearer.account

    async def bearer(self, request: web.Request) -> Bearer | None:
        """Who is behind the token, whatever its scopes; None without a valid token."""
        return await self._bearers.find(presented_token(request))


def require_scope(bearer: Bearer, scope: str) -> None:
    """Raises HTTPForbidden (RFC 6750 `insufficient_scope`) when the token doesn't allow `scope`."""
    if not covers(bearer.scopes, scope):
        raise web.HTTPForbidden(
            reason=f"The access token lacks the scope {scope}",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
        )
