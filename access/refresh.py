"""Renewing tokens (RFC 6749 §6): for applications that asked for `offline_access`.

Each renewal gives a new pair and ends the old one. A refresh token that comes a second time ends the whole family.
"""

from typing import Final

from sqlalchemy import select, update

from access.codes import GrantRefused
from access.grants import revoke_family, revoke_token
from access.scopes import OFFLINE, ScopesRefused, restrict
from access.secrets import hash_secret
from access.tokens import IssuedToken, issue_token
from models import Database, UnitOfWork
from models.accounts import Account, User
from models.oauth import AccessToken, Application, PushSubscription

_UNKNOWN: Final = "The refresh token is unknown or revoked, or another application's."


async def refresh(database: Database, application: Application, *, refresh_token: str, scopes: str = "") -> IssuedToken:
    """A new pair for a refresh token, with its scopes or fewer. Raises GrantRefused or ScopesRefused."""
    async with database.unit_of_work() as unit:
        issued = await _refresh(unit, application, refresh_token, scopes)
    if isinstance(issued, Exception):
        raise issued
    return issued


async def _refresh(
    unit: UnitOfWork, application: Application, refresh_token: str, scopes: str
) -> IssuedToken | GrantRefused | ScopesRefused:
    query = (
        select(AccessToken)
        .join(User, User.id == AccessToken.user_id)
        .join(Account, Account.id == User.account_id)
        .where(AccessToken.refresh_hash == hash_secret(refresh_token))
        .where(AccessToken.application_id == application.id, User.disabled_at.is_(None))
        .where(Account.suspended_at.is_(None), Account.gone_at.is_(None))
        .with_for_update(of=AccessToken)
    )
    stored = (await unit.session.scalars(query)).first()
    if stored is None:
        return GrantRefused(_UNKNOWN)
    if stored.revoked_at is not None:
        if stored.code_id is not None:
            await revoke_family(unit, stored.code_id)
        return GrantRefused(_UNKNOWN)
    try:
        granted = restrict(scopes, stored.scopes) if scopes.strip() else stored.scopes
    except ScopesRefused as refused:
        return refused
    if OFFLINE not in granted.split():
        granted = f"{granted} {OFFLINE}"
    issued = issue_token(unit, granted, user_id=stored.user_id, application_id=application.id, code_id=stored.code_id)
    await unit.session.flush()
    # Before the old one ends: what is pushed to it goes on to the new one.
    await unit.session.execute(
        update(PushSubscription).where(PushSubscription.token_id == stored.id).values(token_id=issued.row.id)
    )
    await revoke_token(unit, stored.id)
    return issued
