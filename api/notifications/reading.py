"""Notifications one by one (v1): newest first, paged by their ids.

Held back ones are left out unless `include_filtered` or `account_id` asks for them. What is about a status that is
gone, or not for the viewer's eyes any more, is left out too: clients take it for granted that the status is there.
"""

from sqlalchemy import delete, func, select

from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.errors import NotFound
from api.notifications.loading import notification_entities
from api.notifications.pages import notification_page
from api.notifications.queries import unread
from api.pagination import Page
from api.schemas.notifications import CountArgs, NotificationPageArgs, OldDismissArgs
from models.feeds import Notification


async def get_notifications(call: Call) -> Page:
    """Get all notifications, of certain types or of one account."""
    return await notification_page(call)


async def get_notification(call: Call) -> Json:
    """Get a single notification."""
    async with call.database.reading() as session:
        found = await notification_entities(call.api, session, [call.id()], call.me)
    if not found:
        raise NotFound
    return found[0]


async def get_unread_count(call: Call) -> Json:
    """Get the number of unread notifications: those after the marker, up to `limit`."""
    query = unread(call, [Notification.id]).limit(call.args["limit"])
    async with call.database.reading() as session:
        count = await session.scalar(select(func.count()).select_from(query.subquery()))
    return {"count": count or 0}


async def clear_notifications(call: Call) -> Json:
    """Dismiss all notifications."""
    async with call.database.unit_of_work() as unit:
        await unit.session.execute(delete(Notification).where(Notification.account_id == call.me.id))
    return {}


async def dismiss_notification(call: Call) -> Json:
    """Dismiss a single notification."""
    return await _dismiss(call, call.id())


async def dismiss_notification_by_argument(call: Call) -> Json:
    """Dismiss a single notification, named in the body: how old apps do it."""
    return await _dismiss(call, call.args["id"])


async def _dismiss(call: Call, notification_id: int) -> Json:
    statement = delete(Notification).where(
        Notification.id == notification_id, Notification.account_id == call.me.id
    )  # fmt: skip
    async with call.database.unit_of_work() as unit:
        if await unit.session.scalar(statement.returning(Notification.id)) is None:
            raise NotFound
    return {}


READ, WRITE = "read:notifications", "write:notifications"
ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/v1/notifications",
        get_notifications,
        scope=READ,
        args=NotificationPageArgs,
        returns=many("NotificationEntity"),
        is_kept=True,
    ),
    Endpoint("GET", "/api/v1/notifications/{id:[0-9]+}", get_notification, scope=READ, returns="NotificationEntity"),
    Endpoint("POST", "/api/v1/notifications/{id:[0-9]+}/dismiss", dismiss_notification, scope=WRITE),
    Endpoint("POST", "/api/v1/notifications/clear", clear_notifications, scope=WRITE),
    Endpoint(
        "POST", "/api/v1/notifications/dismiss", dismiss_notification_by_argument, scope=WRITE, args=OldDismissArgs
    ),
    Endpoint(
        "GET",
        "/api/v1/notifications/unread_count",
        get_unread_count,
        scope=READ,
        args=CountArgs,
        returns="CountEntity",
    ),
)
