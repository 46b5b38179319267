"""Public keys of other servers' actors, parsed and at hand; and which keys it is no use asking for.

Promises bounds for everything that a stranger can fill: `MAX_KEYS` keys for ten minutes, misses for a minute each, and
for a host that failed repeatedly, a pause of five minutes in which it isn't asked for any key (CVE-2026-34148). Only
failures of the network count against a host: a made-up key id names a host that has done nothing.

A key that didn't verify may have been replaced by its owner: it may be looked for again, once in five minutes. Keys of
a host or of an actor are forgotten at once when something is decided or learned about them in this process. Other
processes hear of replaced keys, and of accounts that were suspended or are gone, by an event (`listen_to`); what was
decided about a host they read anew themselves.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from federation.expiring import Expiring
from keys.keypairs import PublicKey
from models.accounts import Account
from models.events import EventHub, Kind, Listener
from models.values import dataclass

KEY_LIFETIME: Final = timedelta(minutes=10)
MISS_LIFETIME: Final = timedelta(seconds=60)
HOST_PAUSE: Final = timedelta(minutes=5)
FAILURES_BEFORE_PAUSE: Final = 5
REFETCH_INTERVAL: Final = timedelta(minutes=5)
MAX_KEYS: Final = 512  # each is 2 KiB of OpenSSL's beside its account's row; to read one again costs a query
MAX_MISSES: Final = 10_000
MAX_HOSTS: Final = 2048
MAX_EVENTS: Final = 2_000


_CHANGES: Final = frozenset({Kind.KEYS_CHANGED, Kind.ACCESS_ENDED})


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key whose owner lists it. `account` is a detached row, as it was when the key was looked up."""

    key_id: str
    public: PublicKey
    actor_uri: str
    host: str
    account: Account | None


@dataclass(frozen=True, slots=True)
class Miss:
    """A key that was not found lately."""

    is_gone: bool


class KeyCache:
    """Keys by key id."""

    def __init__(self, *, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._keys: Expiring[str, KnownKey] = Expiring(max_entries=max_keys)
        self._events: Listener | None = None
        self._missed = 0
        self._misses: Expiring[str, bool] = Expiring(max_entries=MAX_MISSES)
        self._failures: Expiring[str, int] = Expiring(max_entries=MAX_HOSTS)
        self._refetched: Expiring[str, bool] = Expiring(max_entries=MAX_MISSES)

    def listen_to(self, events: EventHub) -> None:
        """Hear of changes from now on; nobody has to wait for events, they are taken when the next key is looked up."""
        self._events = events.subscribe(_CHANGES, most=MAX_EVENTS)

    def _forget_changed(self) -> None:
        """Act on what happened, here or in another process; look at all anew when some of it was missed."""
        if self._events is None:
            return
        changed = {event.account_id for event in self._events.take()}
        if self._events.missed != self._missed:
            self._missed = self._events.missed
            self._keys = Expiring(max_entries=self._max_keys)
        elif changed:
            self._keys.forget_where(lambda known: known.account is not None and known.account.id in changed)

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, key_id: str, now: datetime) -> KnownKey | None:
        """The key, when it was looked up within `KEY_LIFETIME`."""
        self._forget_changed()
        return self._keys.get(key_id, now)

    def put(self, known: KnownKey, now: datetime) -> None:
        """Keep a key that was just read from the database or from its owner."""
        self._misses.forget(known.key_id)
        self._keys.put(known.key_id, known, now, KEY_LIFETIME)

    def forget_expired(self, now: datetime) -> None:
        """Free the keys that would be looked up again anyway."""
        self._keys.forget_expired(now)

    def forget_actor(self, actor_uri: str) -> None:
        """Look the actor's keys up again next time: it was updated, suspended or deleted."""
        self.forget_actors({actor_uri})

    def forget_actors(self, actor_uris: Collection[str]) -> None:
        """The same for several; looks at every key, so once for all of them."""
        self._keys.forget_where(lambda known: known.actor_uri in actor_uris)

    def forget_host(self, host: str) -> None:
        """Forget what is remembered of a host, good or bad: something was decided about it. And all misses: they are
        kept by key, for a minute only."""
        self._keys.forget_where(lambda known: known.host == host)
        self._misses = Expiring(max_entries=MAX_MISSES)
        self._failures.forget(host)

    def miss(self, key_id: str, host: str, now: datetime) -> Miss | None:
        """Why this key shouldn't be asked for now; None when it may be."""
        is_gone = self._misses.get(key_id, now)
        if is_gone is not None:
            return Miss(is_gone)
        return Miss(False) if (self._failures.get(host, now) or 0) >= FAILURES_BEFORE_PAUSE else None

    def missed(self, key_id: str, now: datetime, *, is_gone: bool = False) -> None:
        """The key wasn't found; `is_gone` when its owner's document is gone (404, 410)."""
        self._misses.put(key_id, is_gone, now, MISS_LIFETIME)

    def host_failed(self, host: str, now: datetime) -> None:
        """The host didn't answer, or not sensibly (5xx)."""
        self._failures.put(host, (self._failures.get(host, now) or 0) + 1, now, HOST_PAUSE)

    def host_answered(self, host: str) -> None:
        """The host is fine."""
        self._failures.forget(host)

    def may_refetch(self, key_id: str, now: datetime) -> bool:
        """Whether a key that failed may be looked for again now; says yes once in `REFETCH_INTERVAL`."""
        return self._refetched.add(key_id, True, now, REFETCH_INTERVAL)
