"""What the apps of a person should know of their habits (Mastodon 4.5 `Preferences`)."""

from marshmallow import fields

from api.answers.fields import Entity


class PreferencesEntity(Entity):
    """Preferences; the names of its keys have colons."""

    visibility = fields.String(required=True, data_key="posting:default:visibility")
    local_only = fields.Boolean(required=True, data_key="posting:default:local_only")
    sensitive = fields.Boolean(required=True, data_key="posting:default:sensitive")
    language = fields.String(required=True, allow_none=True, data_key="posting:default:language")
    quote_policy = fields.String(required=True, data_key="posting:default:quote_policy")
    expand_media = fields.String(required=True, data_key="reading:expand:media")
    expand_spoilers = fields.Boolean(required=True, data_key="reading:expand:spoilers")
    autoplay_gifs = fields.Boolean(required=True, data_key="reading:autoplay:gifs")
