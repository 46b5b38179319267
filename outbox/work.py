"""What the delivery worker holds in its hands: a claimed row with the bytes that belong to it."""

from datetime import datetime

from federation.sync.marks import Mark
from keys.signing import Scheme
from models.values import dataclass
from outbox.outcome import Outcome


@dataclass(frozen=True, slots=True)
class ActivityBytes:
    """An outbound activity as every recipient gets it; `digest` is the SHA-256 of `body`."""

    id: int
    uri: str
    activity_type: str
    visibility: str
    body: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Work:
    """A delivery that this worker has claimed until `lease_until`. `attempts` counts those before.

    `mark` is its place in the log of a peer that has one.
    """

    id: int
    account_id: int
    inbox_url: str
    host: str
    ordering_key: str
    attempts: int
    created_at: datetime
    lease_until: datetime
    activity: ActivityBytes
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of it; `learned` is the kind of signature that the host took after refusing another."""

    work: Work
    outcome: Outcome
    learned: Scheme | None = None
