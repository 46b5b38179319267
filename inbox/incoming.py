"""What the handlers work with: a parsed activity, what it refers to, and how its story ends.

A handler is two functions. `references` is pure and says which accounts and statuses the activity needs; the worker
loads or fetches them (network, no transaction). `apply` runs in the unit of work (transaction, no network), finds
everything by URI, and returns an `Outcome`. It checks before it writes: an outcome other than APPLIED means that
nothing was changed.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

import orjson

from federation.activity import Activity
from federation.peers import domain_of
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.activities import SHARED_INBOX
from models.values import dataclass
from policy.peers import FREE, PeerPolicy
from social.drafts import StatusDraft


class Outcome(StrEnum):
    """How an activity ended; kept in the journal."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"  # nothing new in it
    UNRELATED = "unrelated"  # concerns nobody here
    FORBIDDEN = "forbidden"  # the sender may not do this
    FOREIGN_AUTHOR = "forbidden: a topic announces what its own people wrote"
    NOT_PROVEN = "forbidden: a topic announces what its author has signed"
    NOT_PUBLIC = "forbidden: a topic announces what is public"
    WITHOUT_TAG = "forbidden: a topic announces what carries its hashtag"
    NOT_ENTITLED = "forbidden: a community passes on what its moderators did, or what its author has signed"
    ELSEWHERE = "forbidden: that is not in this community"
    NOT_A_MODERATOR = "forbidden: only moderators of this community do that"
    NOT_FOR_THEM = "forbidden: this community doesn't take it from its author"
    SUPERSEDED = "superseded"  # undone, deleted or overtaken before it arrived
    BOOSTS_STOP = "forbidden: boosts by this peer have no effect here"
    UNSUPPORTED = "unsupported"  # a type, or an object of a type, that we don't know
    INVALID = "invalid"  # says nothing that can be done


class MissingReference(Exception):
    """Something that the activity is about couldn't be had now; the worker tries again later."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"{uri} is not available")
        self.uri = uri


@dataclass(frozen=True, slots=True)
class References:
    """URIs that an activity needs, those that are only looked up where we have them, and those to be asked anew."""

    accounts: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    known_accounts: tuple[str, ...] = ()
    known_statuses: tuple[str, ...] = ()
    fresh_accounts: tuple[str, ...] = ()
    fresh_statuses: tuple[str, ...] = ()


@dataclass(slots=True)
class Incoming:
    """An activity on its way: `draft` is the status in it, where there is one, parsed once.

    `inner` are the activities that a community announces; `is_proven` says of such a one that it carries its own
    actor's proof. `group_uri` is the community that brought it, `is_subscribed` says that a
    topic did to which we are subscribed. `absent` are references that can't be had, ever,
    `unheard` those whose server said nothing usable now; `known_as` has the id of what goes by another name there.
    """

    activity: Activity
    inbox_id: int = SHARED_INBOX
    draft: StatusDraft | None = None
    references: References = field(default_factory=References)
    group_uri: str | None = None
    inner: list["Incoming"] = field(default_factory=list)
    is_proven: bool = False
    is_subscribed: bool = False
    is_of_topic: bool = False
    absent: set[str] = field(default_factory=set)
    unheard: set[str] = field(default_factory=set)
    known_as: dict[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return self.activity.type


@dataclass(slots=True)
class Scene:
    """One activity about to be applied, with everything it needs at hand; `handlers` are for activities inside it.

    `followed_here` are those of the batch's senders whom somebody here follows: one set for all, so that what comes
    right behind an Accept is for who has just been let in.
    """

    services: Services
    unit: UnitOfWork
    sender: Account
    incoming: Incoming
    handlers: "Mapping[str, Handler]"
    owner: Account | None = None
    followed_here: set[int] = field(default_factory=set)

    @property
    def activity(self) -> Activity:
        return self.incoming.activity

    @property
    def policy(self) -> PeerPolicy:
        """What the sender's server may have and do here."""
        peers = self.services.peers
        return (peers.policy_of(domain_of(self.sender.uri)) if peers.has_policies else None) or FREE

    @property
    def said(self) -> dict[str, Any] | None:
        """The activity as it came, to be passed on; None for one that came inside another."""
        found: dict[str, Any] | None = orjson.loads(self.activity.raw) if self.activity.raw else None
        return found

    def is_undone(self) -> bool:
        """Whether its own sender took the activity back before it came."""
        return self.is_buried(self.activity.id)

    def is_buried(self, uri: str | None) -> bool:
        """Whether the sender said of this URI that it is gone; what others say doesn't count."""
        return (uri or "", self.sender.uri) in self.unit.buried


Apply = Callable[[Scene], Awaitable[Outcome]]
Refer = Callable[[Incoming], References]


def no_references(incoming: Incoming) -> References:
    """For activities that only concern what we have."""
    object_ids = incoming.activity.object_ids
    return References(known_accounts=object_ids, known_statuses=object_ids)


@dataclass(frozen=True, slots=True)
class Handler:
    """What to do with one type of activity; `summary` is its line in docs/FEDERATION.md."""

    apply: Apply
    summary: str
    references: Refer = no_references
