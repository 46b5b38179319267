"""What somebody wants to be told of whom; it holds for what happens from now on.

The first betas of 4.3 knew only yes and no for each part (v1); an app that still speaks so turns `filter` on and off
and leaves `drop` as it is.
"""

from dataclasses import asdict

from api.call import Call, Json
from api.endpoints import Endpoint
from api.entities.notification import old_policy_entity, policy_entity
from api.schemas.notifications import OldPolicyArgs, PolicyArgs
from policy.notifications import POLICY_FIELDS, Policy
from social.notification_requests import change_policy, load_policy, pending_counts


async def get_policy(call: Call) -> Json:
    """Get the filtering policy for notifications."""
    return policy_entity(*await _read(call))


async def get_old_policy(call: Call) -> Json:
    """Get the filtering policy for notifications, in the shape of the first betas of 4.3."""
    return old_policy_entity(*await _read(call))


async def update_policy(call: Call) -> Json:
    """Update the filtering policy for notifications."""
    return policy_entity(*await _change(call, call.args))


async def update_policy_by_put(call: Call) -> Json:
    """Update the filtering policy for notifications: some apps say PUT."""
    return await update_policy(call)


async def update_old_policy(call: Call) -> Json:
    """Update the filtering policy for notifications, in the shape of the first betas of 4.3."""
    async with call.database.reading() as session:
        present = asdict(await load_policy(session, call.me.id))
    changes = {}
    for name in POLICY_FIELDS:
        wanted = call.args.get(name.replace("for_", "filter_"))
        if wanted is not None and wanted != (present[name] != "accept"):
            changes[name] = "filter" if wanted else "accept"
    return old_policy_entity(*await _change(call, changes))


async def _read(call: Call) -> tuple[Policy, tuple[int, int]]:
    async with call.database.reading() as session:
        return await load_policy(session, call.me.id), await pending_counts(session, call.me.id)


async def _change(call: Call, changes: dict[str, str]) -> tuple[Policy, tuple[int, int]]:
    async with call.database.unit_of_work() as unit:
        policy = await change_policy(unit, call.me.id, changes)
        return policy, await pending_counts(unit.session, call.me.id)


READ, WRITE = "read:notifications", "write:notifications"
NEW, OLD = "/api/v2/notifications/policy", "/api/v1/notifications/policy"
ENDPOINTS = (
    Endpoint("GET", NEW, get_policy, scope=READ, returns="PolicyEntity"),
    Endpoint("PATCH", NEW, update_policy, scope=WRITE, args=PolicyArgs, returns="PolicyEntity"),
    Endpoint("PUT", NEW, update_policy_by_put, scope=WRITE, args=PolicyArgs, returns="PolicyEntity"),
    Endpoint("GET", OLD, get_old_policy, scope=READ, returns="OldPolicyEntity"),
    Endpoint("PUT", OLD, update_old_policy, scope=WRITE, args=OldPolicyArgs, returns="OldPolicyEntity"),
)
