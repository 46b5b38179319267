"""The start page: the home timeline, or for somebody without a session what this place is, with the sign-in form."""

from collections.abc import Sequence

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account, User
from models.relations import Follow
from models.visibility import Visibility
from policy.limits import STATUS_CHARACTERS
from social.preferences import preferences_of
from web.composing import CHOICES, audience_name
from web.offices import proposals_waiting
from web.paging import max_id_of
from web.timelines import home_page
from web.visits import Visit

MAX_SUGGESTED = 8


async def show_home(visit: Visit) -> web.StreamResponse:
    """GET /."""
    viewer = visit.viewer
    if viewer is None:
        return visit.page("welcome.html", next_path="/", error="", name="")
    async with visit.reading() as reading:
        page = await home_page(reading, viewer, max_id_of(visit.request))
        is_empty = page.is_first and not page.items
        suggested = await _suggested(reading.session, viewer) if is_empty else ()
        audience = await _usual_audience(reading.session, viewer)
        proposals = await proposals_waiting(visit, reading.session) if page.is_first else 0
    writing = blank_form(audience=audience)
    return visit.page("home.html", page=page, suggested=suggested, writing=writing, proposals=proposals)


def blank_form(
    *,
    text: str = "",
    audience: str = Visibility.PUBLIC,
    parent_id: int = 0,
    summary: str = "",
    error: str = "",
    community_id: int = 0,
) -> dict[str, object]:
    """What the form for writing starts with; `error` is a key of the texts."""
    return {
        "text": text,
        "summary": summary,
        "audience": str(audience),
        "choices": [str(choice) for choice in CHOICES],
        "parent_id": parent_id,
        "community_id": community_id,
        "max_characters": STATUS_CHARACTERS,
        "error": error,
    }


async def _usual_audience(session: AsyncSession, viewer: Account) -> str:
    """Whom somebody's posts are for when they don't say otherwise."""
    user = (await session.scalars(select(User).where(User.account_id == viewer.id))).first()
    if user is None:
        return Visibility.PUBLIC
    chosen = preferences_of(user)
    visibility = chosen.visibility_for(is_locked=viewer.is_locked)
    is_local_only = chosen.stays_in_office(visibility=visibility, is_reply=False)
    return audience_name(visibility, is_local_only=is_local_only)


async def _suggested(session: AsyncSession, viewer: Account) -> Sequence[Account]:
    """People of this office whom the viewer doesn't follow yet."""
    followed = select(Follow.followee_id).where(Follow.follower_id == viewer.id)
    query = (
        select(Account)
        .join(User, User.account_id == Account.id)
        .where(Account.id != viewer.id, Account.id.not_in(followed), User.disabled_at.is_(None))
        .where(Account.suspended_at.is_(None), Account.gone_at.is_(None))
        .order_by(Account.last_status_at.is_(None), Account.last_status_at.desc(), Account.id)
        .limit(MAX_SUGGESTED)
    )
    return (await session.scalars(query)).all()
