"""Finding accounts by a piece of their name, without looking at all of them.

Two bounded searches, one statement: what begins with the text among all names (an index), and what holds it anywhere
in name or display name among those near the viewer: the newest accounts of this office, whom the viewer follows and
who follows the viewer. Whom a moderator limited is found by its followers, or by its whole name. Ranked: exact
name, then who is followed, then ours, then by followers.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import INSTANCE_ACTOR_ID, Account
from models.postgresql import planned_for_its_values
from models.relations import Follow
from policy.communities import known_to

MAX_CANDIDATES: Final = 300
MAX_NEAR: Final = 5_000
LAST_CHARACTER: Final = "\U0010ffff"
_ESCAPE: Final = "\\"


async def find_account_ids(
    session: AsyncSession,
    text: str,
    *,
    viewer_id: int | None = None,
    own_domain: str = "",
    only_followed: bool = False,
    limit: int = 40,
    offset: int = 0,
) -> list[int]:
    """Ids of accounts for a text such as `ana`, `@ana` or `ana@lis`, the best first."""
    name, at, domain = text.strip().removeprefix("@").partition("@")
    name = name.strip()
    if not name:
        return []
    near = _near(viewer_id, only_followed=only_followed)
    findable = and_(_is_findable(), known_to(viewer_id))
    searches = [_prefixed(session, name, near if only_followed else None, findable)]
    if not at:
        searches.append(_holding(name, near, findable))
    async with planned_for_its_values(session):
        rows = (await session.execute(_described(union(*searches), viewer_id))).all()
    wanted = [
        row
        for row in rows
        if (not at or (row.domain or own_domain).startswith(domain.lower()))
        and (row.limited_at is None or row.follow is not None or row.username.lower() == name.lower())
    ]
    wanted.sort(key=lambda row: _rank(row, name.lower()))
    return [row.id for row in wanted[offset : offset + limit]]


def _prefixed(session: AsyncSession, name: str, near: Any, findable: ColumnElement[bool]) -> Any:
    """By the beginning of the user name: a range of the index on SQLite, a pattern on PostgreSQL."""
    column, start = func.lower(Account.username), name.lower()
    if session.get_bind().dialect.name == "sqlite":
        begins = and_(column >= start, column < start + LAST_CHARACTER)
    else:
        begins = column.like(f"{_escaped(start)}%", escape=_ESCAPE)
    query = select(Account.id).where(begins, findable)
    if near is not None:
        query = query.where(Account.id.in_(near))
    return select(query.order_by(column, Account.id).limit(MAX_CANDIDATES).subquery().c.id)


def _holding(name: str, near: Any, findable: ColumnElement[bool]) -> Any:
    """By any part of user name or display name, among accounts near the viewer."""
    patterns = [f"%{_escaped(spelling)}%" for spelling in _spellings(name)]
    holds = or_(
        func.lower(Account.username).like(patterns[0], escape=_ESCAPE),
        *(func.lower(Account.display_name).like(pattern, escape=_ESCAPE) for pattern in patterns),
    )
    query = select(Account.id).where(Account.id.in_(near), holds, findable)
    return select(query.order_by(Account.id.desc()).limit(MAX_CANDIDATES).subquery().c.id)


def _near(viewer_id: int | None, *, only_followed: bool) -> Any:
    followed = select(Follow.followee_id).where(Follow.follower_id == viewer_id, Follow.state == "accepted")
    if only_followed:
        return followed
    ours = select(Account.id).where(Account.domain.is_(None)).order_by(Account.id.desc()).limit(MAX_NEAR)
    colleagues = select(ours.subquery().c.id)
    if viewer_id is None:
        return colleagues
    followers = select(Follow.follower_id).where(Follow.followee_id == viewer_id, Follow.state == "accepted")
    return union(colleagues, followed, followers)


def _described(candidates: Any, viewer_id: int | None) -> Any:
    found = candidates.subquery()
    return (
        select(
            Account.id,
            Account.username,
            Account.domain,
            Account.followers_count,
            Account.limited_at,
            Follow.id.label("follow"),
        )
        .join(found, found.c.id == Account.id)
        .outerjoin(
            Follow,
            and_(Follow.follower_id == viewer_id, Follow.followee_id == Account.id, Follow.state == "accepted"),
        )
    )


def _is_findable() -> ColumnElement[bool]:
    return and_(
        Account.suspended_at.is_(None), Account.gone_at.is_(None), Account.id != INSTANCE_ACTOR_ID,
        Account.actor_type != "Application", Account.topic.is_(None),
    )  # fmt: skip


def _rank(row: Any, name: str) -> tuple[Any, ...]:
    username = row.username.lower()
    return (
        username != name,
        row.follow is None,
        row.domain is not None,
        not username.startswith(name),
        -row.followers_count,
        row.id,
    )


def _spellings(name: str) -> Sequence[str]:
    """As databases lower-case it (SQLite knows no letters but A to Z), in the cases that people write names in."""
    cases = (name.lower(), name.title(), name.upper())
    return list(dict.fromkeys("".join(c.lower() if c.isascii() else c for c in spelling) for spelling in cases))


def _escaped(text: str) -> str:
    return text.replace(_ESCAPE, _ESCAPE * 2).replace("%", f"{_ESCAPE}%").replace("_", f"{_ESCAPE}_")
