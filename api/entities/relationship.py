"""What is between the viewer and other accounts (Mastodon 4.5 `Relationship`): one query for any number of them.

Every account that exists (for the viewer) gets an entry, whatever else is known of it; a mute that has run out is none.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from api.call import Api, Json
from api.times import timestamp_or_none
from models.accounts import Account
from models.base import BigInt, UtcDateTime
from models.insertion import AnySelect
from models.relations import AccountNote, Block, DomainBlock, Endorsement, Follow, Mute
from policy.communities import known_to
from social.follows import ACCEPTED, PENDING

_VIEWER = bindparam("viewer", type_=BigInt)


@cache
def _relations() -> AnySelect:
    """Made once: building it costs more than SQLite needs for running it."""
    out, back, blocking, blocked = aliased(Follow), aliased(Follow), aliased(Block), aliased(Block)
    return (
        select(
            Account.id,
            out.state.label("out_state"),
            out.shows_boosts,
            out.notifies,
            out.languages,
            back.state.label("in_state"),
            blocking.id.label("blocking"),
            blocked.id.label("blocked"),
            Mute.id.label("mute"),
            Mute.hides_notifications,
            Mute.expires_at,
            DomainBlock.id.label("domain_block"),
            Endorsement.id.label("endorsement"),
            AccountNote.comment,
        )
        .outerjoin(out, and_(out.follower_id == _VIEWER, out.followee_id == Account.id))
        .outerjoin(back, and_(back.follower_id == Account.id, back.followee_id == _VIEWER))
        .outerjoin(blocking, and_(blocking.account_id == _VIEWER, blocking.target_id == Account.id))
        .outerjoin(blocked, and_(blocked.account_id == Account.id, blocked.target_id == _VIEWER))
        .outerjoin(
            Mute,
            and_(
                Mute.account_id == _VIEWER,
                Mute.target_id == Account.id,
                Mute.expires_at.is_(None) | (Mute.expires_at > bindparam("now", type_=UtcDateTime())),
            ),
        )
        .outerjoin(DomainBlock, and_(DomainBlock.account_id == _VIEWER, DomainBlock.domain == Account.domain))
        .outerjoin(Endorsement, and_(Endorsement.account_id == _VIEWER, Endorsement.target_id == Account.id))
        .outerjoin(AccountNote, and_(AccountNote.account_id == _VIEWER, AccountNote.target_id == Account.id))
        .where(Account.id.in_(bindparam("ids", expanding=True)), known_to(_VIEWER))
    )


async def relationship_entities(api: Api, session: AsyncSession, viewer: Account, ids: Sequence[int]) -> list[Json]:
    """One entry for each of the ids that is an account, in their order; suspended and deleted ones included."""
    if not ids:
        return []
    parameters = {"viewer": viewer.id, "ids": list(dict.fromkeys(ids)), "now": api.services.clock()}
    rows = {row.id: row for row in await session.execute(_relations(), parameters)}
    return [relationship_entity(rows[number]) for number in dict.fromkeys(ids) if number in rows]


async def relationship_json(api: Api, session: AsyncSession, viewer: Account, account_id: int) -> Json:
    """What is between the viewer and one account that exists."""
    return (await relationship_entities(api, session, viewer, [account_id]))[0]


def relationship_entity(row: Any) -> Json:
    """The entry for one row of the query above."""
    has_follow = row.out_state is not None
    return {
        "id": str(row.id),
        "following": row.out_state == ACCEPTED,
        "showing_reblogs": bool(has_follow and row.shows_boosts),
        "notifying": bool(has_follow and row.notifies),
        "languages": (row.languages or None) if has_follow else None,
        "followed_by": row.in_state == ACCEPTED,
        "blocking": row.blocking is not None,
        "blocked_by": row.blocked is not None,
        "muting": row.mute is not None,
        "muting_notifications": bool(row.mute is not None and row.hides_notifications),
        "muting_expires_at": timestamp_or_none(row.expires_at) if row.mute is not None else None,
        "requested": row.out_state == PENDING,
        "requested_by": row.in_state == PENDING,
        "domain_blocking": row.domain_block is not None,
        "endorsed": row.endorsement is not None,
        "note": row.comment or "",
    }
