"""What people have granted: which applications act in their name, renewed, listed, and taken back.

A token that is taken back takes its push subscription with it. Tokens of one code are a family: of a refresh token
that is used twice, one of the two users is a thief, and the whole family ends (RFC 9700 §4.14.2).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from access.scopes import covers_all
from access.secrets import hash_secret
from models import UnitOfWork
from models.events import Event, Kind
from models.oauth import AccessToken, Application, AuthorizationCode, PushSubscription
from models.values import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """An application that acts in somebody's name; without one (`application` None) a token for a script."""

    application: Application | None
    token_id: int
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None


async def has_consented(session: AsyncSession, user_id: int, application_id: int, scopes: str, now: datetime) -> bool:
    """Whether this application acts in this person's name already, with all of these scopes."""
    rows = await session.scalars(
        select(AccessToken.scopes).where(
            AccessToken.user_id == user_id, AccessToken.application_id == application_id, _is_live(now)
        )
    )
    return any(covers_all(granted.split(), scopes.split()) for granted in rows)


async def list_grants(session: AsyncSession, user_id: int, now: datetime) -> list[Grant]:
    """The applications of a person with all that they may do, the latest first; each script's token on its own."""
    rows = await session.execute(
        select(AccessToken, Application)
        .outerjoin(Application, Application.id == AccessToken.application_id)
        .where(AccessToken.user_id == user_id, _is_live(now))
        .order_by(AccessToken.id.desc())
        .limit(1_000)
    )
    grants: dict[tuple[int | None, int], Grant] = {}
    for token, application in rows:
        key = (token.application_id, 0 if application is not None else token.id)
        found = grants.get(key)
        scopes = tuple(token.scopes.split())
        if found is None:
            grants[key] = Grant(application, token.id, scopes, token.created_at, token.last_used_at)
        else:
            merged = tuple(dict.fromkeys((*found.scopes, *scopes)))
            uses = [at for at in (found.last_used_at, token.last_used_at) if at is not None]
            grants[key] = Grant(application, found.token_id, merged, token.created_at, max(uses, default=None))
    return list(grants.values())


async def revoke_application(unit: UnitOfWork, user_id: int, application_id: int) -> int:
    """End everything that an application may do in a person's name; codes on their way too. How many tokens ended."""
    await unit.session.execute(
        update(AuthorizationCode)
        .where(AuthorizationCode.user_id == user_id, AuthorizationCode.application_id == application_id)
        .where(AuthorizationCode.used_at.is_(None))
        .values(expires_at=unit.now)
    )
    return await _revoke(unit, (AccessToken.user_id == user_id) & (AccessToken.application_id == application_id))


async def revoke_token(unit: UnitOfWork, token_id: int, *, user_id: int | None = None) -> bool:
    """End one token, of this person where one is named; whether there was one to end."""
    mine = AccessToken.id == token_id
    return bool(await _revoke(unit, mine if user_id is None else mine & (AccessToken.user_id == user_id)))


async def revoke_family(unit: UnitOfWork, code_id: int) -> None:
    """End every token that came of a code."""
    await _revoke(unit, AccessToken.code_id == code_id)


async def find_token(session: AsyncSession, token: str) -> AccessToken | None:
    """The row of an access token or of a refresh token, revoked ones among them."""
    token_hash = hash_secret(token)
    query = select(AccessToken).where(or_(AccessToken.token_hash == token_hash, AccessToken.refresh_hash == token_hash))
    return (await session.scalars(query)).first()


async def _revoke(unit: UnitOfWork, which: ColumnElement[bool]) -> int:
    await unit.session.flush()
    ended: Sequence[int] = (
        await unit.session.scalars(
            update(AccessToken)
            .where(which, AccessToken.revoked_at.is_(None))
            .values(revoked_at=unit.now)
            .returning(AccessToken.id)
            .execution_options(synchronize_session=False)
        )
    ).all()
    if ended:
        await unit.session.execute(delete(PushSubscription).where(PushSubscription.token_id.in_(ended)))
    for token_id in ended:
        unit.emit(Event(Kind.ACCESS_ENDED, token_id))
    return len(ended)


def _is_live(now: datetime) -> ColumnElement[bool]:
    """Neither revoked nor ended for good: a token that can be renewed is alive."""
    return AccessToken.revoked_at.is_(None) & or_(
        AccessToken.expires_at.is_(None), AccessToken.expires_at > now, AccessToken.refresh_hash.is_not(None)
    )
