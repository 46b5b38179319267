"""One's own account: CredentialAccount and Profile."""

from marshmallow import fields, validate

from api.answers.accounts import AccountEntity, RoleEntity
from api.answers.fields import Address, Entity, IdString, list_of, nested, nullable, required


class PlainFieldEntity(Entity):
    """A row of the profile's table as it was typed."""

    name = required(fields.String)
    value = required(fields.String)
    verified_at = nullable(fields.String)


class SourceEntity(Entity):
    """CredentialAccount.source."""

    privacy = fields.String(required=True, validate=validate.OneOf(("public", "unlisted", "private", "direct")))
    local_only = required(fields.Boolean)
    sensitive = required(fields.Boolean)
    language = nullable(fields.String)
    note = required(fields.String)
    fields_ = fields.List(fields.Nested(PlainFieldEntity), required=True, data_key="fields")
    follow_requests_count = required(fields.Integer)
    hide_collections = required(fields.Boolean)
    discoverable = required(fields.Boolean)
    indexable = required(fields.Boolean)
    attribution_domains = list_of(fields.String())
    quote_policy = fields.String(required=True, validate=validate.OneOf(("public", "followers", "nobody")))


class CredentialAccountEntity(AccountEntity):
    """CredentialAccount."""

    source = nested(SourceEntity)
    role = nested(RoleEntity)


class ProfileEntity(Entity):
    """Profile: one's own account as a form shows it."""

    id = required(IdString)
    display_name = required(fields.String)
    note = required(fields.String)
    fields_ = fields.List(fields.Nested(PlainFieldEntity), required=True, data_key="fields")
    avatar = nullable(Address)
    avatar_static = nullable(Address)
    avatar_description = required(fields.String)
    header = nullable(Address)
    header_static = nullable(Address)
    header_description = required(fields.String)
    locked = required(fields.Boolean)
    bot = required(fields.Boolean)
    hide_collections = required(fields.Boolean)
    discoverable = required(fields.Boolean)
    indexable = required(fields.Boolean)
    show_media = required(fields.Boolean)
    show_media_replies = required(fields.Boolean)
    show_featured = required(fields.Boolean)
    attribution_domains = list_of(fields.String())
