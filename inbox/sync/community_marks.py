"""What the host of a community says of a post in it, done here: removed or not, locked, shown first, and told.

By the verbs of `communities.moderation`, in the name of the community itself: who of its moderators it was, the digests
don't say. Restoring and unlocking leave alone what was decided here within `CROSSING_TIME`, which may be on its way.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from communities.changes import Change
from communities.moderation import lock, pin, remove_post, restore_post, unlock, unpin
from communities.standings import CommunityError
from federation.peers.sync import CROSSING_TIME
from federation.services import Services
from federation.sync.digests import Item
from inbox.sync.heard import state_here
from inbox.sync.repair import Repair
from models import UnitOfWork
from models.accounts import Account
from models.collisions import repeat_on_collision
from models.statuses import Status
from models.visibility import Visibility
from policy.authority import may_boost
from social.digests import FEATURED, LOCKED, REMOVED
from social.interactions import boost
from social.statuses import status_by_uri

Verb = Callable[..., Awaitable[Change]]
_MARKS: Final = ((LOCKED, "locked_at", lock, unlock), (FEATURED, "featured_at", pin, unpin))


async def mend_marks(
    services: Services, groups: Mapping[str, Account], listed: Mapping[str, Item], here: Mapping[str, Any]
) -> Repair:
    """Have posts here as the host lists them; `here` are their rows, those in another community are left alone."""
    found = Repair()
    for uri, item in listed.items():
        row = here.get(uri)
        if row is None or row.group_id != groups[item.of].id or state_here(row) == item.state:
            continue
        verbs = _verbs(item.state, row, services.clock())
        is_told = bool(row.is_shared) or item.state == REMOVED
        if verbs or not is_told:
            done = await _mend(services, groups[item.of].id, uri, verbs, is_told=is_told)
            found += Repair.of(1, int(done))
    return found


def _verbs(state: str, row: Any, now: datetime) -> list[Verb]:
    """What has to be done so that the row is as the host says."""
    if state == REMOVED:
        return [remove_post] if row.removed_at is None else []
    verbs: list[Verb] = []
    if row.removed_at is not None:
        if now - row.removed_at <= CROSSING_TIME:
            return []
        verbs.append(restore_post)
    for name, column, mark, unmark in _MARKS:
        at: datetime | None = getattr(row, column)
        if name in state.split(","):
            verbs += [mark] if at is None else []
        elif at is not None and now - at > CROSSING_TIME:
            verbs.append(unmark)
    return verbs


async def take_out(services: Services, uri: str) -> bool:
    """A post that its community doesn't have isn't in it any more; False when it wasn't, or isn't here."""
    return await _mend(services, None, uri, [remove_post], is_told=True)


async def _mend(services: Services, group_id: int | None, uri: str, verbs: list[Verb], *, is_told: bool) -> bool:
    """Do it in one unit, unless the post has gone or moved meanwhile; `group_id` None is whatever community has it."""

    async def mend() -> bool:
        async with services.database.unit_of_work() as unit:
            status = await status_by_uri(unit, uri)
            if status is None or status.group_id is None or status.group_id != (group_id or status.group_id):
                return False
            group = await unit.session.get_one(Account, status.group_id)
            # Whose post was removed is told so; the rest was news when it happened.
            unit.is_restoring = remove_post not in verbs
            for verb in verbs:
                await verb(unit, group, group, status, trusted=True)
            return is_told or await _share(unit, group, status)

    try:
        return await repeat_on_collision(mend)
    except CommunityError:
        return False


async def _share(unit: UnitOfWork, group: Account, status: Status) -> bool:
    """Put it into the timelines of members, in the place of its date."""
    author = await unit.session.get_one(Account, status.account_id)
    if not may_boost(group, status):
        return False
    visibility = Visibility.PUBLIC if Visibility(status.visibility).is_public else Visibility.PRIVATE
    name = f"{group.uri}#shares-{status.id}"  # its own the digests don't tell
    await boost(unit, group, status, author, visibility=visibility, uri=name, published_at=status.published_at)
    return True
