"""Notifications, their groups, policy, requests and push subscriptions (Mastodon 4.5)."""

from typing import Any

from marshmallow import fields, validate

from api.answers.accounts import AccountEntity
from api.answers.fields import Address, Entity, IdString, Timestamp, list_of, nested, required
from api.answers.reports import ReportEntity
from api.answers.statuses import StatusEntity
from api.schemas.fields import one_of
from api.schemas.notifications import ANSWERS, PUSH_POLICIES
from policy.notifications import COMMUNITY_KINDS, KINDS


def _kind() -> fields.String:
    return fields.String(required=True, validate=validate.OneOf((*KINDS, *COMMUNITY_KINDS)))


class SeveranceEntity(Entity):
    """RelationshipSeveranceEvent."""

    id = required(IdString)
    type = fields.String(
        required=True, validate=validate.OneOf(("domain_block", "user_domain_block", "account_suspension"))
    )
    purged = required(fields.Boolean)
    target_name = required(fields.String)
    followers_count = required(fields.Integer)
    following_count = required(fields.Integer)
    created_at = required(Timestamp)


class WarningEntity(Entity):
    """AccountWarning."""

    id = required(IdString)
    action = required(fields.String)
    text = required(fields.String)
    status_ids = list_of(IdString())
    target_account = nested(AccountEntity)
    appeal = fields.Raw(required=True, allow_none=True)
    created_at = required(Timestamp)


class NotificationEntity(Entity):
    """Notification; what it is about is there for the types that have it."""

    id = required(IdString)
    type = _kind()
    created_at = required(Timestamp)
    group_key = required(fields.String)
    account = nested(AccountEntity)
    status = nested(StatusEntity, required=False)
    report = nested(ReportEntity, required=False)
    event = nested(SeveranceEntity, required=False)
    moderation_warning = nested(WarningEntity, required=False)
    community_id = IdString()
    filtered = fields.Boolean()


class PartialAccountEntity(Entity):
    """PartialAccountWithAvatar."""

    id = required(IdString)
    acct = required(fields.String)
    locked = required(fields.Boolean)
    bot = required(fields.Boolean)
    url = required(Address)
    avatar = required(Address)
    avatar_static = required(Address)


class NotificationGroupEntity(Entity):
    """NotificationGroup; the page is there in lists."""

    group_key = required(fields.String)
    notifications_count = required(fields.Integer)
    type = _kind()
    most_recent_notification_id = required(fields.Integer)
    page_min_id = IdString()
    page_max_id = IdString()
    latest_page_notification_at = Timestamp()
    sample_account_ids = list_of(IdString())
    status_id = IdString()
    report = nested(ReportEntity, required=False)
    event = nested(SeveranceEntity, required=False)
    moderation_warning = nested(WarningEntity, required=False)
    community_id = IdString()


class GroupedNotificationsEntity(Entity):
    """GroupedNotificationsResults."""

    accounts = list_of(AccountEntity)
    partial_accounts = fields.List(fields.Nested(PartialAccountEntity))
    statuses = list_of(StatusEntity)
    notification_groups = list_of(NotificationGroupEntity)


class CountEntity(Entity):
    """How many are unread."""

    count = required(fields.Integer)


class MergedEntity(Entity):
    """Whether everything that was accepted is shown."""

    merged = required(fields.Boolean)


class PolicySummaryEntity(Entity):
    """NotificationPolicy.summary."""

    pending_requests_count = required(fields.Integer)
    pending_notifications_count = required(fields.Integer)


class PolicyEntity(Entity):
    """NotificationPolicy."""

    for_not_following = one_of(*ANSWERS, required=True)
    for_not_followers = one_of(*ANSWERS, required=True)
    for_new_accounts = one_of(*ANSWERS, required=True)
    for_private_mentions = one_of(*ANSWERS, required=True)
    for_limited_accounts = one_of(*ANSWERS, required=True)
    summary = nested(PolicySummaryEntity)


class OldPolicyEntity(Entity):
    """NotificationPolicy as the betas of 4.3 had it."""

    filter_not_following = required(fields.Boolean)
    filter_not_followers = required(fields.Boolean)
    filter_new_accounts = required(fields.Boolean)
    filter_private_mentions = required(fields.Boolean)
    filter_limited_accounts = required(fields.Boolean)
    summary = nested(PolicySummaryEntity)


class NotificationRequestEntity(Entity):
    """NotificationRequest."""

    id = required(IdString)
    created_at = required(Timestamp)
    updated_at = required(Timestamp)
    notifications_count = fields.String(required=True, validate=validate.Regexp(r"^\d{1,3}\Z"))
    account = nested(AccountEntity)
    last_status = nested(StatusEntity, allow_none=True)


class AlertsEntity(Entity):
    """WebPushSubscription.alerts: one word for each type."""

    class Meta(Entity.Meta):
        include: dict[str, fields.Field[Any]] = {kind: fields.Boolean(required=True) for kind in KINDS}  # noqa: RUF012


class SubscriptionEntity(Entity):
    """WebPushSubscription; its id is a number."""

    id = required(fields.Integer)
    endpoint = required(Address)
    standard = required(fields.Boolean)
    alerts = nested(AlertsEntity)
    policy = one_of(*PUSH_POLICIES, required=True)
    server_key = required(fields.String)
