"""How far somebody has read a timeline, the same on all their devices."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select

from models import UnitOfWork
from models.accounts import Account
from models.feeds import Marker

TIMELINES: Final = ("home", "notifications")


async def set_markers(unit: UnitOfWork, account: Account, positions: Mapping[str, int]) -> list[Marker]:
    """Remember the newest read id of each timeline; every change counts the version up by one."""
    query = select(Marker).where(Marker.account_id == account.id, Marker.timeline.in_(list(positions)))
    known = {marker.timeline: marker for marker in await unit.session.scalars(query.with_for_update())}
    for timeline, last_read_id in positions.items():
        marker = known.get(timeline)
        if marker is None:
            marker = known[timeline] = Marker(account_id=account.id, timeline=timeline, version=0)
            unit.session.add(marker)
        marker.last_read_id, marker.updated_at = last_read_id, unit.now
        marker.version += 1
    await unit.session.flush()
    return list(known.values())
