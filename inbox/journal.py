"""The inbound journal: an activity is answered 202 when its row is on the disk, and many rows share a commit.

Requests hand their rows over and wait; whoever comes while a commit is under way shares the next one. A group waits for
requests that are being judged, but not for all of a burst: while it goes to the disk, the others give us something to
do. A failed commit is repeated for each request of its group alone; who fails then gets a 5xx, and its sender tries
again. What arrived before (same activity, same inbox) is answered like what is new. Where a delivery stands in its
sender's log is noted in the same commit.
"""

import asyncio
import time
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from federation.activity import Activity
from federation.sync.marks import Mark
from inbox.sync.receipts import receipt_rows
from models import Database
from models.activities import InboundActivity
from models.ids import first_id
from models.signals import INBOUND
from models.sync import LogReceipt
from models.values import dataclass

GROUP_SIZE = 200
PARSED_KEPT = 2_000
# What the worker of this process hasn't taken by then was known before, or another process applies it.
PARSED_FOR = timedelta(seconds=10)
# A commit costs as much as many rows, so a group waits this long for more of them: for half of what a few busy
# connections bring, since who waits for a commit sends nothing.
GATHER_SECONDS = 0.0035
# When so many wait, and nobody else is being judged, one half of them goes first. Who is answered together comes back
# together: all of them would have us wait for the disk, and then for them; of two halves each fills the other's pause.
MANY = 8
# When so many turns of the loop brought nothing, nobody is being judged. It takes two from the bytes to the row.
QUIET_TURNS = 3


@dataclass(slots=True)
class _Waiting:
    row: dict[str, Any] | None
    mark: tuple[str, Mark] | None
    done: asyncio.Future[None]


class Journal:
    """Appends inbound activities in groups. One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._parsed: OrderedDict[int, Activity] = OrderedDict()
        self.stored = 0  # how many activities this process has written

    async def append(self, activity: Activity, *, inbox_id: int, host: str, mark: Mark | None = None) -> None:
        """Return once the activity is durably stored (or was before). Raises what the database raises.

        `mark` is its place in the log of `host`.
        """
        now = self._database.clock()
        row = journal_row(self._database.ids.at(now), activity, inbox_id=inbox_id, host=host, now=now)
        self._parsed[row["id"]] = activity
        await self._wait_for(row, None if mark is None else (host, mark))

    async def note(self, host: str, mark: Mark) -> None:
        """Only note a place in the log of `host`: what stands there was known before."""
        await self._wait_for(None, (host, mark))

    async def _wait_for(self, row: dict[str, Any] | None, mark: tuple[str, Mark] | None) -> None:
        waiting = _Waiting(row, mark, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="journal")
        await waiting.done

    async def knows(self, dedup_key: str) -> bool:
        """Whether the activity came before, to whichever inbox."""
        query = select(InboundActivity.id).where(InboundActivity.dedup_key == dedup_key).limit(1)
        async with self._database.reading() as session:
            return await session.scalar(query) is not None

    @property
    def remembered(self) -> int:
        """How many parsed activities wait for the worker."""
        return len(self._parsed)

    def take_parsed(self, row_id: int) -> Activity | None:
        """The activity that this process parsed already, if it is still remembered; saves the worker half its work."""
        return self._parsed.pop(row_id, None)

    def _forget_the_old(self) -> None:
        """Of what was parsed, let go of what nobody will take any more."""
        oldest = first_id(self._database.clock() - PARSED_FOR)
        while self._parsed and (len(self._parsed) > PARSED_KEPT or next(iter(self._parsed)) < oldest):
            self._parsed.popitem(last=False)

    def _new_id(self) -> int:
        return self._database.ids.at(self._database.clock())

    async def _write(self) -> None:
        is_half = False
        while self._waiting:
            is_everybody = await self._gather()
            count = len(self._waiting)
            is_half = is_everybody and count >= MANY and not is_half
            size = min(count // 2 if is_half else count, GROUP_SIZE)
            group, self._waiting = self._waiting[:size], self._waiting[size:]
            await self._store(group)

    async def _gather(self) -> bool:
        """Let a group become larger, while more comes. Whether all are there: nobody else is being judged."""
        until, quiet_turns = time.monotonic() + GATHER_SECONDS, 0
        while quiet_turns < QUIET_TURNS and time.monotonic() < until:
            before = len(self._waiting)
            await asyncio.sleep(0)
            quiet_turns = 0 if len(self._waiting) > before else quiet_turns + 1
        return quiet_turns == QUIET_TURNS

    async def _store(self, group: list[_Waiting]) -> None:
        self._forget_the_old()
        try:
            activities = [one.row for one in group if one.row]
            receipts = receipt_rows(self._new_id, [one.mark for one in group if one.mark])
            await self._database.append({InboundActivity: activities, LogReceipt: receipts}, signal=INBOUND)
            self.stored += len(activities)
        except Exception as error:
            if len(group) > 1:
                for waiting in group:  # one that the database doesn't take must not cost the others their answer
                    await self._store([waiting])
            elif not group[0].done.cancelled():
                group[0].done.set_exception(error)
        else:
            for waiting in group:
                if not waiting.done.cancelled():
                    waiting.done.set_result(None)


def journal_row(row_id: int, activity: Activity, *, inbox_id: int, host: str, now: datetime) -> dict[str, Any]:
    """The row of an activity that `host` brought to an inbox."""
    return {
        "id": row_id,
        "dedup_key": activity.dedup_key,
        "inbox_id": inbox_id,
        "actor_uri": activity.actor,
        "activity_type": activity.type[:32],
        "object_uri": activity.object_id,
        "host": host,
        "body": activity.raw,
        "state": "queued",
        "attempts": 0,
        "due_at": now,
        "received_at": now,
    }
