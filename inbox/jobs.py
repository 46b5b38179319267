"""Background work of the federation: what may use the network, or is better done once for many causes."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from communities.remote import READ_COMMUNITY, REFRESH_ROLES
from communities.topics import SUBSCRIBE_TOPICS
from federation.cards import FETCH_CARD, fetch_card
from federation.services import Services
from federation.sync.names import CATCH_UP, COMPARE
from federation.trends import FETCH_TRENDS, fetch_trends_of
from inbox.archives import backfill_topic
from inbox.community_posts import read_community
from inbox.community_roles import refresh_roles
from inbox.fetching import fetch_status
from inbox.quote_stamps import CHECK_STAMP, check_stamp
from inbox.showcases import refresh_showcase
from inbox.sync.catch_up import catch_up
from inbox.sync.compare import compare_digests
from inbox.synchronization import SYNCHRONIZE, run_synchronization
from models.accounts import Account
from models.statuses import Status
from outbox.enqueue import SPREAD_ACTIVITY
from outbox.imports import IMPORT, run_import
from outbox.network_community import JOIN_NETWORK, join_network
from outbox.peering.removal import REMOVE_CONTENT, remove_content
from outbox.peering.sending import JOIN_LISTED, PEERING_JOB
from outbox.peering.subscriptions import READ_LIST, join_listed, read_again
from outbox.peering.upkeep import take_step_again
from outbox.polls import POLL_CHANGED
from outbox.push import send_push
from outbox.scheduled import PUBLISH_SCHEDULED, publish_scheduled
from outbox.spreading import spread_activities
from outbox.statuses import publish_update
from outbox.subscriptions import BACKFILL_TOPIC, subscribe_topics
from outbox.uploads import process_upload, remove_files
from outbox.verified_links import VERIFY_LINKS, verify_links
from social.domain_blocks import CLEAR_DOMAIN, clear_domain
from social.push_subscriptions import PUSH
from social.showcases import REFRESH_SHOWCASE
from social.spreading import SPREAD_STATUS, spread_now
from social.uploads import PROCESS_UPLOAD, REMOVE_FILES
from social.watchers import POLL_ENDED, end_poll

JobHandler = Callable[[dict[str, Any]], Awaitable[None]]


def job_handlers(services: Services) -> Mapping[str, JobHandler]:
    """The kinds of job and what runs them."""
    return {
        BACKFILL_TOPIC: partial(backfill_topic, services),
        CATCH_UP: partial(catch_up, services),
        CLEAR_DOMAIN: partial(clear_domain, services.database),
        COMPARE: partial(compare_digests, services),
        CHECK_STAMP: partial(check_stamp, services),
        FETCH_CARD: partial(fetch_card, services),
        FETCH_TRENDS: partial(fetch_trends_of, services),
        IMPORT: partial(run_import, services, fetch_status),
        PEERING_JOB: partial(take_step_again, services),
        JOIN_LISTED: partial(join_listed, services),
        JOIN_NETWORK: partial(join_network, services),
        READ_COMMUNITY: partial(read_community, services),
        READ_LIST: partial(read_again, services),
        POLL_CHANGED: partial(publish_poll, services),
        POLL_ENDED: partial(end_poll_of, services),
        PUBLISH_SCHEDULED: partial(publish_scheduled, services),
        SPREAD_ACTIVITY: partial(spread_activities, services),
        SPREAD_STATUS: partial(spread_status, services),
        SUBSCRIBE_TOPICS: partial(subscribe_topics, services),
        PROCESS_UPLOAD: partial(process_upload, services),
        PUSH: partial(send_push, services),
        REFRESH_ROLES: partial(refresh_roles, services),
        REFRESH_SHOWCASE: partial(refresh_showcase, services),
        REMOVE_CONTENT: partial(remove_content, services),
        REMOVE_FILES: partial(remove_files, services),
        SYNCHRONIZE: partial(run_synchronization, services),
        VERIFY_LINKS: partial(verify_links, services),
    }


async def publish_poll(services: Services, payload: dict[str, Any]) -> None:
    """Send a poll's present numbers, if it still exists."""
    async with services.database.unit_of_work() as unit:
        status = await unit.session.get(Status, int(payload["status_id"]))
        if status is not None:
            await publish_update(services, unit, status)


async def end_poll_of(services: Services, payload: dict[str, Any]) -> None:
    """Tell those whom the end of a poll concerns here; of one of ours the others get the final numbers."""
    async with services.database.unit_of_work() as unit:
        status = await end_poll(unit, int(payload["status_id"]))
        author = None if status is None else await unit.session.get(Account, status.account_id)
        if status is not None and author is not None and author.is_local:
            await publish_update(services, unit, status)


async def spread_status(services: Services, payload: dict[str, Any]) -> None:
    """Show a new status to the many followers of its author, if it still exists."""
    async with services.database.unit_of_work() as unit:
        status = await unit.session.get(Status, int(payload["status_id"]))
        author = None if status is None else await unit.session.get(Account, status.account_id)
        if status is not None and author is not None:
            spread_now(unit, status, author)
