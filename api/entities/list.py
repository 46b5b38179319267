"""List."""

from api.call import Json
from models.feeds import AccountList


def list_entity(owned: AccountList) -> Json:
    """A list as its owner sees it."""
    return {
        "id": str(owned.id),
        "title": owned.title,
        "replies_policy": owned.replies_policy,
        "exclusive": owned.is_exclusive,
    }
