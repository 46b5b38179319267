"""Showing a new status or boost to the followers here: at once where they are few, by a job where they are many.

Its author sees it at once in any case, and so does who is mentioned. The job commits with the status, so that it is
shown if and only if there is something to show; running it twice shows nothing twice. That something is new is told to
whoever is looking (`social.streams`) when it is in the feeds, never before.
"""

from typing import Final

from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from models.statuses import Status
from policy.limits import FOLLOWERS_AT_ONCE
from social.home_feed import IN_FEEDS, add_to_feeds, add_to_own_feed
from social.streams import tell_made
from social.watchers import tell_watchers

SPREAD_STATUS: Final = "spread_status"


async def spread(unit: UnitOfWork, status: Status, author: Account) -> None:
    """Have a new status shown to the followers of its author."""
    if unit.is_quiet:
        return
    if author.is_local and author.followers_count > FOLLOWERS_AT_ONCE and status.visibility in IN_FEEDS:
        add_to_own_feed(unit, status, author)
        key = f"{SPREAD_STATUS}:{status.id}"
        await enqueue_job(unit, SPREAD_STATUS, {"status_id": status.id}, unique_key=key, is_of_new=True)
    else:
        spread_now(unit, status, author)


def spread_now(unit: UnitOfWork, status: Status, author: Account) -> None:
    """The same in this unit; followers who asked for every post are notified."""
    if author.is_local:
        add_to_own_feed(unit, status, author)
    tell_watchers(unit, status)  # it asks, and so comes before what is written together with the rest
    add_to_feeds(unit, status)
    tell_made(unit, status)
