"""What the apps of a person should know of their habits."""

from api.call import Call, Json
from api.endpoints import Endpoint
from models.accounts import User
from social.preferences import preferences_of


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
    Endpoint("GET", "/api/v1/preferences", get_preferences, scope="read:accounts", returns="PreferencesEntity"),
)  # fmt: skip
