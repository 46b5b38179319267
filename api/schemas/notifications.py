"""What requests may say about notifications, their groups, policy, requests and push subscriptions."""

from typing import Any

from marshmallow import fields

from api.schemas.fields import AccountPageArgs, Args, Flag, Id, PageArgs, Several, Text, Whole, ids, one_of
from policy.notifications import KINDS, POLICY_FIELDS

ANSWERS = ("accept", "filter", "drop")
PUSH_POLICIES = ("all", "followed", "follower", "none")
MAX_ENDPOINT_CHARACTERS = 2_000
MAX_KEY_CHARACTERS = 200


class KindsArgs(Args):
    """Which types: unknown ones are passed over."""

    types = Several(Text(50), most=50)
    exclude_types = Several(Text(50), most=50, load_default=list)
    account_id = Id()
    include_filtered = Flag(load_default=False)


class NotificationPageArgs(KindsArgs, PageArgs):
    """A page of notifications: 40 by default, 80 at most."""

    limit = Whole(1, 80, load_default=40)


class GroupArgs(Args):
    """How notifications are grouped, and how much is said of those who caused them."""

    grouped_types = Several(Text(50), most=50)
    expand_accounts = one_of("full", "partial_avatars", load_default="full")


class GroupPageArgs(GroupArgs, NotificationPageArgs):
    """A page of groups."""


class CountArgs(KindsArgs):
    """How far to count: 100 by default, 1000 at most."""

    limit = Whole(1, 1_000, load_default=100)


class GroupCountArgs(GroupArgs, CountArgs):
    """The same for groups."""


class GroupAccountsArgs(AccountPageArgs):
    """A page of the accounts of a group."""


class OldDismissArgs(Args):
    """The notification that is dismissed."""

    id = Id(required=True)


class PolicyArgs(Args):
    """What changes."""

    class Meta(Args.Meta):
        include: dict[str, fields.Field[Any]] = {name: one_of(*ANSWERS) for name in POLICY_FIELDS}  # noqa: RUF012


class OldPolicyArgs(Args):
    """What is held back from now on, or let through."""

    class Meta(Args.Meta):
        include: dict[str, fields.Field[Any]] = {  # noqa: RUF012
            name.replace("for_", "filter_"): Flag() for name in POLICY_FIELDS
        }


class SeveralRequestsArgs(Args):
    """Which requests."""

    id = ids(most=100, required=True)


class KeysArgs(Args):
    """The keys of RFC 8291, base64url."""

    p256dh = Text(MAX_KEY_CHARACTERS, required=True)
    auth = Text(MAX_KEY_CHARACTERS, required=True)


class DestinationArgs(Args):
    """Where to push, and how it is sealed."""

    endpoint = Text(MAX_ENDPOINT_CHARACTERS, required=True)
    keys = fields.Nested(KeysArgs, required=True)
    standard = Flag(load_default=False)


class AlertsArgs(Args):
    """Which types are wanted."""

    class Meta(Args.Meta):
        include: dict[str, fields.Field[Any]] = {kind: Flag() for kind in KINDS}  # noqa: RUF012


class WantedArgs(Args):
    """What is pushed."""

    alerts = fields.Nested(AlertsArgs, load_default=dict)
    policy = one_of(*PUSH_POLICIES)


class SubscribeArgs(Args):
    """A new subscription. Some clients put the policy beside `data`."""

    subscription = fields.Nested(DestinationArgs, required=True)
    data = fields.Nested(WantedArgs, load_default=dict)
    policy = one_of(*PUSH_POLICIES)


class ChangeSubscriptionArgs(Args):
    """What is pushed from now on."""

    data = fields.Nested(WantedArgs, load_default=dict)
    policy = one_of(*PUSH_POLICIES)
