"""Background work of the federation: what may use the network, or is better done once for many causes."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from federation.services import Services
from inbox.synchronization import SYNCHRONIZE, run_synchronization
from models.statuses import Status
from outbox.polls import POLL_CHANGED
from outbox.statuses import publish_update

JobHandler = Callable[[dict[str, Any]], Awaitable[None]]


def job_handlers(services: Services) -> Mapping[str, JobHandler]:
    """The kinds of job and what runs them."""
    return {
        POLL_CHANGED: partial(publish_poll, services),
        SYNCHRONIZE: partial(run_synchronization, services),
    }


async def publish_poll(services: Services, payload: dict[str, Any]) -> None:
    """Send a poll's present numbers, if it still exists."""
    async with services.database.unit_of_work() as unit:
        status = await unit.session.get(Status, int(payload["status_id"]))
        if status is not None:
            await publish_update(services, unit, status)
