"""Applications, tokens, and what an authorisation server says about itself (RFC 6749, 8414; Mastodon 4.5)."""

from marshmallow import fields

from api.answers.fields import Address, Entity, IdString, list_of, nullable, required


class ApplicationEntity(Entity):
    """An application as its own token sees it."""

    id = required(IdString)
    name = required(fields.String)
    website = nullable(fields.String)
    scopes = list_of(fields.String())
    redirect_uri = required(fields.String)
    redirect_uris = list_of(fields.String())
    vapid_key = required(fields.String)


class CredentialApplicationEntity(ApplicationEntity):
    """The answer to a registration: the only time that the secret is shown."""

    client_id = required(fields.String)
    client_secret = required(fields.String)
    client_secret_expires_at = required(fields.Integer)


class TokenEntity(Entity):
    """An access token; the last two where the scope `offline_access` was granted."""

    access_token = required(fields.String)
    token_type = required(fields.String)
    scope = required(fields.String)
    created_at = required(fields.Integer)
    expires_in = fields.Integer()
    refresh_token = fields.String()


class UserinfoEntity(Entity):
    """Who has signed in (OpenID Connect's claims, as Mastodon 4.4 has them)."""

    iss = required(Address)
    sub = required(Address)
    name = required(fields.String)
    preferred_username = required(fields.String)
    profile = required(Address)
    picture = required(Address)


class ServerMetadataEntity(Entity):
    """RFC 8414."""

    issuer = required(Address)
    authorization_endpoint = required(Address)
    token_endpoint = required(Address)
    revocation_endpoint = required(Address)
    userinfo_endpoint = required(Address)
    app_registration_endpoint = required(Address)
    scopes_supported = list_of(fields.String())
    response_types_supported = list_of(fields.String())
    response_modes_supported = list_of(fields.String())
    grant_types_supported = list_of(fields.String())
    token_endpoint_auth_methods_supported = list_of(fields.String())
    code_challenge_methods_supported = list_of(fields.String())
    ui_locales_supported = list_of(fields.String())
    service_documentation = required(Address)
