"""What a peer may receive and how much it may say: the only place that decides it, in SQL, for every surface.

An administrator narrows a peer down; without that nothing is asked and nothing costs. One table of cases in
`tests/policy/test_peers.py` holds the rules. A status is for the peer when all of these hold, of a boost and of what
it boosts alike:

1. Its visibility is among those that the peer may have.
2. Every hashtag on it is among the peer's topics. One that isn't keeps the whole status away; synonyms count as others.
3. It is in no community, or in one of the peer's; the peer's topics and communities are the only ones there for it.
4. It has no files, where the peer gets no media. The activity is its author's, with a proof: nothing is cut out of it.

What takes back (Delete, Undo) goes to the peer all the same: it may have got the status before the rules were made.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, select, true

from models.accounts import Account
from models.aliases import alias_of
from models.statuses import Attachment, Status, StatusTag, Tag
from models.values import dataclass
from models.visibility import Visibility

VISIBILITIES: Final = tuple(visibility.value for visibility in Visibility)
MAX_NAMES: Final = 500
"""Topics and communities in one policy."""
MAX_PER_MINUTE: Final = 60_000

_boosted, _carried, _tag = alias_of(Status), alias_of(StatusTag), alias_of(Tag)
_file, _group = alias_of(Attachment), alias_of(Account)


@dataclass(frozen=True, slots=True)
class PeerPolicy:
    """The rules for one peer; None stands for no rule. `topics` are normalised names, `communities` account ids.

    `with_boosts` is about boosts *by* the peer's people: without it they have no effect here. The rates are activities
    a minute, in and out.
    """

    visibilities: frozenset[str] | None = None
    topics: frozenset[str] | None = None
    communities: frozenset[int] | None = None
    with_media: bool = True
    with_boosts: bool = True
    inbound_per_minute: int | None = None
    outbound_per_minute: int | None = None

    @property
    def restricts(self) -> bool:
        """Whether there is anything that the peer may not have."""
        return not self.with_media or any(
            allowed is not None for allowed in (self.visibilities, self.topics, self.communities)
        )

    def has_topic(self, name: str) -> bool:
        """Whether a hashtag is there for the peer."""
        return self.topics is None or name in self.topics

    def has_community(self, account_id: int) -> bool:
        """Whether a community is there for the peer."""
        return self.communities is None or account_id in self.communities

    def document(self) -> dict[str, Any] | None:
        """As it is stored; None when there is no rule at all."""
        stored: dict[str, Any] = {}
        for name in ("visibilities", "topics", "communities"):
            allowed = getattr(self, name)
            if allowed is not None:
                stored[name] = sorted(allowed)
        for name in ("with_media", "with_boosts"):
            if not getattr(self, name):
                stored[name] = False
        for name in ("inbound_per_minute", "outbound_per_minute"):
            if getattr(self, name) is not None:
                stored[name] = getattr(self, name)
        return stored or None


FREE: Final = PeerPolicy()


def policy_of(stored: Mapping[str, Any] | None) -> PeerPolicy | None:
    """What was stored, read back; None without rules."""
    if not stored:
        return None
    sets = ("visibilities", "topics", "communities")
    values: dict[str, Any] = {name: frozenset(value) if name in sets else value for name, value in stored.items()}
    return PeerPolicy(**values)


def receivable(policy: PeerPolicy | None, status: type[Status] = Status) -> ColumnElement[bool]:
    """The condition on `status` (an entity or an alias of it) that the peer may have it."""
    if policy is None or not policy.restricts:
        return true()
    boosted = (
        select(_boosted().id)
        .where(_boosted().id == status.boost_of_id, _follows_rules(policy, _boosted()))
        .correlate_except(_boosted())
        .exists()
    )
    return and_(_follows_rules(policy, status), or_(status.boost_of_id.is_(None), boosted))


def _follows_rules(policy: PeerPolicy, status: type[Status]) -> ColumnElement[bool]:
    """The four rules of one row."""
    rules: list[ColumnElement[bool]] = []
    if policy.visibilities is not None:
        rules.append(status.visibility.in_(sorted(policy.visibilities)))
    if policy.topics is not None:
        other = (
            select(_carried().status_id)
            .join(_tag(), _tag().id == _carried().tag_id)
            .where(_carried().status_id == status.id, _tag().name.not_in(sorted(policy.topics)))
            .correlate_except(_carried(), _tag())
        )
        rules.append(~other.exists())
    if policy.communities is not None:
        known = sorted(policy.communities)
        by_other = (
            select(_group().id)
            .where(_group().id == status.account_id, _group().actor_type == "Group", _group().id.not_in(known))
            .correlate_except(_group())
        )
        rules += [or_(status.group_id.is_(None), status.group_id.in_(known)), ~by_other.exists()]
    if not policy.with_media:
        rules.append(~select(_file().id).where(_file().status_id == status.id).correlate_except(_file()).exists())
    return and_(*rules) if rules else true()
