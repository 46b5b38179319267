"""Browser sessions: a random cookie whose SHA-256 is in the database, 30 days from the last day of use.

The cookie is 256 random bits, `HttpOnly`, `SameSite=Lax`, and with https `Secure` under a `__Host-` name, which no
subdomain can set. A session ends when it is signed out of, expires, or its user is suspended. It is made anew at every
sign-in, so a cookie that somebody planted before is worth nothing after.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, or_, select, update

from federation.services import Services
from models import UnitOfWork
from models.accounts import Account, User
from models.feeds import Notification
from models.oauth import Session

LIFETIME = timedelta(days=30)
RENEWED_AFTER = timedelta(days=1)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who sits in front of the browser. `token` is the cookie, `unread` the number of unread notifications."""

    token: str
    session_id: int
    user_id: int
    locale: str
    account: Account
    unread: int
    must_renew: bool


class Sessions:
    """The sessions of one office."""

    def __init__(self, services: Services) -> None:
        self._database = services.database
        self._clock = services.clock

    async def find(self, token: str | None) -> SignedIn | None:
        """Whose session this is; one query, none for what can't be a token."""
        if not is_token(token):
            return None
        unread = (
            select(func.count(Notification.id))
            .where(Notification.account_id == User.account_id, Notification.read_at.is_(None))
            .scalar_subquery()
        )
        now = self._clock()
        query = (
            select(Session, User, Account, unread)
            .join(User, User.id == Session.user_id)
            .join(Account, Account.id == User.account_id)
            .where(Session.token_hash == hash_of(token), Session.expires_at > now, User.disabled_at.is_(None))
            .where(Account.suspended_at.is_(None), Account.gone_at.is_(None))
        )
        async with self._database.reading() as session:
            row = (await session.execute(query)).first()
        if row is None:
            return None
        stored, user, account, count = row
        must_renew = stored.expires_at - now < LIFETIME - RENEWED_AFTER
        return SignedIn(str(token), stored.id, user.id, user.locale, account, count, must_renew)

    async def start(self, unit: UnitOfWork, user: User, *, replacing: str | None) -> str:
        """A new session, instead of the one whose cookie the browser had; returns the cookie."""
        token = secrets.token_urlsafe(32)
        ended = [Session.token_hash == hash_of(replacing)] if is_token(replacing) else []
        await unit.session.execute(
            delete(Session).where(or_(*ended, (Session.user_id == user.id) & (Session.expires_at <= unit.now)))
        )
        unit.session.add(
            Session(
                id=unit.new_id(),
                user_id=user.id,
                token_hash=hash_of(token),
                created_at=unit.now,
                expires_at=unit.now + LIFETIME,
            )
        )
        user.last_seen_at = unit.now
        return token

    async def renew(self, signed_in: SignedIn) -> None:
        """Let a session that is in use last longer; at most once a day."""
        async with self._database.unit_of_work() as unit:
            await unit.session.execute(
                update(Session)
                .where(Session.id == signed_in.session_id, Session.expires_at > unit.now)
                .values(expires_at=unit.now + LIFETIME)
            )
            await unit.session.execute(update(User).where(User.id == signed_in.user_id).values(last_seen_at=unit.now))

    async def end(self, signed_in: SignedIn) -> None:
        """Sign out."""
        async with self._database.unit_of_work() as unit:
            await unit.session.execute(delete(Session).where(Session.id == signed_in.session_id))


def is_token(token: str | None) -> bool:
    """Whether a cookie has the shape of one of ours."""
    return token is not None and _TOKEN.fullmatch(token) is not None


def hash_of(token: str | None) -> str:
    """What is stored of a cookie."""
    return hashlib.sha256((token or "").encode()).hexdigest()
