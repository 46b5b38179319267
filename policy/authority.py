"""Who may change what: the only place that decides it.

The rule behind all of them (FEP-fe34): a server speaks for the URIs of its own origin and for no others, and within an
origin an actor speaks only for what is its own. Moderators of a community may remove what was posted there.
"""

from models.accounts import Account
from models.statuses import Status
from models.visibility import Visibility

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def may_edit(actor: Account, status: Status) -> bool:
    """Only the author edits; a boost has nothing to edit."""
    return status.account_id == actor.id and not status.is_boost


def may_delete(actor: Account, status: Status) -> bool:
    """The author deletes; so does the community that the status was posted in, for its own readers (FEP-1b12)."""
    return status.account_id == actor.id or (actor.is_group and status.group_id == actor.id)


def may_boost(actor: Account, status: Status) -> bool:
    """What is public may be boosted by anyone who sees it, what is private only by its author (and stays private)."""
    if status.is_boost:
        return False
    visibility = Visibility(status.visibility)
    if visibility is Visibility.PRIVATE and status.group_id is not None:
        return actor.id == status.group_id  # what is for the members is passed on by their community alone
    return visibility.is_public or (visibility is Visibility.PRIVATE and status.account_id == actor.id)


def may_quote(actor: Account, status: Status, author: Account, *, is_follower: bool) -> bool:
    """What the author's `canQuote` policy approves by itself (FEP-044f); without one, whatever is public."""
    if status.account_id == actor.id:
        return True
    if not Visibility(status.visibility).is_public:
        return False
    if status.interaction_policy is None:
        return True
    approved = status.interaction_policy.get("automatic", ())
    return PUBLIC in approved or actor.uri in approved or (is_follower and author.followers_url in approved)


def may_be_passed_on(activity_type: str, actor_uri: str, object_uri: str | None) -> bool:
    """What somebody else may bring when it proves itself (ActivityPub §7.1.2): what was said to the public.

    Relations between two accounts are made by those two alone, and a profile or key is news only from its owner: a
    proof doesn't say that it is the last word (J11).
    """
    is_profile = activity_type == "Update" and object_uri == actor_uri
    return activity_type in PASSED_ON_BY_OTHERS and not is_profile


PASSED_ON_BY_OTHERS = frozenset({"Create", "Update", "Delete", "Announce", "Like", "EmojiReact", "Invite", "Undo"})
PASSES_WHEN_SUSPENDED = frozenset({"Delete", "Undo", "Reject"})
