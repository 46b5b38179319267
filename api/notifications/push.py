"""Where the notifications of an app are pushed: one subscription for each access token.

The endpoint has to be https and its keys usable, or it is refused; that it leads out of our network is checked again at
every push, where the connection is made. The access token is kept sealed beside it, because apps with several accounts
tell by it whose a push is.
"""

from collections.abc import Mapping
from typing import Any, Final

from api.call import Call, Json
from api.endpoints import Endpoint
from api.entities.notification import subscription_entity
from api.errors import NotFound, Unauthorized, invalid
from api.schemas.notifications import ChangeSubscriptionArgs, SubscribeArgs
from api.serving import presented_token
from federation.client import AddressRefused
from keys.keypairs import KeyRejected
from keys.web_push import check_receiver
from policy.notifications import KINDS
from social.push_subscriptions import Destination, subscribe, subscription_of, unsubscribe

SCOPE: Final = "push"
PATH: Final = "/api/v1/push/subscription"


async def get_subscription(call: Call) -> Json:
    """Get current subscription."""
    async with call.database.reading() as session:
        subscription = await subscription_of(session, _token_id(call))
    if subscription is None:
        raise NotFound
    return subscription_entity(subscription, call.services.push.public_key)


async def create_subscription(call: Call) -> Json:
    """Subscribe to push notifications; what this token had before is replaced."""
    wanted = _destination(call)
    async with call.database.unit_of_work() as unit:
        subscription = await subscribe(unit, _token_id(call), call.me.id, wanted)
    return subscription_entity(subscription, call.services.push.public_key)


async def change_subscription(call: Call) -> Json:
    """Change types of notifications."""
    async with call.database.unit_of_work() as unit:
        subscription = await subscription_of(unit.session, _token_id(call))
        if subscription is None:
            raise NotFound
        subscription.alerts = _alerts(call.args["data"])
        subscription.policy = _policy(call.args)
        await unit.session.flush()
    return subscription_entity(subscription, call.services.push.public_key)


async def remove_subscription(call: Call) -> Json:
    """Remove current subscription."""
    async with call.database.unit_of_work() as unit:
        await unsubscribe(unit, _token_id(call))
    return {}


def _token_id(call: Call) -> int:
    if call.bearer is None:
        raise Unauthorized
    return call.bearer.token_id


def _destination(call: Call) -> Destination:
    asked = call.args["subscription"]
    endpoint, p256dh, auth = asked["endpoint"].strip(), asked["keys"]["p256dh"], asked["keys"]["auth"]
    try:
        call.services.client.check_address(endpoint)
    except AddressRefused as error:
        raise invalid(
            "subscription[endpoint]", "is not an address that can be pushed to", code="ERR_INVALID"
        ) from error
    try:
        check_receiver(p256dh, auth)
    except KeyRejected as error:
        raise invalid("subscription[keys]", f"can't be used: {error}") from error
    token = presented_token(call.request) or ""
    return Destination(
        endpoint=endpoint,
        p256dh=p256dh,
        auth=auth,
        token_sealed=call.services.push.seal_token(token, account_id=call.me.id),
        is_standard=asked["standard"],
        alerts=_alerts(call.args["data"]),
        policy=_policy(call.args),
    )


def _alerts(data: Mapping[str, Any]) -> dict[str, bool]:
    """The wanted types; marshmallow makes a dictionary of a name with a dot."""
    found = data.get("alerts", {})
    alerts = {kind: found[kind] for kind in KINDS if isinstance(found.get(kind), bool)}
    administrative = found.get("admin", {})
    return alerts | {f"admin.{name}": value for name, value in administrative.items()}


def _policy(args: Mapping[str, Any]) -> str:
    return str(args["data"].get("policy") or args.get("policy") or "all")


ENDPOINTS = (
    Endpoint("POST", PATH, create_subscription, scope=SCOPE, args=SubscribeArgs, returns="SubscriptionEntity"),
    Endpoint("GET", PATH, get_subscription, scope=SCOPE, returns="SubscriptionEntity"),
    Endpoint("PUT", PATH, change_subscription, scope=SCOPE, args=ChangeSubscriptionArgs, returns="SubscriptionEntity"),
    Endpoint("DELETE", PATH, remove_subscription, scope=SCOPE),
)
