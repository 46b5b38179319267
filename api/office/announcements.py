"""Announcements: what everybody in the office should know, to be put away and answered with an emoji."""

from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.entities.announcement import announcement_entities
from api.errors import NotFound, Unprocessable
from api.schemas.fields import Args, Flag
from models import UnitOfWork
from models.office import Announcement
from social.announcements import AnnouncementRefused, dismiss, get_announcement, load_announcements, react, unreact


class AnnouncementsArgs(Args):
    """Whether those that were put away are wanted too."""

    with_dismissed = Flag(load_default=False)


async def get_announcements(call: Call) -> list[Json]:
    """What is announced now, by when it begins; what was put away only with `with_dismissed`."""
    now = call.services.clock()
    async with call.database.reading() as session:
        shown = await load_announcements(session, call.me.id, now, with_dismissed=call.args["with_dismissed"])
        return await announcement_entities(call.api, session, shown)


async def post_dismiss(call: Call) -> Json:
    """Put an announcement away."""
    async with call.database.unit_of_work() as unit:
        await dismiss(unit, await _announcement(call, unit), call.me)
    return {}


async def put_reaction(call: Call) -> Json:
    """Set an emoji, a character or the shortcode of one of ours, under an announcement: of eight kinds at most."""
    try:
        async with call.database.unit_of_work() as unit:
            await react(unit, await _announcement(call, unit), call.me, call.path("name"))
    except AnnouncementRefused as error:
        raise Unprocessable(f"Validation failed: {error}") from error
    return {}


async def delete_reaction(call: Call) -> Json:
    """Take one's emoji back."""
    async with call.database.unit_of_work() as unit:
        await unreact(unit, await _announcement(call, unit), call.me, call.path("name"))
    return {}


async def _announcement(call: Call, unit: UnitOfWork) -> Announcement:
    found = await get_announcement(unit.session, call.id(), unit.now)
    if found is None or "\0" in call.request.match_info.get("name", ""):
        raise NotFound
    return found


ENDPOINTS = (
    Endpoint("GET", "/api/v1/announcements", get_announcements, args=AnnouncementsArgs,
             returns=many("AnnouncementEntity")),
    Endpoint("POST", "/api/v1/announcements/{id}/dismiss", post_dismiss, scope="write:accounts"),
    Endpoint("PUT", "/api/v1/announcements/{id}/reactions/{name}", put_reaction, scope="write:favourites"),
    Endpoint("DELETE", "/api/v1/announcements/{id}/reactions/{name}", delete_reaction, scope="write:favourites"),
)  # fmt: skip
