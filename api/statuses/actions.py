"""What people do with a status: favourite, boost, bookmark, pin, mute its conversation. Each a second time is nothing.

The answer is the status as it is after the action, with the flags that clients replace their copy by; for a boost it
is the wrapper, with what is boosted inside. Of a boost, what counts is what it boosts.
"""

from collections.abc import Awaitable, Callable

from sqlalchemy import func, select

from api.access import visible_original
from api.call import Call, Json
from api.endpoints import Endpoint
from api.errors import Forbidden, NotFound, Unprocessable
from api.schemas.posting import ReblogArgs
from api.statuses.posting import shown
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account, User
from models.statuses import Status
from models.visibility import Visibility
from outbox.interactions import publish_favourite, publish_unfavourite
from outbox.profile import publish_pin, publish_unpin
from outbox.statuses import publish_boost, publish_unboost
from policy.authority import may_boost
from policy.limits import PINNED_BY_ONE
from social.bookmarks import bookmark, unbookmark
from social.mutes import mute_conversation, unmute_conversation
from social.preferences import preferences_of

Verb = Callable[[Services, UnitOfWork, Account, Status], Awaitable[object]]


async def _act(call: Call, verb: Verb) -> Json:
    """Do it, and answer with the status as it is now."""
    async with call.database.unit_of_work() as unit:
        status = await visible_original(call, unit.session, call.id())
        me = await unit.session.get_one(Account, call.me.id)
        await verb(call.services, unit, me, status)
    return await shown(call, status.id)


async def favourite_status(call: Call) -> Json:
    """Favourite a status."""
    return await _act(call, publish_favourite)


async def unfavourite_status(call: Call) -> Json:
    """Undo a favourite."""
    return await _act(call, publish_unfavourite)


async def reblog_status(call: Call) -> Json:
    """Boost a status; the answer is the boost."""
    async with call.database.unit_of_work() as unit:
        status = await visible_original(call, unit.session, call.id())
        me = await unit.session.get_one(Account, call.me.id)
        if not may_boost(me, status):
            raise Forbidden
        word = call.args.get("visibility")
        if word is None:
            preferences = preferences_of(await unit.session.get_one(User, call.user_id))
            word = preferences.visibility_for(is_locked=me.is_locked)
        visibility = Visibility(word) if word != Visibility.DIRECT else Visibility.PRIVATE
        boost = await publish_boost(call.services, unit, me, status, visibility=visibility)
    return await shown(call, boost.id)


async def unreblog_status(call: Call) -> Json:
    """Undo a boost; the answer is what was boosted."""
    return await _act(call, publish_unboost)


async def bookmark_status(call: Call) -> Json:
    """Bookmark a status."""
    return await _act(call, _bookmark)


async def unbookmark_status(call: Call) -> Json:
    """Undo a bookmark."""
    return await _act(call, _unbookmark)


async def mute_status(call: Call) -> Json:
    """Mute the conversation of a status: no more notifications from it."""
    return await _act(call, _mute)


async def unmute_status(call: Call) -> Json:
    """Unmute the conversation of a status."""
    return await _act(call, _unmute)


async def pin_status(call: Call) -> Json:
    """Pin a status of one's own to the profile."""
    return await _act(call, _pin)


async def unpin_status(call: Call) -> Json:
    """Take a pinned status off the profile."""
    return await _act(call, publish_unpin)


async def translate_status(call: Call) -> Json:
    """Translate a status; there is no translation service here."""
    async with call.database.reading() as session:
        status = await visible_original(call, session, call.id())
    if not Visibility(status.visibility).is_public:
        raise Forbidden
    raise NotFound("There is no translation service here")


async def _bookmark(_services: Services, unit: UnitOfWork, me: Account, status: Status) -> None:
    await bookmark(unit, me, status)


async def _unbookmark(_services: Services, unit: UnitOfWork, me: Account, status: Status) -> None:
    await unbookmark(unit, me, status)


async def _mute(_services: Services, unit: UnitOfWork, me: Account, status: Status) -> None:
    await mute_conversation(unit, me, status)


async def _unmute(_services: Services, unit: UnitOfWork, me: Account, status: Status) -> None:
    await unmute_conversation(unit, me, status)


async def _pin(services: Services, unit: UnitOfWork, me: Account, status: Status) -> None:
    if status.account_id != me.id:
        raise Unprocessable("Validation failed: Someone else's post cannot be pinned")
    if status.visibility in (Visibility.DIRECT, Visibility.LIMITED):
        raise Unprocessable("Validation failed: Posts that are only visible to mentioned users cannot be pinned")
    if status.pinned_at is not None:
        return
    pinned = await unit.session.scalar(
        select(func.count()).where(Status.account_id == me.id, Status.pinned_at.is_not(None))
    )
    if (pinned or 0) >= PINNED_BY_ONE:
        raise Unprocessable("Validation failed: You have already pinned the maximum number of posts")
    await publish_pin(services, unit, me, status)


_ACTIONS = (
    ("favourite", favourite_status, "write:favourites"),
    ("unfavourite", unfavourite_status, "write:favourites"),
    ("unreblog", unreblog_status, "write:statuses"),
    ("bookmark", bookmark_status, "write:bookmarks"),
    ("unbookmark", unbookmark_status, "write:bookmarks"),
    ("mute", mute_status, "write:mutes"),
    ("unmute", unmute_status, "write:mutes"),
    ("pin", pin_status, "write:accounts"),
    ("unpin", unpin_status, "write:accounts"),
    ("translate", translate_status, "read:statuses"),
)
ENDPOINTS = (
    Endpoint("POST", "/api/v1/statuses/{id}/reblog", reblog_status, scope="write:statuses", args=ReblogArgs,
             returns="StatusEntity", limit="posts"),
    *(
        Endpoint("POST", f"/api/v1/statuses/{{id}}/{name}", handler, scope=scope, returns="StatusEntity")
        for name, handler, scope in _ACTIONS
    ),
)  # fmt: skip
