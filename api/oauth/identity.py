"""Who has signed in, and what this server can do: `/oauth/userinfo` and the metadata of RFC 8414."""

from typing import Final

from access.scopes import SCOPES
from api.call import Call, Json
from api.endpoints import Access, Endpoint
from api.entities.account import account_entity
from api.errors import NotFound
from api.oauth.tokens import GRANTS
from models.accounts import Account

UI_LANGUAGES: Final = ("en", "es")


async def get_userinfo(call: Call) -> Json:
    """Tell an application who signed in."""
    return await _userinfo(call)


async def post_userinfo(call: Call) -> Json:
    """The same by POST, as OpenID Connect wants it possible."""
    return await _userinfo(call)


async def _userinfo(call: Call) -> Json:
    async with call.database.reading() as session:
        account = await session.get(Account, call.me.id)
    if account is None:
        raise NotFound
    entity = account_entity(account, call.api)
    return {
        "iss": issuer(call),
        "sub": account.uri,
        "name": account.display_name or account.username,
        "preferred_username": account.username,
        "profile": entity["url"],
        "picture": entity["avatar"],
    }


async def get_metadata(call: Call) -> Json:
    """Describe the authorization server (RFC 8414); clients use PKCE when this says so."""
    origin = call.addresses.origin
    return {
        "issuer": issuer(call),
        "authorization_endpoint": f"{origin}/oauth/authorize",
        "token_endpoint": f"{origin}/oauth/token",
        "revocation_endpoint": f"{origin}/oauth/revoke",
        "userinfo_endpoint": f"{origin}/oauth/userinfo",
        "app_registration_endpoint": f"{origin}/api/v1/apps",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "ui_locales_supported": list(UI_LANGUAGES),
        "service_documentation": f"{origin}/api/openapi.json",
    }


def issuer(call: Call) -> str:
    """The name of this server as an authorization server."""
    return f"{call.addresses.origin}/"


ENDPOINTS = (
    Endpoint("GET", "/oauth/userinfo", get_userinfo, scope="profile", returns="UserinfoEntity"),
    Endpoint("POST", "/oauth/userinfo", post_userinfo, scope="profile", returns="UserinfoEntity"),
    Endpoint(
        "GET",
        "/.well-known/oauth-authorization-server",
        get_metadata,
        access=Access.ANYBODY,
        returns="ServerMetadataEntity",
    ),
)
