"""Web Push: a notification on its way to one subscription (RFC 8030).

A job names a subscription and a notification. What is gone by now (either of them, the token, the status) is not sent.
The message is sealed for the subscription and posted through the guarded client, outside any transaction.

On failure: a push service that says the subscription is gone (404, 410), or refuses it for good (other 4xx), ends the
subscription; so does an address that we must not connect to. 408, 429, 5xx and an unreachable service raise, and the
job queue tries again with growing pauses; after two days, the time that a push service would keep it, nothing is sent.
"""

from datetime import timedelta
from typing import Any, Final, NamedTuple

import orjson
import structlog
from sqlalchemy import delete, select

from content.html import plain_text
from federation.client import AddressRefused, Response, origin_of
from federation.services import Services
from keys.keypairs import KeyRejected
from keys.web_push import MAX_MESSAGE_BYTES, check_receiver, seal_message
from models.accounts import Account, User
from models.feeds import Notification
from models.oauth import AccessToken, PushSubscription
from models.statuses import Status
from outbox.push_texts import push_title
from policy.visibility import visible_to

TTL: Final = timedelta(hours=48)
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
MAX_BODY_CHARACTERS: Final = 140
MAX_TITLE_CHARACTERS: Final = 200
_AGAIN: Final = frozenset({408, 425, 429})
_URGENT: Final = frozenset({"mention", "follow_request", "admin.report", "moderation_warning"})

_log = structlog.get_logger(__name__)


class PushFailed(Exception):
    """The push service didn't take it this time."""


class Push(NamedTuple):
    """All that is needed for one push."""

    subscription: PushSubscription
    notification: Notification
    sender: Account
    locale: str
    status: Status | None


async def send_push(services: Services, payload: dict[str, Any]) -> None:
    """Run a job of `social.push_subscriptions.queue_pushes`. Raises PushFailed or RemoteError to be run again."""
    push = await _load(services, int(payload["subscription_id"]), int(payload["notification_id"]))
    if push is None or services.clock() - push.notification.created_at > TTL:
        return
    try:
        answer = await _post(services, push)
    except (AddressRefused, KeyRejected) as error:
        _log.info("a push subscription can't be served", subscription=push.subscription.id, error=str(error))
        await _end(services, push.subscription.id)
        return
    if 200 <= answer.status < 300:
        return
    if 400 <= answer.status < 500 and answer.status not in _AGAIN:
        _log.info("a push service ended a subscription", subscription=push.subscription.id, status=answer.status)
        await _end(services, push.subscription.id)
        return
    raise PushFailed(f"the push service answered {answer.status}")


async def _load(services: Services, subscription_id: int, notification_id: int) -> Push | None:
    query = (
        select(PushSubscription, Notification, Account, User.locale, Status)
        .join(AccessToken, AccessToken.id == PushSubscription.token_id)
        .join(User, User.id == AccessToken.user_id)
        .join(Notification, Notification.account_id == PushSubscription.account_id)
        .join(Account, Account.id == Notification.from_account_id)
        .outerjoin(Status, Status.id == Notification.status_id)
        .where(PushSubscription.id == subscription_id, Notification.id == notification_id)
        .where(AccessToken.revoked_at.is_(None), User.disabled_at.is_(None))
        .where(Account.suspended_at.is_(None), Account.gone_at.is_(None))
    )
    async with services.database.reading() as session:
        row = (await session.execute(query)).first()
        if row is None:
            return None
        push = Push(*row)
        if push.status is not None:
            may_see = select(Status.id).where(Status.id == push.status.id, visible_to(push.notification.account_id))
            if await session.scalar(may_see) is None:
                return None
    return push


async def _post(services: Services, push: Push) -> Response:
    subscription = push.subscription
    receiver = check_receiver(subscription.p256dh, subscription.auth)
    sealed = seal_message(message_of(services, push), receiver, is_standard=subscription.is_standard)
    headers = services.push.headers(audience_of(subscription.endpoint), services.clock(), sealed)
    headers["TTL"] = str(int(TTL.total_seconds()))
    headers["Urgency"] = "high" if push.notification.kind in _URGENT else "normal"
    return await services.client.post(subscription.endpoint, sealed.body, headers)


def audience_of(endpoint: str) -> str:
    """The origin of a push service as RFC 8292 wants it. Raises AddressRefused for what is no address."""
    scheme, host, port = origin_of(endpoint)
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" if port == DEFAULT_PORTS.get(scheme) else f"{scheme}://{shown}:{port}"


def message_of(services: Services, push: Push) -> bytes:
    """The JSON that the client decodes: the fields of Mastodon's, `notification_id` as a number."""
    subscription, notification, sender, locale, status = push
    name = sender.display_name or sender.username
    text = (status.summary or plain_text(status.content_html)) if status is not None else plain_text(sender.note_html)
    message = {
        "access_token": services.push.open_token(subscription.token_sealed, account_id=subscription.account_id),
        "preferred_locale": locale,
        "notification_id": notification.id,
        "notification_type": notification.kind,
        "icon": services.media_addresses.proxied_or_none(sender.avatar_url) or services.addresses.default_avatar,
        "title": _cut(push_title(locale, notification.kind, name), MAX_TITLE_CHARACTERS),
        "body": _cut(text, MAX_BODY_CHARACTERS),
    }
    data = orjson.dumps(message)
    return data if len(data) <= MAX_MESSAGE_BYTES else orjson.dumps({**message, "icon": "", "title": "", "body": ""})


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


async def _end(services: Services, subscription_id: int) -> None:
    async with services.database.unit_of_work() as unit:
        await unit.session.execute(delete(PushSubscription).where(PushSubscription.id == subscription_id))
