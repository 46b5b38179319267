"""What there is around a status: its thread, its source, its history, and a status that is still to come."""

from marshmallow import fields, validate

from api.answers.accounts import AccountEntity, EmojiEntity
from api.answers.fields import Entity, IdString, Timestamp, list_of, nested, nullable, required
from api.answers.media import MediaEntity
from api.answers.statuses import StatusEntity
from api.schemas.posting import POSTED_VISIBILITIES, QUOTE_POLICIES


class ContextEntity(Entity):
    """The thread of a status: `descendants` depth first, oldest first."""

    ancestors = list_of(StatusEntity)
    descendants = list_of(StatusEntity)


class StatusSourceEntity(Entity):
    """A status as it was typed."""

    id = required(IdString)
    text = required(fields.String)
    spoiler_text = required(fields.String)
    content_type = required(fields.String)


class PollTitleEntity(Entity):
    """An option of a former poll."""

    title = required(fields.String)


class FormerPollEntity(Entity):
    """A poll in the history: the options alone."""

    options = list_of(PollTitleEntity)


class StatusEditEntity(Entity):
    """How a status read from `created_at` on; `poll` where there was one."""

    content = required(fields.String)
    spoiler_text = required(fields.String)
    sensitive = required(fields.Boolean)
    created_at = required(Timestamp)
    account = nested(AccountEntity)
    media_attachments = list_of(MediaEntity)
    emojis = list_of(EmojiEntity)
    poll = fields.Nested(FormerPollEntity)


class ScheduledPollEntity(Entity):
    """The poll of a scheduled status."""

    options = list_of(fields.String())
    expires_in = required(fields.Integer)
    multiple = required(fields.Boolean)
    hide_totals = required(fields.Boolean)


class ScheduledParamsEntity(Entity):
    """What will be posted."""

    text = required(fields.String)
    content_type = required(fields.String)
    spoiler_text = nullable(fields.String)
    visibility = required(fields.String, validate=validate.OneOf(POSTED_VISIBILITIES))
    sensitive = required(fields.Boolean)
    language = nullable(fields.String)
    local_only = required(fields.Boolean)
    in_reply_to_id = nullable(IdString)
    community_id = nullable(IdString)
    quoted_status_id = nullable(IdString)
    quote_approval_policy = nullable(fields.String, validate=validate.OneOf(QUOTE_POLICIES))
    media_ids = fields.List(IdString(), required=True, allow_none=True)
    poll = nested(ScheduledPollEntity, allow_none=True)
    application_id = nullable(fields.Integer)
    idempotency = nullable(fields.String)
    scheduled_at = nullable(fields.String)
    with_rate_limit = required(fields.Boolean)


class ScheduledStatusEntity(Entity):
    """ScheduledStatus."""

    id = required(IdString)
    scheduled_at = required(Timestamp)
    params = nested(ScheduledParamsEntity)
    media_attachments = list_of(MediaEntity)
