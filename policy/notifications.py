"""Who may notify whom, and what waits until it is asked for: the only place that decides it.

Pure: `decide` takes the facts between a recipient and a sender; `social.notifications` gathers them for a whole batch
with one query. The rules, in order:

1. Nobody is told of their own doing, except what the office itself has to say (a poll that ended, a warning, follows
   that were cut).
2. Nothing between accounts of which one has blocked the other, from somebody whose notifications the recipient muted,
   from a domain that the recipient blocked (unless they follow the sender), or in a conversation that they muted.
3. Kinds that somebody causes towards a person can be held back by the recipient's policy; the rest always arrive.
4. A permission (an accepted request) passes every policy.
5. Of the policies that apply the strictest counts: `drop` before `filter` before `accept`.

Numbers and conditions are those of Mastodon 4.5.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from models.values import dataclass

NEW_ACCOUNT: Final = timedelta(days=30)
NEW_FOLLOWER: Final = timedelta(days=3)


class Kind(StrEnum):
    """The types of notification that clients know."""

    MENTION = "mention"
    STATUS = "status"
    REBLOG = "reblog"
    FOLLOW = "follow"
    FOLLOW_REQUEST = "follow_request"
    FAVOURITE = "favourite"
    POLL = "poll"
    UPDATE = "update"
    SEVERED_RELATIONSHIPS = "severed_relationships"
    MODERATION_WARNING = "moderation_warning"
    ADMIN_SIGN_UP = "admin.sign_up"
    ADMIN_REPORT = "admin.report"
    QUOTE = "quote"
    QUOTED_UPDATE = "quoted_update"


KINDS: Final = tuple(kind.value for kind in Kind)
# Kinds of our own: clients get them when they ask for them by name, and the pages show them.
COMMUNITY_KINDS: Final = tuple(
    f"community.{name}" for name in ("request", "invitation", "approved", "rejected", "removed", "report")
)
FILTERABLE: Final = frozenset({Kind.MENTION, Kind.REBLOG, Kind.FOLLOW, Kind.FOLLOW_REQUEST, Kind.FAVOURITE, Kind.QUOTE})
FROM_ONESELF: Final = frozenset({Kind.POLL, Kind.SEVERED_RELATIONSHIPS, Kind.MODERATION_WARNING})
# Held back, these open a request; the others only wait to be let in with them.
ASKING: Final = frozenset({Kind.MENTION, Kind.QUOTE})
# The newer one takes the place of the older, which was about a text that is no more.
REPLACING: Final = frozenset({Kind.UPDATE, Kind.QUOTED_UPDATE})


class Answer(StrEnum):
    """What becomes of a notification; also the values of a policy."""

    ACCEPT = "accept"
    FILTER = "filter"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Policy:
    """What somebody wants to be told of whom. The defaults are those of everybody who never chose."""

    for_not_following: str = "accept"
    for_not_followers: str = "accept"
    for_new_accounts: str = "accept"
    for_private_mentions: str = "filter"
    for_limited_accounts: str = "filter"


DEFAULT: Final = Policy()
POLICY_FIELDS: Final = tuple(Policy.__slots__)


@dataclass(frozen=True, slots=True)
class Facts:
    """What lies between a recipient and a sender when something happens.

    `follows`: the recipient follows the sender; `followed_since`: since when the sender follows the recipient.
    `is_private` is about a direct mention, `is_answer` says that the recipient wrote privately to the sender in the
    same conversation before.
    """

    is_self: bool = False
    is_blocked: bool = False
    is_muted: bool = False
    is_domain_blocked: bool = False
    is_conversation_muted: bool = False
    is_permitted: bool = False
    is_limited: bool = False
    is_private: bool = False
    is_answer: bool = False
    follows: bool = False
    followed_since: datetime | None = None
    sender_since: datetime | None = None


def decide(kind: str, facts: Facts, policy: Policy, now: datetime) -> Answer:
    """Whether the recipient is told (`accept`), has to ask (`filter`), or never learns of it (`drop`)."""
    if facts.is_self:
        return Answer.ACCEPT if kind in FROM_ONESELF else Answer.DROP
    if facts.is_blocked or facts.is_muted or facts.is_conversation_muted:
        return Answer.DROP
    if facts.is_domain_blocked and not facts.follows:
        return Answer.DROP
    if kind not in FILTERABLE or facts.is_permitted:
        return Answer.ACCEPT
    answers = set(_answers(kind, facts, policy, now))
    return next((answer for answer in (Answer.DROP, Answer.FILTER) if answer in answers), Answer.ACCEPT)


def _answers(kind: str, facts: Facts, policy: Policy, now: datetime) -> Iterator[str]:
    """The parts of the policy that apply to this sender."""
    if not facts.follows:
        yield policy.for_not_following
        if facts.is_limited:
            yield policy.for_limited_accounts
        if kind == Kind.MENTION and facts.is_private and not facts.is_answer:
            yield policy.for_private_mentions
        if facts.sender_since is not None and facts.sender_since > now - NEW_ACCOUNT:
            yield policy.for_new_accounts
    if facts.followed_since is None or facts.followed_since > now - NEW_FOLLOWER:
        yield policy.for_not_followers


def wants_push(policy: str, alerts: dict[str, bool], kind: str, facts: Facts) -> bool:
    """Whether a push subscription with this policy (all, followed, follower, none) and these alerts wants a kind."""
    if not alerts.get(kind, False):
        return False
    match policy:
        case "all":
            return True
        case "followed":
            return facts.follows
        case "follower":
            return facts.followed_since is not None
    return False
