"""List: of accounts, as its owner filled it, or what is posted in a community."""

from typing import Any

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


def community_list_entity(row: Any) -> Json:
    """A community as the list that a member finds among their own: its id is the community's."""
    return {
        "id": str(row.key),
        "title": row.display_name or row.username,
        "replies_policy": "none",
        "exclusive": False,
    }
