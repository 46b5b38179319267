"""`POST /oauth/token` and `POST /oauth/revoke` (RFC 6749, RFC 7009)."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from access.codes import GrantRefused, redeem_code
from access.grants import find_token, revoke_token
from access.refresh import refresh
from access.scopes import ScopesRefused, restrict
from access.tokens import IssuedToken, issue_token
from api.call import Call, Json
from api.endpoints import Access, Endpoint
from api.oauth.clients import client_of, presented
from api.oauth.errors import OAuthError, bad_request
from api.schemas.oauth import RevocationArgs, TokenArgs
from api.serving import Reply
from models.oauth import Application

_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


async def create_token(call: Call) -> Reply:
    """Obtain a token for an authorization code, a refresh token, or in the application's own name."""
    grant = GRANTS.get(call.args["grant_type"])
    if grant is None:
        raise _no_such_grant(call.args["grant_type"])
    application = await client_of(call)
    try:
        issued = await grant(call, application)
    except GrantRefused as refused:
        raise bad_request("invalid_grant", str(refused)) from None
    except ScopesRefused as refused:
        raise bad_request("invalid_scope", str(refused)) from None
    return Reply(token_entity(issued), headers=_NO_STORE)


async def _of_code(call: Call, application: Application) -> IssuedToken:
    code, redirect_uri = call.args["code"], call.args["redirect_uri"]
    if not code:
        raise bad_request("invalid_request", "The parameter code is missing.")
    return await redeem_code(
        call.database, application, code=code, redirect_uri=redirect_uri, verifier=call.args["code_verifier"]
    )


async def _of_refresh_token(call: Call, application: Application) -> IssuedToken:
    if not call.args["refresh_token"]:
        raise bad_request("invalid_request", "The parameter refresh_token is missing.")
    return await refresh(
        call.database, application, refresh_token=call.args["refresh_token"], scopes=call.args["scope"]
    )


async def _of_client(call: Call, application: Application) -> IssuedToken:
    scopes = restrict(call.args["scope"], application.scopes)
    async with call.database.unit_of_work() as unit:
        return issue_token(unit, scopes, application_id=application.id)


Grant = Callable[[Call, Application], Awaitable[IssuedToken]]
GRANTS: Final[Mapping[str, Grant]] = MappingProxyType(
    {"authorization_code": _of_code, "refresh_token": _of_refresh_token, "client_credentials": _of_client}
)


def _no_such_grant(name: str) -> OAuthError:
    if name == "password":
        return bad_request(
            "unsupported_grant_type",
            "Passwords are typed into the sign-in page only: send people to /oauth/authorize, or use a token that the"
            " administrators made.",
        )
    if not name:
        return bad_request("invalid_request", "The parameter grant_type is missing.")
    return bad_request("unsupported_grant_type", f"The grant_type has to be one of {', '.join(GRANTS)}.")


def token_entity(issued: IssuedToken) -> Json:
    """The answer of the token endpoint."""
    row = issued.row
    entity: Json = {
        "access_token": issued.token,
        "token_type": "Bearer",
        "scope": row.scopes,
        "created_at": int(row.created_at.timestamp()),
    }
    if row.expires_at is not None and issued.refresh_token is not None:
        entity["expires_in"] = int((row.expires_at - row.created_at).total_seconds())
        entity["refresh_token"] = issued.refresh_token
    return entity


async def revoke(call: Call) -> Json:
    """Revoke a token of the asking application; one that is unknown is as good as revoked."""
    try:
        application = await client_of(call)
    except OAuthError as refused:
        if refused.status == 401 and not presented(call).is_header:
            raise _not_yours() from None
        raise
    async with call.database.reading() as session:
        token = await find_token(session, call.args["token"])
    if token is None:
        return {}
    if token.application_id != application.id:
        raise _not_yours()
    async with call.database.unit_of_work() as unit:
        await revoke_token(unit, token.id)
    return {}


def _not_yours() -> OAuthError:
    # 403 as Mastodon answers: clients look for it.
    return OAuthError(403, "unauthorized_client", "You are not authorized to revoke this token")


ENDPOINTS = (
    Endpoint("POST", "/oauth/token", create_token, access=Access.ANYBODY, args=TokenArgs, returns="TokenEntity"),
    Endpoint("POST", "/oauth/revoke", revoke, access=Access.ANYBODY, args=RevocationArgs),
)
