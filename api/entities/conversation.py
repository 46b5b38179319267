"""Conversation."""

from api.call import Json
from models.feeds import Conversation


def conversation_entity(conversation: Conversation, accounts: list[Json], last_status: Json) -> Json:
    """A conversation as one participant sees it; `accounts` are the others."""
    return {
        "id": str(conversation.id),
        "unread": conversation.is_unread,
        "accounts": accounts,
        "last_status": last_status,
    }
