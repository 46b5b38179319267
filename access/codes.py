"""Authorization codes: a person's consent on its way to becoming a token (RFC 6749 §4.1, RFC 7636).

A code lives ten minutes and is worth one token, for the application, the redirect address and the verifier that it was
asked with. Presented a second time it takes the token of the first time with it: one of the two was a thief.
"""

import base64
import hashlib
import hmac
import re
from datetime import timedelta
from typing import Final

from sqlalchemy import select, update

from access.grants import revoke_family
from access.secrets import hash_secret, new_secret
from access.tokens import IssuedToken, issue_token
from models import Database, UnitOfWork
from models.accounts import Account, User
from models.oauth import Application, AuthorizationCode

LIFETIME: Final = timedelta(minutes=10)
CHALLENGE_METHOD: Final = "S256"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class GrantRefused(Exception):
    """What was presented is worth no token (`invalid_grant`); the message says why."""


class ChallengeRefused(Exception):
    """A code challenge that proves nothing (`invalid_request`); the message says why."""


def check_challenge(challenge: str, method: str) -> str | None:
    """The challenge to store; None where the application doesn't use PKCE. Raises ChallengeRefused."""
    if not challenge and not method:
        return None
    if method != CHALLENGE_METHOD:
        raise ChallengeRefused("The code_challenge_method has to be S256.")
    if not _CHALLENGE.fullmatch(challenge):
        raise ChallengeRefused("The code_challenge is no base64url of a SHA-256.")
    return challenge


def issue_code(
    unit: UnitOfWork, application: Application, *, user_id: int, redirect_uri: str, scopes: str, challenge: str | None
) -> str:
    """A code for what a person has consented to."""
    code = new_secret()
    unit.session.add(
        AuthorizationCode(
            id=unit.new_id(),
            application_id=application.id,
            user_id=user_id,
            code_hash=hash_secret(code),
            redirect_uri=redirect_uri,
            scopes=scopes,
            code_challenge=challenge,
            created_at=unit.now,
            expires_at=unit.now + LIFETIME,
        )
    )
    return code


async def redeem_code(
    database: Database, application: Application, *, code: str, redirect_uri: str, verifier: str
) -> IssuedToken:
    """The token for a code. Raises GrantRefused; what a replay takes back is committed before."""
    async with database.unit_of_work() as unit:
        issued = await _redeem(unit, application, code=code, redirect_uri=redirect_uri, verifier=verifier)
    if isinstance(issued, GrantRefused):
        raise issued
    return issued


async def _redeem(
    unit: UnitOfWork, application: Application, *, code: str, redirect_uri: str, verifier: str
) -> IssuedToken | GrantRefused:
    query = (
        select(AuthorizationCode)
        .join(User, User.id == AuthorizationCode.user_id)
        .join(Account, Account.id == User.account_id)
        .where(AuthorizationCode.code_hash == hash_secret(code))
        .where(AuthorizationCode.application_id == application.id, User.disabled_at.is_(None))
        .where(Account.suspended_at.is_(None), Account.gone_at.is_(None))
    )
    stored = (await unit.session.scalars(query)).first()
    if stored is None or stored.expires_at <= unit.now:
        return GrantRefused("The code is unknown or has expired, or another application asked for it.")
    if stored.redirect_uri != redirect_uri:
        return GrantRefused("The redirect_uri is not the one that the code was asked with.")
    if not _is_proven(stored.code_challenge, verifier):
        return GrantRefused("The code_verifier is missing or doesn't match the challenge.")
    # The condition decides between two that come at once: one of them waits for the other's commit.
    used = await unit.session.execute(
        update(AuthorizationCode)
        .where(AuthorizationCode.id == stored.id, AuthorizationCode.used_at.is_(None))
        .values(used_at=unit.now)
        .returning(AuthorizationCode.id)
        .execution_options(synchronize_session=False)
    )
    if used.first() is None:
        await revoke_family(unit, stored.id)
        return GrantRefused("The code was used before; what came of it has been revoked.")
    return issue_token(unit, stored.scopes, user_id=stored.user_id, application_id=application.id, code_id=stored.id)


def _is_proven(challenge: str | None, verifier: str) -> bool:
    """Whether the verifier belongs to the challenge; one that nobody asked for is an error, too (RFC 9700 §2.1.1)."""
    if challenge is None:
        return not verifier
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)
