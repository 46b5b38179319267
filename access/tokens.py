"""Access tokens: made once, stored as hashes, recognised quickly, taken back for good.

`Bearers` keeps what it recognised in memory for a few seconds, or until it hears that access has ended (an event, which
crosses processes): should that be lost, a revoked token works for those seconds, never more. Nothing here knows HTTP.
"""

from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from access.scopes import OFFLINE, check_scopes, covers
from access.secrets import hash_secret, new_secret
from models import Database, UnitOfWork
from models.accounts import Account, ActiveDay, User
from models.base import UtcDateTime
from models.events import Kind
from models.insertion import insert_missing
from models.oauth import AccessToken
from models.values import dataclass

DEFAULT_SCOPES = "read write follow push"
REMEMBERED_SECONDS = 5.0
REMEMBERED_TOKENS = 10_000
EVENTS_KEPT = 2_000
# With a refresh token comes a token that ends; without, one that lasts until it is revoked, as clients expect.
REFRESHED_LIFETIME = timedelta(hours=2)
_USE_NOTED_EVERY = timedelta(hours=1)

_FIND = (
    select(AccessToken, Account, User)
    .outerjoin(User, User.id == AccessToken.user_id)
    .outerjoin(Account, Account.id == User.account_id)
    .where(AccessToken.token_hash == bindparam("token_hash"), AccessToken.revoked_at.is_(None))
    .where(or_(AccessToken.expires_at.is_(None), AccessToken.expires_at > bindparam("now")))
    .where(User.disabled_at.is_(None), Account.suspended_at.is_(None), Account.gone_at.is_(None))
)

_VALID = (
    select(AccessToken.id)
    .join(User, User.id == AccessToken.user_id)
    .join(Account, Account.id == User.account_id)
    .where(AccessToken.id.in_(bindparam("ids", expanding=True)), AccessToken.revoked_at.is_(None))
    .where(or_(AccessToken.expires_at.is_(None), AccessToken.expires_at > bindparam("now", type_=UtcDateTime())))
    .where(User.disabled_at.is_(None), Account.suspended_at.is_(None), Account.gone_at.is_(None))
)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who presented a token, and what it allows; `account`, `user_id` and `role` are None for an application's own.

    `account` is as it was within the last seconds: who needs its present state reads it anew.
    """

    account: Account | None
    user_id: int | None
    scopes: tuple[str, ...]
    token_id: int
    application_id: int | None
    role: str | None

    def allows(self, scope: str) -> bool:
        """Whether the token allows what needs this scope: `write` covers `write:statuses`."""
        return covers(self.scopes, scope)


async def valid_tokens(session: AsyncSession, ids: Collection[int], *, now: datetime) -> set[int]:
    """Which of these tokens still let somebody in: what long connections ask now and then."""
    return set(await session.scalars(_VALID, {"ids": sorted(ids), "now": now}))


class IssuedToken(NamedTuple):
    """A token that was just made: the only time that anybody sees it."""

    row: AccessToken
    token: str
    refresh_token: str | None


def issue_token(
    unit: UnitOfWork,
    scopes: str,
    *,
    user_id: int | None = None,
    application_id: int | None = None,
    code_id: int | None = None,
) -> IssuedToken:
    """A new token; with the scope `offline_access` it ends after two hours and comes with one to renew it."""
    token = new_secret()
    refresh_token = new_secret() if OFFLINE in scopes.split() and user_id is not None else None
    row = AccessToken(
        id=unit.new_id(),
        user_id=user_id,
        application_id=application_id,
        code_id=code_id,
        token_hash=hash_secret(token),
        refresh_hash=None if refresh_token is None else hash_secret(refresh_token),
        scopes=scopes,
        created_at=unit.now,
        expires_at=None if refresh_token is None else unit.now + REFRESHED_LIFETIME,
    )
    unit.session.add(row)
    return IssuedToken(row, token, refresh_token)


def create_token(unit: UnitOfWork, user: User, scopes: str = DEFAULT_SCOPES) -> str:
    """A token for a person without any application: for scripts. Raises ScopesRefused."""
    return issue_token(unit, check_scopes(scopes), user_id=user.id).token


class Bearers:
    """Recognises tokens; one for each server, with its memory of the last seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = database.clock
        self._known: OrderedDict[str, tuple[datetime, Bearer]] = OrderedDict()
        # Taken from when the next token comes: nobody has to wait for events here.
        self._events = database.events.subscribe({Kind.ACCESS_ENDED}, most=EVENTS_KEPT)
        self._missed = 0

    async def find(self, token: str | None) -> Bearer | None:
        """Who is behind a token; None for one that is unknown, ended, revoked or of somebody suspended."""
        if not token:
            return None
        token_hash = hash_secret(token)
        return self.recognised(token_hash) or await self._find(token_hash)

    def recognised(self, token_hash: str) -> Bearer | None:
        """Who is behind a token that was found within the last seconds and hasn't ended since, without asking anew."""
        self._forget_ended()
        return self._remembered(token_hash)

    def forget(self, *, token_id: int | None = None, user_id: int | None = None, account_id: int | None = None) -> None:
        """Look anew at the next use of a token, or of all of a person: what is known of them has changed."""
        for token_hash, (_, bearer) in list(self._known.items()):
            is_theirs = bearer.account is not None and (bearer.user_id == user_id or bearer.account.id == account_id)
            if is_theirs or bearer.token_id == token_id:
                del self._known[token_hash]

    def _forget_ended(self) -> None:
        """Act on what was revoked or suspended, here or in another process; look at all anew when some was missed."""
        for event in self._events.take():
            self.forget(token_id=event.subject_id or None, account_id=event.account_id or None)
        if self._events.missed != self._missed:
            self._missed = self._events.missed
            self._known.clear()

    def _remembered(self, token_hash: str) -> Bearer | None:
        found = self._known.get(token_hash)
        if found is None or found[0] <= self._clock():
            self._known.pop(token_hash, None)
            return None
        return found[1]

    async def _find(self, token_hash: str) -> Bearer | None:
        now = self._clock()
        async with self._database.reading() as session:
            row = (await session.execute(_FIND, {"token_hash": token_hash, "now": now})).first()
        if row is None:
            return None
        stored, account, user = row
        if stored.user_id is not None and account is None:
            return None
        bearer = Bearer(
            account=account,
            user_id=stored.user_id,
            scopes=tuple(stored.scopes.split()),
            token_id=stored.id,
            application_id=stored.application_id,
            role=None if user is None else user.role,
        )
        self._known[token_hash] = (now + timedelta(seconds=REMEMBERED_SECONDS), bearer)
        if len(self._known) > REMEMBERED_TOKENS:
            self._known.popitem(last=False)
        if _is_worth_noting(stored.last_used_at, now):
            await self._note_use(stored)
        return bearer

    async def _note_use(self, stored: AccessToken) -> None:
        async with self._database.unit_of_work() as unit:
            await unit.session.execute(
                update(AccessToken).where(AccessToken.id == stored.id).values(last_used_at=unit.now)
            )
            if stored.user_id is not None:
                await note_presence(unit, stored.user_id)


async def note_presence(unit: UnitOfWork, user_id: int) -> None:
    """Somebody of this office is here today: what activity and retention are counted from."""
    await unit.session.execute(update(User).where(User.id == user_id).values(last_seen_at=unit.now))
    await insert_missing(unit.session, ActiveDay, [{"day": unit.now.date(), "user_id": user_id}])


def _is_worth_noting(before: datetime | None, now: datetime) -> bool:
    """Once an hour, and once more on a new day."""
    return before is None or now - before >= _USE_NOTED_EVERY or before.date() != now.date()
