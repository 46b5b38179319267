"""Account and what is inside it (Mastodon 4.5)."""

from marshmallow import fields

from api.answers.fields import Address, DateString, Entity, IdString, Timestamp, list_of, nullable, required


class EmojiEntity(Entity):
    """CustomEmoji."""

    shortcode = required(fields.String)
    url = required(Address)
    static_url = required(Address)
    visible_in_picker = required(fields.Boolean)
    category = nullable(fields.String)


class FieldEntity(Entity):
    """Account.fields[]."""

    name = required(fields.String)
    value = required(fields.String)
    verified_at = nullable(Timestamp)


class RoleEntity(Entity):
    """Role: `permissions` is a decimal number in a string."""

    id = required(fields.String)
    name = required(fields.String)
    permissions = required(fields.String)
    color = required(fields.String)
    highlighted = required(fields.Boolean)


class AccountRoleEntity(Entity):
    """Account.roles[]: the part of a role that everybody sees."""

    id = required(fields.String)
    name = required(fields.String)
    color = required(fields.String)


class AccountEntity(Entity):
    """Account."""

    id = required(IdString)
    username = required(fields.String)
    acct = required(fields.String)
    display_name = required(fields.String)
    locked = required(fields.Boolean)
    bot = required(fields.Boolean)
    discoverable = required(fields.Boolean)
    indexable = required(fields.Boolean)
    group = required(fields.Boolean)
    created_at = required(Timestamp)
    note = required(fields.String)
    url = required(Address)
    uri = required(Address)
    avatar = required(Address)
    avatar_static = required(Address)
    avatar_description = required(fields.String)
    header = required(Address)
    header_static = required(Address)
    header_description = required(fields.String)
    followers_count = required(fields.Integer)
    following_count = required(fields.Integer)
    statuses_count = required(fields.Integer)
    last_status_at = nullable(DateString)
    hide_collections = required(fields.Boolean)
    noindex = required(fields.Boolean)
    emojis = list_of(EmojiEntity)
    roles = list_of(AccountRoleEntity)
    fields_ = fields.List(fields.Nested(FieldEntity), required=True, data_key="fields")
    suspended = fields.Boolean()
    limited = fields.Boolean()
    memorial = fields.Boolean()
    moved = fields.Nested(lambda: AccountEntity())


class MutedAccountEntity(AccountEntity):
    """An account in the list of mutes."""

    mute_expires_at = nullable(Timestamp)
