"""The numbers: how much of anything one stranger may ask of us. Sources are in `docs/FEDERATION.md`."""

from typing import Final

FETCHES_PER_ACTIVITY: Final = 50
THREAD_ANCESTORS: Final = 20
THREAD_DEPTH_AT_ONCE: Final = 4
COLLECTION_PAGES: Final = 20
COLLECTION_ITEMS: Final = 1000
PINNED_STATUSES: Final = 10
REPORT_COMMENT_CHARACTERS: Final = 5_000
MOVE_COOLDOWN_DAYS: Final = 7
ACTOR_FRESH_HOURS: Final = 24
FORWARD_RECIPIENTS: Final = 50
INBOUND_ATTEMPTS: Final = 8
EDITS_KEPT: Final = 100
