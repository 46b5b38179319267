"""Access tokens: made once, stored as hashes, recognised in the `Authorization` header (RFC 6750).

A token is 256 random bits, so its SHA-256 can't be reversed or guessed and needs no salt. What is recognised is kept
in memory for a few seconds: a revoked token, or a suspended account, works that much longer, never more.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web
from sqlalchemy import select, update

from federation.services import Services
from models import UnitOfWork
from models.accounts import Account, User
from models.oauth import AccessToken

SCOPES = ("read", "write", "follow", "push")
DEFAULT_SCOPES = "read write follow push"
REMEMBERED_SECONDS = 5.0
REMEMBERED_TOKENS = 10_000
_USE_NOTED_EVERY = timedelta(hours=1)
_PREFIX = "bearer "


class ScopesRefused(Exception):
    """Scopes that don't exist; the message names them."""


def check_scopes(text: str) -> str:
    """Scopes in a stable order, separated by single spaces; `write:statuses` counts as such. Raises ScopesRefused."""
    named = list(dict.fromkeys(text.split()))
    unknown = [name for name in named if name.partition(":")[0] not in (*SCOPES, "admin")]
    if unknown or not named:
        listed = ", ".join(unknown) or "nothing"
        raise ScopesRefused(f"{listed} is no scope: choose among {', '.join(SCOPES)}, and parts such as read:statuses.")
    return " ".join(named)


def has_scope(granted: Iterable[str], wanted: str) -> bool:
    """Whether a token with these scopes may do what needs `wanted`: `write` covers `write:statuses`."""
    return any(scope in (wanted, wanted.partition(":")[0]) for scope in granted)


def hash_token(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def create_token(unit: UnitOfWork, user: User, scopes: str = DEFAULT_SCOPES) -> str:
    """A new token for a user; this is the only time that anybody sees it. Raises ScopesRefused."""
    token = secrets.token_urlsafe(32)
    unit.session.add(
        AccessToken(
            id=unit.new_id(),
            user_id=user.id,
            token_hash=hash_token(token),
            scopes=check_scopes(scopes),
            created_at=unit.now,
        )
    )
    return token


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who presented a token, and what it allows."""

    account: Account
    user_id: int
    scopes: tuple[str, ...]


class BearerTokens:
    """Recognises the bearer token of a request; one for each server, with its memory of the last seconds.

    Called with a request it gives the account, or None when no token was presented, or one that is unknown, revoked or
    of a suspended account: the caller answers 401. A token without the scope is answered 403 here (RFC 6750 §3.1).
    """

    def __init__(self, services: Services) -> None:
        self._database = services.database
        self._clock = services.clock
        self._known: OrderedDict[str, tuple[datetime, Bearer]] = OrderedDict()

    async def __call__(self, request: web.Request, scope: str | None = None) -> Account | None:
        """The account behind the token; `scope` is `read` for GET and HEAD and `write` otherwise, unless given."""
        bearer = await self.bearer(request)
        if bearer is None:
            return None
        require_scope(bearer, scope or ("read" if request.method in ("GET", "HEAD") else "write"))
        return bearer.account

    async def bearer(self, request: web.Request) -> Bearer | None:
        """Who is behind the token, whatever its scopes; None without a valid token."""
        token = presented_token(request)
        if token is None:
            return None
        token_hash = hash_token(token)
        return self._remembered(token_hash) or await self._find(token_hash)

    def _remembered(self, token_hash: str) -> Bearer | None:
        found = self._known.get(token_hash)
        if found is None or found[0] <= self._clock():
            self._known.pop(token_hash, None)
            return None
        return found[1]

    async def _find(self, token_hash: str) -> Bearer | None:
        async with self._database.reading() as session:
            row = (
                await session.execute(
                    select(AccessToken, Account, User)
                    .join(User, User.id == AccessToken.user_id)
                    .join(Account, Account.id == User.account_id)
                    .where(AccessToken.token_hash == token_hash, AccessToken.revoked_at.is_(None))
                    .where(User.disabled_at.is_(None), Account.suspended_at.is_(None), Account.gone_at.is_(None))
                )
            ).first()
        if row is None:
            return None
        stored, account, user = row
        bearer = Bearer(account, user.id, tuple(stored.scopes.split()))
        self._known[token_hash] = (self._clock() + timedelta(seconds=REMEMBERED_SECONDS), bearer)
        if len(self._known) > REMEMBERED_TOKENS:
            self._known.popitem(last=False)
        await self._note_use(stored)
        return bearer

    async def _note_use(self, stored: AccessToken) -> None:
        now = self._clock()
        if stored.last_used_at is not None and now - stored.last_used_at < _USE_NOTED_EVERY:
            return
        async with self._database.unit_of_work() as unit:
            await unit.session.execute(
                update(AccessToken).where(AccessToken.id == stored.id).values(last_used_at=unit.now)
            )


def presented_token(request: web.Request) -> str | None:
    """The bearer token of the `Authorization` header; never one from the query, which ends up in logs."""
    header = request.headers.get("Authorization", "")
    if header[: len(_PREFIX)].lower() != _PREFIX:
        return None
    return header[len(_PREFIX) :].strip()


def require_scope(bearer: Bearer, scope: str) -> None:
    """Raises HTTPForbidden (RFC 6750 `insufficient_scope`) when the token doesn't allow `scope`."""
    if not has_scope(bearer.scopes, scope):
        raise web.HTTPForbidden(
            reason=f"The access token lacks the scope {scope}",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
        )
