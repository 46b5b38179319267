"""What the apps of a person should know of their habits."""

from marshmallow import fields

from api.call import Call, Json
from api.endpoints import Endpoint
from api.schemas.fields import Entity
from models.accounts import User
from social.preferences import preferences_of


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


async def get_preferences(call: Call) -> Json:
    """View user preferences."""
    async with call.database.reading() as session:
        chosen = preferences_of(await session.get_one(User, call.user_id))
    return {
        "posting:default:visibility": chosen.visibility_for(is_locked=call.me.is_locked),
        "posting:default:local_only": chosen.is_local_only,
        "posting:default:sensitive": chosen.is_sensitive,
        "posting:default:language": chosen.language,
        "posting:default:quote_policy": chosen.quote_policy,
        "reading:expand:media": chosen.expand_media,
        "reading:expand:spoilers": chosen.expand_spoilers,
        "reading:autoplay:gifs": chosen.autoplay_gifs,
    }


ENDPOINTS = (
    Endpoint("GET", "/api/v1/preferences", get_preferences, scope="read:accounts", returns=PreferencesEntity),
)  # fmt: skip
