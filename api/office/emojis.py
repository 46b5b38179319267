"""Custom emoji: the small pictures of this office, for the picker of clients."""

from api.call import Call, Json
from api.endpoints import Access, Endpoint, many
from api.entities.announcement import emoji_entity
from social.emojis import load_emojis


async def get_custom_emojis(call: Call) -> list[Json]:
    """All custom emoji of this office, by category and shortcode."""
    async with call.database.reading() as session:
        return [emoji_entity(emoji, call.addresses) for emoji in await load_emojis(session) if emoji.is_visible]


ENDPOINTS = (
    Endpoint("GET", "/api/v1/custom_emojis", get_custom_emojis, Access.ANYBODY, returns=many("EmojiEntity")),
)  # fmt: skip
