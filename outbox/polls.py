"""New numbers of a poll go out as one Update for many votes: a job, due a little later, of which only one waits."""

from jobs.queue import enqueue_job
from models import UnitOfWork
from models.statuses import Status

POLL_CHANGED = "poll_changed"
DELAY_SECONDS = 3.0


async def poll_changed(unit: UnitOfWork, status: Status) -> None:
    """Have the poll's numbers published soon."""
    await enqueue_job(
        unit, POLL_CHANGED, {"status_id": status.id}, unique_key=f"poll:{status.id}", due_in=DELAY_SECONDS
    )
