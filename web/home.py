"""The start page: the home timeline, or for somebody without a session what this place is, with the sign-in form."""

from collections.abc import Sequence

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account, User
from models.relations import Follow
from models.visibility import Visibility
from policy.limits import STATUS_CHARACTERS
from web.composing import CHOICES
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
    return visit.page("home.html", page=page, suggested=suggested, writing=blank_form())


def blank_form(
    *,
    text: str = "",
    visibility: Visibility = Visibility.PUBLIC,
    parent_id: int = 0,
    summary: str = "",
    error: str = "",
) -> dict[str, object]:
    """What the form for writing starts with; `error` is a key of the texts."""
    return {
        "text": text,
        "summary": summary,
        "visibility": visibility.value,
        "choices": [choice.value for choice in CHOICES],
        "parent_id": parent_id,
        "max_characters": STATUS_CHARACTERS,
        "error": error,
    }


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
