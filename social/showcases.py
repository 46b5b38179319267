"""What a profile of another server shows beside what its actor document says: asked for when somebody looks at it.

Pinned statuses, featured hashtags, and whether others may read who follows whom. The job (`inbox.showcases`) asks the
account's server; here is when that is worth it, and what is kept of the answer.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update

from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from models.insertion import insert_missing
from models.relations import FeaturedTag
from models.statuses import Status
from policy.limits import ACTOR_FRESH_HOURS, FEATURED_TAGS
from social.drafts import TagDraft
from social.tags import find_or_create_tag

REFRESH_SHOWCASE: Final = "refresh_showcase"
FRESH_FOR: Final = timedelta(hours=ACTOR_FRESH_HOURS)


def is_stale(account: Account, now: datetime) -> bool:
    """Whether nobody has asked for a day; our own accounts and those that are gone never are."""
    if account.is_local or not account.is_active:
        return False
    return account.featured_fetched_at is None or now - account.featured_fetched_at > FRESH_FOR


async def request_showcase(unit: UnitOfWork, account: Account, *, has_changed: bool = False) -> None:
    """Have the account's server asked, once this is committed: because somebody looks, or because it `has_changed`."""
    payload, key = {"account_id": account.id}, f"{REFRESH_SHOWCASE}:{account.id}"
    await enqueue_job(unit, REFRESH_SHOWCASE, payload, unique_key=key, is_reminder=not has_changed)


async def set_pinned(unit: UnitOfWork, account: Account, uris: Sequence[str]) -> None:
    """Have exactly these statuses of the account on its profile, the newest pin first."""
    own = Status.account_id == account.id
    gone = update(Status).where(own, Status.pinned_at.is_not(None), Status.uri.not_in(uris)).values(pinned_at=None)
    await unit.session.execute(gone.execution_options(synchronize_session=False))
    places = {uri: place for place, uri in enumerate(uris)}
    for status in await unit.session.scalars(select(Status).where(own, Status.uri.in_(uris))):
        if status.pinned_at is None:
            status.pinned_at = unit.now - timedelta(seconds=places[status.uri])


async def set_featured_tags(unit: UnitOfWork, account: Account, drafts: Sequence[TagDraft]) -> None:
    """Have exactly these hashtags on the account's profile."""
    ids = [(await find_or_create_tag(unit, draft.name, draft.display)).id for draft in drafts[:FEATURED_TAGS]]
    others = delete(FeaturedTag).where(FeaturedTag.account_id == account.id, FeaturedTag.tag_id.not_in(ids))
    await unit.session.execute(others.execution_options(synchronize_session=False))
    await insert_missing(unit.session, FeaturedTag, [
        {"id": unit.new_id(), "account_id": account.id, "tag_id": tag_id, "created_at": unit.now} for tag_id in ids
    ])  # fmt: skip
