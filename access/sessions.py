"""Browser sessions: a random cookie whose SHA-256 is in the database, 30 days from the last day of use.

The cookie is 256 random bits, `HttpOnly`, `SameSite=Lax`, and with https `Secure` under a `__Host-` name, which no
subdomain can set. A session ends when it is signed out of, is ended from another browser, expires, or its user is
suspended. It is made anew at every sign-in, so a cookie that somebody planted before is worth nothing after.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, or_, select, update

from access.secrets import hash_secret, is_secret, new_secret
from access.tokens import note_presence
from models import Database, UnitOfWork
from models.accounts import Account, User
from models.feeds import Notification
from models.oauth import Session
from models.values import dataclass

LIFETIME = timedelta(days=30)
RENEWED_AFTER = timedelta(days=1)
SEEN_NOTED_EVERY = timedelta(hours=1)
MAX_AGENT_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who sits in front of the browser. `token` is the cookie, `unread` the number of unread notifications.

    `must_renew`: the cookie is a day old and lasts 30 more from now; `must_note`: an hour went by since the last time.
    """

    token: str
    session_id: int
    user_id: int
    locale: str
    account: Account
    role: str
    unread: int
    must_renew: bool
    must_note: bool


class Sessions:
    """The sessions of one office."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = database.clock

    async def find(self, token: str | None) -> SignedIn | None:
        """Whose session this is; one query, none for what can't be a token."""
        if token is None or not is_secret(token):
            return None
        unread = (
            select(func.count(Notification.id))
            .where(
                Notification.account_id == User.account_id,
                Notification.read_at.is_(None),
                Notification.is_filtered.is_(False),
            )
            .scalar_subquery()
        )
        now = self._clock()
        query = (
            select(Session, User, Account, unread)
            .join(User, User.id == Session.user_id)
            .join(Account, Account.id == User.account_id)
            .where(Session.token_hash == hash_secret(token), Session.expires_at > now, User.disabled_at.is_(None))
            .where(Account.suspended_at.is_(None), Account.gone_at.is_(None))
        )
        async with self._database.reading() as session:
            row = (await session.execute(query)).first()
        if row is None:
            return None
        stored, user, account, count = row
        must_renew = stored.expires_at - now < LIFETIME - RENEWED_AFTER
        must_note = must_renew or stored.last_seen_at is None or now - stored.last_seen_at >= SEEN_NOTED_EVERY
        return SignedIn(token, stored.id, user.id, user.locale, account, user.role, count, must_renew, must_note)

    async def start(self, unit: UnitOfWork, user: User, *, replacing: str | None, user_agent: str = "") -> str:
        """A new session, instead of the one whose cookie the browser had; returns the cookie."""
        token = new_secret()
        ended = [Session.token_hash == hash_secret(replacing)] if replacing is not None and is_secret(replacing) else []
        await unit.session.execute(
            delete(Session).where(or_(*ended, (Session.user_id == user.id) & (Session.expires_at <= unit.now)))
        )
        unit.session.add(
            Session(
                id=unit.new_id(),
                user_id=user.id,
                token_hash=hash_secret(token),
                user_agent=_printable(user_agent),
                created_at=unit.now,
                last_seen_at=unit.now,
                expires_at=unit.now + LIFETIME,
            )
        )
        user.last_seen_at = unit.now
        await unit.session.flush()
        await note_presence(unit, user.id)
        return token

    async def note(self, signed_in: SignedIn) -> None:
        """Say that a session is in use, at most once an hour; it lasts longer then, which the cookie learns daily."""
        values = {"last_seen_at": self._clock()}
        if signed_in.must_renew:
            values["expires_at"] = self._clock() + LIFETIME
        async with self._database.unit_of_work() as unit:
            await unit.session.execute(
                update(Session)
                .where(Session.id == signed_in.session_id, Session.expires_at > unit.now)
                .values(**values)
            )
            await note_presence(unit, signed_in.user_id)

    async def of_user(self, user_id: int) -> Sequence[Session]:
        """A person's sessions that are still good, the one used last first."""
        query = (
            select(Session)
            .where(Session.user_id == user_id, Session.expires_at > self._clock())
            .order_by(Session.last_seen_at.is_(None), Session.last_seen_at.desc(), Session.id.desc())
            .limit(200)
        )
        async with self._database.reading() as session:
            return (await session.scalars(query)).all()

    async def end(self, signed_in: SignedIn) -> None:
        """Sign out."""
        await self.end_one(signed_in.user_id, signed_in.session_id)

    async def end_one(self, user_id: int, session_id: int) -> None:
        """End a session of this person; somebody else's stays."""
        async with self._database.unit_of_work() as unit:
            await unit.session.execute(delete(Session).where(Session.id == session_id, Session.user_id == user_id))

    async def end_others(self, signed_in: SignedIn) -> None:
        """End all of this person's sessions but the present one."""
        async with self._database.unit_of_work() as unit:
            await unit.session.execute(
                delete(Session).where(Session.user_id == signed_in.user_id, Session.id != signed_in.session_id)
            )


def _printable(text: str) -> str:
    """A browser's own words without what can't be stored or shown."""
    return "".join(character for character in text[:MAX_AGENT_CHARACTERS] if character.isprintable())
